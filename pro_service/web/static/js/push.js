/* The button that lets messages come to this device. Without script, or where the browser cannot, it is not there.

A device takes the messages of one person. Each time it subscribes anew: an address of before may belong to another key,
or to whoever held this phone then. Its push service calls that one gone, and so the server forgets it.
*/

import { call } from "./api.js";
import { installed } from "./device.js";
import { whose } from "./memory.js";

const card = document.querySelector("#push");
const MINE = "/api/v1/me";
const HERE = "pro-push"; // whose messages come to this device; kept apart from answers

if (card && "serviceWorker" in navigator && "PushManager" in window) {
  card.hidden = false;
  const button = card.querySelector("button");
  const said = card.querySelector("[role=status]");
  button.addEventListener("click", async () => {
    button.disabled = true;
    const done = await subscribed();
    const refused = !done && Notification.permission === "denied";
    said.textContent = done ? card.dataset.done : refused ? card.dataset.refused : card.dataset.failed;
    button.disabled = false;
  });
  if (![null, whose()].includes(owner())) silence().catch(() => {});
}

/** Asks the browser, then tells the server; false where either says no. */
async function subscribed() {
  try {
    const worker = await installed();
    await silence();
    const key = bytes(card.dataset.key);
    const subscription = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
    const kept = await call("PUT", `${MINE}/push-subscription`, subscription.toJSON());
    if (kept.status !== 204) return false;
    owner(whose());
    return (await call("PATCH", `${MINE}/preferences`, { channel: "webpush" })).status === 200;
  } catch {
    return false; // the person said no, or the browser cannot reach its push service
  }
}

/** From now on no message reaches this device. */
async function silence() {
  const worker = await navigator.serviceWorker.getRegistration("/");
  const subscription = await worker?.pushManager.getSubscription();
  await subscription?.unsubscribe();
}

/** Whose messages come here, as far as is known; null for nobody's. */
function owner(mark) {
  try {
    if (mark) localStorage.setItem(HERE, mark);
    return localStorage.getItem(HERE);
  } catch {
    return null; // private mode
  }
}

function bytes(base64url) {
  return Uint8Array.from(atob(base64url.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
}
