// Comforts only: every page works without this file. It shows a PIN on request, writes times in the reader's own
// zone, takes pasted codes with spaces, and keeps an impatient second press from sending a form twice.
(function () {
  'use strict';
  document.querySelectorAll('.secret').forEach(function (box) {
    var input = box.querySelector('input');
    var button = document.createElement('button');
    button.type = 'button';
    button.className = 'second';
    button.setAttribute('aria-controls', input.id);
    function tell() {
      var shown = input.type === 'text';
      button.textContent = shown ? box.dataset.hide : box.dataset.show;
    }
    button.addEventListener('click', function () {
      input.type = input.type === 'text' ? 'password' : 'text';
      tell();
      input.focus();
    });
    // A shown PIN must not be remembered by the browser as ordinary text.
    if (input.form) input.form.addEventListener('submit', function () { input.type = 'password'; });
    tell();
    box.appendChild(button);
  });
  document.querySelectorAll('input.code').forEach(function (input) {
    input.addEventListener('input', function () {
      var digits = input.value.replace(/[\s-]/g, '');
      if (digits !== input.value) input.value = digits;
    });
  });
  document.querySelectorAll('[data-at]').forEach(function (el) {
    var t = new Date(el.dataset.at);
    var clock = { hour: '2-digit', minute: '2-digit', hour12: false };
    var own = t.toLocaleTimeString('en-GB', clock);
    clock.timeZone = 'Europe/Lisbon';
    if (own !== t.toLocaleTimeString('en-GB', clock)) el.textContent = ' (' + own + ' ' + el.dataset.words + ')';
  });
  document.querySelectorAll('form').forEach(function (form) {
    form.addEventListener('submit', function (event) {
      if (form.dataset.sent) { event.preventDefault(); return; }
      form.dataset.sent = '1';
      setTimeout(function () { delete form.dataset.sent; }, 4000);
    });
  });
  window.addEventListener('pageshow', function (event) {
    // Going back may bring a page out of the browser's memory as it was left, a typed PIN in it. Ask for it anew instead.
    if (event.persisted) { location.reload(); return; }
    document.querySelectorAll('form').forEach(function (form) { delete form.dataset.sent; });
  });
  document.querySelectorAll('[data-print]').forEach(function (button) {
    button.hidden = false;
    button.addEventListener('click', function () { window.print(); });
  });
  var go = document.querySelector('form[data-go]');
  if (go) go.submit();
})();
