/* The service worker sends what waits on this device when the browser says that there is a network again, also after the
last page was closed. Only browsers with Background Sync ask for it; docs/explanation/offline.md tells the rest. */

import { signedIn } from "./api.js";
import { carryOne } from "./carrier.js";
import { PREFIX, TAG, reading, waits } from "./memory.js";
import { all, inside, remove } from "./vault.js";

const PATIENCE = 60_000; // milliseconds to wait for the browser's own storage

self.addEventListener("sync", (event) => {
  if (event.tag === TAG) event.waitUntil(carry());
});

/** One assessment as the worker sees it: a Memory on IndexedDB alone. A page that writes meanwhile has the last word. */
class Entry {
  constructor({ key, ...kept }) {
    this.key = key;
    this.kept = JSON.stringify(kept);
    this.lasts = true;
    this.written = true;
  }

  read() {
    return reading(JSON.parse(this.kept));
  }

  change(edit) {
    const { at: before } = this.read();
    const kept = this.read();
    edit(kept);
    // half a step: newer than what it was made from, older than whatever a page has written since
    const now = { ...kept, at: Math.floor(before) + 0.5 };
    this.kept = JSON.stringify(now);
    this.written = swap({ key: this.key, ...now }, before);
  }

  async wished() {
    return (await this.stands()) && this.read().wish;
  }

  /** Has no page written since? */
  async stands() {
    await this.written;
    return (await kept(this.key))?.at === this.read().at;
  }

  forget() {
    return remove(this.key);
  }
}

/** Put `entry` in the place of the one written at `before`, unless somebody wrote since. */
function swap(entry, before) {
  const readThenPut = (store) => {
    const now = store.get(entry.key);
    now.onsuccess = () => {
      if (now.result?.at === before) store.put(entry);
    };
    return now;
  };
  return inside("readwrite", readThenPut, true);
}

/** Everything of whoever is signed in. Rejects where trying again may help: the browser then does, some minutes later. */
async function carry() {
  const found = await waiting();
  if (found.length === 0) return;
  const { status, person } = await signedIn();
  if (status !== 200) throw new Error("there is no network");
  // nobody's, where whoever gave them has to sign in again
  const theirs = found.filter((each) => each.person === person);
  const came = [];
  for (const { key } of theirs) came.push(await take(key));
  if (came.includes("later")) throw new Error("not everything was sent");
}

async function waiting() {
  return (await all(PATIENCE)).filter(waits);
}

async function kept(key) {
  return (await all(PATIENCE)).find((each) => each.key === key);
}

/** Once more where a page that was just closing wrote meanwhile. */
async function take(key, tries = 3) {
  const now = await kept(key);
  if (!now || !waits(now) || (await inView(key))) return "left";
  const entry = new Entry(now);
  const came = await carryOne(entry);
  return came === "sent" || tries === 1 || (await entry.stands()) ? came : take(key, tries - 1);
}

/** A page in view that sends this one by itself. */
async function inView(key) {
  const windows = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const senders = ["/my", `/my/assessments/${key.slice(PREFIX.length)}`];
  return windows.some((one) => one.visibilityState === "visible" && senders.includes(new URL(one.url).pathname));
}
