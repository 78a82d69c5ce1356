// Adds copy buttons. Without script the same texts are selected whole by one click.
(function () {
  "use strict";
  if (!navigator.clipboard) return;
  var words = document.body.dataset;
  document.querySelectorAll("code[data-copy], pre[data-copy]").forEach(function (source) {
    var button = document.createElement("button");
    var label = source.closest("div").querySelector("dt");
    var name = source.dataset.copy || (label && label.textContent);
    button.type = "button";
    button.className = "copy";
    button.textContent = words.copy;
    if (name) button.setAttribute("aria-label", words.copy + ": " + name);
    button.addEventListener("click", function () {
      navigator.clipboard.writeText(source.textContent).then(function () {
        button.textContent = words.copied;
        setTimeout(function () { button.textContent = words.copy; }, 1500);
      });
    });
    source.after(button);
  });
})();
