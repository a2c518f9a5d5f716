/* What this device does for whoever is signed in: keeps their pages for when there is no network, and nobody else's. */

import { leaveOnly, whose } from "./memory.js";

const PAGES = "pro-pages"; // as in sw.js
const worker = navigator.serviceWorker;

/** Nothing of the pages kept here stays. */
export async function forgetPages() {
  try {
    await caches.delete(PAGES);
  } catch {
    /* nothing was kept */
  }
}

/** Have these pages kept, unless they are: what was opened before the worker was there, or may be opened next. */
export async function keepPages(paths) {
  try {
    const { active } = await worker.ready;
    const kept = await Promise.all(paths.map((path) => caches.match(path, { cacheName: PAGES })));
    const wanted = paths.filter((_, nth) => !kept[nth]);
    if (wanted.length > 0) active.postMessage({ keep: wanted });
  } catch {
    /* a browser without caches, or one that keeps nothing */
  }
}

async function settle() {
  await leaveOnly(whose());
  if (!worker) return;
  try {
    await worker.register("/sw.js");
    if (matchMedia("(display-mode: standalone)").matches) await navigator.storage?.persist?.();
  } catch {
    return; // private mode
  }
  await keepPages([location.pathname]);
}

/** Signing out needs the server: without network nothing would end. */
async function signOut(event) {
  event.preventDefault();
  const form = event.target;
  if (!navigator.onLine) {
    form.querySelector("[role=alert]").textContent = form.dataset.offline;
    return;
  }
  await leaveOnly("");
  await forgetPages();
  form.submit();
}

document.querySelector("form[data-sign-out]")?.addEventListener("submit", signOut);
// a page that comes back from the browser's memory may show what has been sent since
window.addEventListener("pageshow", (event) => event.persisted && location.reload());
window.addEventListener("load", settle);
