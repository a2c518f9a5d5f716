/* What this device remembers of one assessment until it has been sent. Works, for one visit, without storage too.

Per question what the server does not have yet; beside it what it has, so that a kept page can be brought up to date
without network. Two tabs may write at once: every change reads first, and touches no more than its own questions.

Once "Send" is pressed and the service worker may send, localStorage lets go: the worker cannot empty it.
*/

import { all, put, remove } from "./vault.js";

export const PREFIX = "pro-answers:";
export const TAG = "pro-answers"; // what the browser wakes the service worker for
const LONGEST = 100 * 24 * 3600_000; // milliseconds; longer than any window is open
const PATIENCE = 60_000; // milliseconds for what lies in the other place alone
const held = new Map(); // what localStorage could not take, or let go of: as long as this page is open

export class Memory {
  constructor(assessment, person = whose()) {
    this.key = PREFIX + assessment;
    this.person = person;
    this.lasts = true;
  }

  /**
   * -> {pending: {instrument: {item: {value, seen, left, other}}}, known: {instrument: {item: value}},
   *     revisions: {instrument: n}, progress: {answered, total} or null, wish: was "Send" pressed,
   *     languages: {instrument: the one it was shown in}}
   * `left`: values that were on their way to the server at some time; `other`: what another device answered.
   */
  read() {
    return reading(stored(this.key));
  }

  /** Change what is kept, in one go: `edit` is handed it to alter. */
  change(edit) {
    const kept = this.read();
    edit(kept);
    const at = Math.max(Date.now(), Math.floor(kept.at ?? 0) + 1); // later than the last one, also where a clock went back
    this.lasts = store(this.key, { ...kept, person: this.person, at });
    recall().then(() => this.#copy()); // before, it could cover what is still to be brought back
  }

  async #copy() {
    const now = stored(this.key);
    if (now && (await put({ key: this.key, ...now }))) letGo(this.key, now);
  }

  /** Was "Send" pressed, and no answer changed since, in any tab? */
  async wished() {
    return this.read().wish;
  }

  /** Resolves when nothing of it is left. */
  async forget() {
    await drop(this.key);
  }
}

export function reading(kept) {
  return { pending: {}, known: {}, revisions: {}, progress: null, wish: false, languages: {}, ...kept };
}

/** Is there anything for the server in it? */
export function waits({ pending = {}, wish = false, away = false }) {
  return wish || away || Object.keys(pending).length > 0;
}

/** The assessments of which something of this person's waits. */
export function waiting(person) {
  const theirs = keys().filter((key) => stored(key)?.person === person && waits(stored(key)));
  return theirs.map((key) => key.slice(PREFIX.length));
}

/** Have the browser wake the service worker when there is a network, should no page be open by then: background.js. */
export function wake() {
  navigator.serviceWorker?.ready.then(({ sync }) => sync?.register(TAG)).catch(() => {});
}

let recalled = null;

/** Bring back what localStorage has lost -> the keys of it. Whoever answers meanwhile does not wait for it. */
export function recall() {
  return (recalled ??= bringBack());
}

async function bringBack() {
  const before = Object.fromEntries(keys().map((key) => [key, stored(key)]));
  const away = keys().filter((key) => before[key]?.away);
  const entries = await all(away.length > 0 ? PATIENCE : undefined);
  const lost = entries.filter(({ key, at }) => (before[key]?.at ?? 0) < at);
  for (const { key, ...kept } of lost) {
    const now = since(before[key], stored(key), kept);
    store(key, now);
    letGo(key, now);
  }
  for (const key of away) if (stored(key)?.away) clear(key); // the worker has sent it
  return lost.map(({ key }) => key);
}

/** From here on the vault alone has it; our open tabs hold on to it. */
function letGo(key, kept) {
  if (!("SyncManager" in self) || !kept.wish || stored(key)?.at !== kept.at) return;
  store(key, { person: kept.person, at: kept.at - 1, away: true });
  held.set(key, JSON.stringify(kept));
}

self.addEventListener("storage", ({ key, oldValue, newValue }) => {
  if (key?.startsWith(PREFIX) && JSON.parse(newValue)?.away) held.set(key, oldValue);
});

/** What was kept, with the answers given between `before` and `now` on top. */
function since(before, now, kept) {
  const pending = { ...kept.pending };
  let wish = kept.wish;
  for (const [instrument, items] of Object.entries(now?.pending ?? {})) {
    const old = before?.pending?.[instrument] ?? {};
    for (const [item, given] of Object.entries(items).filter(([each, one]) => !same(one, old[each]))) {
      const left = [...(pending[instrument]?.[item]?.left ?? []), ...given.left];
      pending[instrument] = { ...pending[instrument], [item]: { ...given, left } };
      wish = false;
    }
  }
  return { ...kept, pending, wish, at: Math.max(kept.at, now?.at ?? 0) };
}

export function same(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Who is signed in on this page: a mark of theirs that says nothing about them; "" for nobody. */
export function whose() {
  return document.querySelector("meta[name=pro-person]")?.content ?? "";
}

/** What was sent already leaves this device, unless it is `person`'s; so does what others can never send any more. */
export async function leaveOnly(person) {
  await recall();
  await Promise.all(keys().map((key) => leave(key, stored(key) ?? {}, person)));
}

function leave(key, kept, person) {
  if (kept.person === person) return null; // however old: a clock that was wrong for a day is no reason to lose it
  const stale = Date.now() - (kept.at ?? Date.now()) > LONGEST;
  if (stale || !waits(kept)) return drop(key);
  if (kept.away) return null;
  const less = { ...kept, known: {}, progress: null };
  store(key, less);
  return put({ key, ...less });
}

function keys() {
  const written = attempt(() => Object.keys(localStorage)) ?? [];
  return [...new Set([...held.keys(), ...written])].filter((key) => key.startsWith(PREFIX));
}

/** The newest there is. */
export function stored(key) {
  const ours = JSON.parse(held.get(key) ?? null);
  const written = attempt(() => JSON.parse(localStorage.getItem(key)));
  return (ours?.at ?? -1) > (written?.at ?? -1) ? ours : written;
}

/** -> is it written? */
function store(key, value) {
  const words = JSON.stringify(value);
  held.set(key, words);
  const written = attempt(() => (localStorage.setItem(key, words), true));
  if (written) held.delete(key);
  return written ?? false;
}

function drop(key) {
  clear(key);
  return remove(key);
}

function clear(key) {
  held.delete(key);
  attempt(() => localStorage.removeItem(key));
}

/** localStorage may be full, or not there at all. */
function attempt(ask) {
  try {
    return ask();
  } catch {
    return null;
  }
}
