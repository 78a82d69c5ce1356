// Adds copy buttons. Without script the same texts are selected whole by one click.
(function () {
  "use strict";
  if (!navigator.clipboard) return;
  var words = document.body.dataset;
  document.querySelectorAll("code[data-copy], pre[data-copy]").forEach(function (source) {
    var button = document.createElement("button");
    var label = source.closest("div").querySelector("dt");
    button.type = "button";
    button.className = "copy";
    button.textContent = words.copy;
    if (label) button.setAttribute("aria-label", words.copy + ": " + label.textContent);
    button.addEventListener("click", function () {
      navigator.clipboard.writeText(source.textContent).then(function () {
        button.textContent = words.copied;
        setTimeout(function () { button.textContent = words.copy; }, 1500);
      });
    });
    source.after(button);
  });
})();
