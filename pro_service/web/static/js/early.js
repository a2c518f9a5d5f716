/* Runs before the first paint: one question at a time where modules work, the plain long form where they do not. */
(function () {
  "use strict";
  var root = document.documentElement;
  if (!("noModule" in document.createElement("script"))) return;
  root.className += " scripted";
  function plain() {
    if (!root.dataset.ready) root.classList.remove("scripted");
  }
  window.addEventListener("error", plain, true);
  window.addEventListener("unhandledrejection", plain);
})();
