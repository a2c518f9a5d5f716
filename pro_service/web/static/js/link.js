/* Pressing Begin takes the link, which is as good as a key, out of the browser's history. */

const form = document.querySelector("form[data-begin]");
form.addEventListener("submit", () => {
  history.replaceState(null, "", form.dataset.begin);
});
