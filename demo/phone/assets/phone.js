// Keeps the phone up to date and adds copy buttons. Everything it does has a way without it: the
// refresh link, and codes that a double click selects whole.
(function () {
  "use strict";
  var desk = document.getElementById("desk");
  var news = document.getElementById("news");

  function addCopyButtons() {
    var list = desk.querySelector(".bubbles");
    if (!list || !navigator.clipboard) return;
    desk.querySelectorAll(".big output").forEach(function (code) {
      var button = document.createElement("button");
      button.type = "button";
      button.className = "copy";
      button.textContent = list.dataset.copy;
      button.addEventListener("click", function () {
        navigator.clipboard.writeText(code.textContent).then(function () {
          button.textContent = list.dataset.copied;
          setTimeout(function () { button.textContent = list.dataset.copy; }, 1500);
        });
      });
      code.after(button);
    });
  }

  function showLive(on) {
    var mark = desk.querySelector(".live");
    if (mark) mark.hidden = !on;
  }

  var loading = false, again = false;
  function reload() {
    if (loading) { again = true; return; }
    loading = true;
    fetch(location.href, { headers: { Accept: "text/html" } }).then(function (r) {
      if (!r.ok) throw new Error(r.status);
      return r.text();
    }).then(function (html) {
      var fresh = new DOMParser().parseFromString(html, "text/html").getElementById("desk");
      var before = desk.querySelectorAll(".bubble").length;
      var focused = document.activeElement && document.activeElement.closest("#desk a");
      var href = focused && focused.getAttribute("href");
      desk.replaceChildren.apply(desk, Array.from(fresh.childNodes));
      if (href) {
        var same = Array.from(desk.querySelectorAll("a")).find(function (a) { return a.getAttribute("href") === href; });
        if (same) same.focus();
      }
      addCopyButtons();
      showLive(true);
      if (desk.querySelectorAll(".bubble").length > before) {
        desk.querySelector(".bubble").classList.add("new");
        news.textContent = news.dataset.arrived;
        setTimeout(function () { news.textContent = ""; }, 4000);
      }
    }).catch(function () { showLive(false); }).finally(function () {
      loading = false;
      if (again) { again = false; reload(); }
    });
  }

  addCopyButtons();
  var stream = new EventSource("/events");
  var opened = false;
  stream.addEventListener("open", function () {
    showLive(true);
    // After a break something may have been missed.
    if (opened) reload();
    opened = true;
  });
  stream.addEventListener("error", function () { showLive(false); });
  stream.addEventListener("changed", reload);
})();
