/* What this device remembers of one assessment until it has been sent. Works, for one visit, without storage too.

Per question what the server does not have yet; beside it what it has, so that a kept page can be brought up to date
without network. Two tabs may write at once: every change reads first, and touches no more than its own questions.
*/

import { all, put, remove } from "./vault.js";

const PREFIX = "pro-answers:";
const LONGEST = 100 * 24 * 3600_000; // milliseconds; longer than any window is open

export class Memory {
  constructor(assessment, person = whose()) {
    this.key = PREFIX + assessment;
    this.person = person;
    this.lasts = true;
    this.own = {};
  }

  /**
   * -> {pending: {instrument: {item: {value, seen, left, other}}}, known: {instrument: {item: value}},
   *     revisions: {instrument: n}, progress: {answered, total} or null, wish: was "Send" pressed}
   * `left`: values that were on their way to the server at some time; `other`: what another device answered.
   */
  read() {
    const kept = this.lasts ? stored(this.key) : this.own;
    return { pending: {}, known: {}, revisions: {}, progress: null, wish: false, ...kept };
  }

  /** Change what is kept, in one go: `edit` is handed it to alter. */
  change(edit) {
    const kept = this.read();
    edit(kept);
    this.own = { ...kept, person: this.person, at: Date.now() };
    this.lasts = store(this.key, this.own);
    recall().then(() => this.#copy()); // before, it could cover what is still to be brought back
  }

  #copy() {
    const now = stored(this.key) ?? this.own;
    if (now.at) put({ key: this.key, ...now });
  }

  /** Resolves when nothing of it is left. */
  async forget() {
    this.own = {};
    await drop(this.key);
  }
}

let recalled = null;

/** Bring back what localStorage has lost -> the keys of it. Whoever answers meanwhile does not wait for it. */
export function recall() {
  return (recalled ??= bringBack());
}

async function bringBack() {
  const before = Object.fromEntries(keys().map((key) => [key, stored(key)]));
  const lost = (await all()).filter(({ key, at }) => (before[key]?.at ?? 0) < at);
  for (const { key, ...kept } of lost) store(key, since(before[key], stored(key), kept));
  return lost.map(({ key }) => key);
}

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

/** What was sent already leaves this device, unless it is `person`'s; so does whatever can never be sent any more. */
export async function leaveOnly(person) {
  await recall();
  await Promise.all(keys().map((key) => leave(key, stored(key) ?? {}, person)));
}

function leave(key, kept, person) {
  const waiting = Object.keys(kept.pending ?? {}).length > 0;
  const stale = Date.now() - (kept.at ?? Date.now()) > LONGEST;
  if (stale || (kept.person !== person && !waiting)) return drop(key);
  if (kept.person === person) return null;
  const less = { ...kept, known: {}, progress: null };
  store(key, less);
  return put({ key, ...less });
}

function drop(key) {
  store(key, null);
  return remove(key);
}

function keys() {
  try {
    return Object.keys(localStorage).filter((key) => key.startsWith(PREFIX));
  } catch {
    return [];
  }
}

function stored(key) {
  try {
    return JSON.parse(localStorage.getItem(key));
  } catch {
    return null;
  }
}

/** -> did it work? */
function store(key, value) {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, JSON.stringify(value));
    return true;
  } catch {
    return false; // private mode, or full
  }
}
