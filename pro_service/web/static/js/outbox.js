/* Answers on their way: kept on this device first, sent in order, retried until the server has them. */

import { recall, same, wake } from "./memory.js";

const FIRST_PAUSE = 2_000; // milliseconds; doubles with every failure
const LONGEST_PAUSE = 60_000;
const COALESCE = 300; // arrow keys pass over answers: wait for the hand to rest
const OVER = { "already-submitted": "submitted", "window-closed": "closed", "not-open-yet": "closed" };

export class Outbox {
  /**
   * `revisions`: what the page knows, per instrument. `send(instrument, answers, revision, seen, options)` ->
   * {status, data}. `hear(state, detail)`: saving | saved | here | unsafe | signedOut | closed | submitted | refused |
   * conflict | merged. `tells`: can it show what was refused, at the question? Else that waits for a page that can.
   */
  constructor(memory, revisions, send, hear, { tells = true } = {}) {
    this.memory = memory;
    this.page = revisions;
    this.send = send;
    this.hear = hear;
    this.tells = tells;
    this.refused = new Set(); // questions not to be sent again from here
    this.pause = FIRST_PAUSE;
    this.busy = null;
    this.stopped = false;
    this.signedOut = false;
    this.singly = false; // one of several answers cannot be taken, and we do not know which
    this.resume();
  }

  /** Take up what this device remembers; again when more of it has been brought back. */
  resume() {
    const kept = this.memory.read();
    this.pending = kept.pending;
    this.revisions = { ...this.page };
    this.newer = {};
    for (const [instrument, revision] of Object.entries(kept.revisions)) this.#resume(instrument, revision, kept);
  }

  /** A page kept for want of network may be older than what this device knows: `newer` has it, per instrument. */
  #resume(instrument, revision, kept) {
    const page = this.revisions[instrument] ?? 0;
    if (revision > page) this.newer[instrument] = kept.known[instrument] ?? {};
    // An answer kept from an earlier visit was given on the revision known then: the server decides if it is stale.
    this.revisions[instrument] = instrument in this.pending ? revision : Math.max(revision, page);
  }

  get empty() {
    return Object.keys(this.pending).length === 0;
  }

  /** Questions that two devices answered differently: [{instrument, item, mine, other}]. */
  get conflicts() {
    return Object.entries(this.pending).flatMap(([instrument, items]) =>
      Object.entries(items)
        .filter(([, given]) => "other" in given)
        .map(([item, given]) => ({ instrument, item, mine: given.value, other: given.other })),
    );
  }

  /** Does something wait for whoever answers the questions? */
  get puzzled() {
    return this.refused.size > 0 || this.conflicts.length > 0;
  }

  /** Was "Send" pressed, and no answer changed since? */
  get wish() {
    return this.memory.read().wish;
  }

  set wish(pressed) {
    if (this.wish !== pressed) this.memory.change((kept) => (kept.wish = pressed));
  }

  put(instrument, item, value, seen) {
    if (this.stopped) return;
    const left = this.pending[instrument]?.[item]?.left ?? [];
    this.#keep(instrument, item, { value, ...(seen ? { seen } : {}), left });
    this.wish = false;
    this.hear(this.memory.lasts ? "saving" : "unsafe");
    this.#later(COALESCE);
  }

  /** The other device's answer is the right one. */
  giveWay(instrument, item) {
    const { other } = this.pending[instrument][item];
    this.memory.change((kept) => ((kept.known[instrument] ??= {})[item] = other));
    this.#drop(instrument, [item]);
    this.#later(COALESCE);
  }

  /** Ask about every question that two devices answered differently. */
  ask() {
    for (const each of this.conflicts) this.hear("conflict", each);
  }

  /** Resolves when nothing more can be done now; look at `empty` then. */
  flush() {
    clearTimeout(this.timer);
    this.busy ??= this.#sendAll().finally(() => (this.busy = null));
    return this.busy;
  }

  /** The page goes away: hand what is left to the browser. What does not arrive is still on this device. */
  farewell() {
    if (this.stopped) return;
    for (const instrument of Object.keys(this.pending)) {
      const items = this.#sendable(instrument);
      if (Object.keys(items).length > 0) this.#post(instrument, items, { lasting: true });
    }
  }

  stop() {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  #later(milliseconds) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), milliseconds);
  }

  #keep(instrument, item, given) {
    (this.pending[instrument] ??= {})[item] = given;
    this.memory.change((kept) => {
      (kept.pending[instrument] ??= {})[item] = given;
      kept.revisions[instrument] = this.revisions[instrument];
    });
  }

  /** Take questions out; from the memory too, unless another tab has put an answer there since. */
  #drop(instrument, items) {
    const ours = this.pending[instrument] ?? {};
    this.memory.change((kept) => {
      const theirs = kept.pending[instrument] ?? {};
      for (const item of items) if (same(theirs[item], ours[item])) delete theirs[item];
      if (Object.keys(theirs).length === 0) delete kept.pending[instrument];
      kept.revisions[instrument] = this.revisions[instrument];
    });
    for (const item of items) delete ours[item];
    if (Object.keys(ours).length === 0) delete this.pending[instrument];
  }

  #sendable(instrument) {
    const fine = ([item, given]) => !("other" in given) && !this.refused.has(`${instrument}.${item}`);
    return Object.fromEntries(Object.entries(this.pending[instrument]).filter(fine));
  }

  #post(instrument, items, options) {
    const answers = {};
    const seen = {};
    for (const [item, given] of Object.entries(items)) {
      answers[item] = given.value;
      if (given.seen) seen[item] = given.seen;
      if (!given.left?.includes(given.value)) this.#keep(instrument, item, leaving(given));
    }
    return this.send(instrument, answers, this.revisions[instrument], seen, options);
  }

  async #sendAll() {
    await recall();
    while (!this.stopped) {
      const instrument = Object.keys(this.pending).find((each) => Object.keys(this.#sendable(each)).length > 0);
      if (instrument === undefined) break;
      const sent = this.#next(instrument);
      const { status, data } = await this.#post(instrument, sent);
      this.signedOut = [401, 403, 404].includes(status);
      if (status === 200) this.#arrived(instrument, sent, data);
      else if (!this.#mended(instrument, sent, status, data)) return;
    }
    this.singly = false;
    if (this.empty && !this.stopped) this.hear("saved");
  }

  #next(instrument) {
    const sendable = Object.entries(this.#sendable(instrument));
    return Object.fromEntries(this.singly ? sendable.slice(0, 1) : sendable);
  }

  #arrived(instrument, sent, data) {
    this.pause = FIRST_PAUSE;
    this.revisions[instrument] = data.revision;
    this.memory.change((kept) => (kept.known[instrument] = data.answers ?? {}));
    this.#drop(instrument, this.#unchanged(instrument, sent));
    this.hear("merged", { instrument, answers: data.answers ?? {}, still: this.pending[instrument] ?? {} });
  }

  /** The questions whose answer is still the one that was sent. */
  #unchanged(instrument, sent) {
    const now = this.pending[instrument] ?? {};
    return Object.keys(sent).filter((item) => now[item] && now[item].value === sent[item].value);
  }

  /** -> may we go on sending? */
  #mended(instrument, sent, status, data) {
    if (status === 409 && data.code === "stale-revision") return this.#stale(instrument, sent, data);
    if (status === 409 && data.code in OVER) return this.#over(OVER[data.code]);
    if (status === 422 || status === 400) return this.#refused(instrument, sent, data);
    if (this.signedOut) this.hear("signedOut");
    else {
      if (this.pause === FIRST_PAUSE) wake(); // a dead battery says no farewell
      this.hear(this.memory.lasts ? "here" : "unsafe", { trouble: status >= 500 });
      this.#later(this.pause);
      this.pause = Math.min(this.pause * 2, LONGEST_PAUSE);
    }
    return false;
  }

  #over(state) {
    this.stop();
    this.hear(state);
    return false;
  }

  /** Somebody changed one of these since. Our own earlier answer, on its way when the line broke, is no surprise. */
  #stale(instrument, sent, data) {
    const now = data.answers ?? data.details?.answers ?? {};
    const before = this.revisions[instrument];
    this.revisions[instrument] = data.revision ?? data.details?.revision ?? before;
    let differ = false;
    for (const item of Object.keys(sent).filter((each) => each in now)) {
      const mine = this.pending[instrument]?.[item];
      if (!mine || now[item] === mine.value || mine.left.includes(now[item])) continue;
      this.#keep(instrument, item, { ...mine, other: now[item] });
      this.hear("conflict", { instrument, item, mine: mine.value, other: now[item] });
      differ = true;
    }
    return differ || this.revisions[instrument] !== before;
  }

  #refused(instrument, sent, data) {
    const named = (data.problems ?? []).map((problem) => problem.field?.split(".").pop());
    const bad = Object.keys(sent).filter((item) => named.includes(item));
    if (bad.length === 0 && Object.keys(sent).length > 1) return (this.singly = true);
    const out = bad.length > 0 ? bad : Object.keys(sent);
    for (const item of out) this.hear("refused", { instrument, item });
    if (!this.tells) {
      for (const item of out) this.refused.add(`${instrument}.${item}`);
      return true;
    }
    this.#drop(instrument, out);
    this.wish = false;
    return true;
  }
}

/** The same, with its value among those that were on their way. */
function leaving(given) {
  return { ...given, left: [...new Set([...(given.left ?? []), given.value])] };
}
