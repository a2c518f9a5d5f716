/* Runs before the first paint: one question at a time where modules work, the plain long form where they do not. What
somebody answers before the modules are there is noted down for them. */
(function () {
  "use strict";
  var root = document.documentElement;
  if (!("noModule" in document.createElement("script"))) return;
  root.className += " scripted";
  window.early = [];
  document.addEventListener("change", function (event) {
    if (!root.dataset.ready) window.early.push(event.target);
  });
  /* Only a script that failed counts: a picture that did not come changes nothing, and Firefox calls it an error that a
     module named for preloading is on its way already. */
  function plain(event) {
    var failed = event.target;
    if (failed !== window && failed.nodeName !== "SCRIPT") return;
    if (!root.dataset.ready) root.classList.remove("scripted");
  }
  window.addEventListener("error", plain, true);
  window.addEventListener("unhandledrejection", plain);
})();
