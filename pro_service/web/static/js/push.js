/* The button that lets messages come to this device. Without script, or where the browser cannot, it is not there. */

import { call } from "./api.js";

const card = document.querySelector("#push");
const MINE = "/api/v1/me";

if (card && "serviceWorker" in navigator && "PushManager" in window) {
  card.hidden = false;
  const button = card.querySelector("button");
  const said = card.querySelector("[role=status]");
  button.addEventListener("click", async () => {
    button.disabled = true;
    said.textContent = (await subscribed()) ? card.dataset.done : card.dataset.failed;
    button.disabled = false;
  });
}

/** Asks the browser, then tells the server; false where either says no. */
async function subscribed() {
  try {
    const worker = await navigator.serviceWorker.register("/sw.js");
    const key = bytes(card.dataset.key);
    const subscription = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
    const kept = await call("PUT", `${MINE}/push-subscription`, subscription.toJSON());
    if (kept.status !== 204) return false;
    return (await call("PATCH", `${MINE}/preferences`, { channel: "webpush" })).status === 200;
  } catch {
    return false; // the person said no, or the browser cannot reach its push service
  }
}

function bytes(base64url) {
  return Uint8Array.from(atob(base64url.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
}
