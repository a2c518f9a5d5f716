/* What this device does for whoever is signed in: keeps their pages for when there is no network, and nobody else's, and
has everything sent that waits. */

import { leaveOnly, waiting, wake, whose } from "./memory.js";

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

/** Our service worker; where the browser may wake it for a network, as a module, which can send: background.js. */
export async function installed() {
  if ("SyncManager" in window) {
    try {
      return await worker.register("/sw.mjs", { type: "module" });
    } catch {
      /* a browser of before 2021 */
    }
  }
  return worker.register("/sw.js");
}

/** Send what waits of other questionnaires than those of this page, which sends its own. */
async function carry() {
  const here = [...document.querySelectorAll("[data-assessment]")].map(({ dataset }) => dataset.assessment);
  const others = waiting(whose()).filter((assessment) => !here.includes(assessment));
  if (!navigator.onLine || others.length === 0) return;
  const carrier = await import("./carrier.js");
  await carrier.carry(others);
}

async function settle() {
  await leaveOnly(whose());
  carry().catch(() => {}); // the next page tries again
  if (!worker) return;
  try {
    await installed();
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
document.addEventListener("visibilitychange", () => document.hidden && waiting(whose()).length > 0 && wake());
