/* How this person wants the page: text size, and what leads on. It holds at once, and is kept with their preferences. */

import { call } from "./api.js";

/** -> {byTap}: does a tap lead on? True or false, as it is chosen now. */
export function heed(element) {
  const tap = element.querySelector("[name=moving_on]");
  const said = element.querySelector("[role=status]");

  element.addEventListener("change", async (event) => {
    const { name, value } = event.target;
    const choice = event.target === tap ? (tap.checked ? "tap" : "button") : value;
    if (name === "text_size") resize(choice);
    const { status } = await call("PATCH", "/api/v1/me/preferences", { [name]: choice });
    said.textContent = status === 200 ? element.dataset.kept : element.dataset.failed;
  });

  return {
    get byTap() {
      return tap.checked;
    },
  };
}

function resize(size) {
  document.documentElement.dataset.textSize = size;
  window.dispatchEvent(new Event("resize"));
}
