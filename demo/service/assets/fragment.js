// Chave's older door answers behind the "#" of the address, which browsers keep to themselves. This hands it to the service's
// server in a form, and takes it out of the address and the history first.
(function () {
  "use strict";
  var answer = new URLSearchParams(location.hash.slice(1));
  var form = document.getElementById("fragment");
  if (!form || !location.hash) return;
  history.replaceState(null, "", location.pathname);
  ["access_token", "token_type", "expires_in", "state", "error"].forEach(function (name) {
    var field = document.createElement("input");
    field.type = "hidden";
    field.name = name;
    field.value = answer.get(name) || "";
    form.appendChild(field);
  });
  form.submit();
})();
