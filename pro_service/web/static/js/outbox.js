/* Answers on their way: kept on this device first, sent in order, retried until the server has them. */

const FIRST_PAUSE = 2_000; // milliseconds; doubles with every failure
const LONGEST_PAUSE = 60_000;
const COALESCE = 300; // arrow keys pass over answers: wait for the hand to rest
const OVER = { "already-submitted": "submitted", "window-closed": "closed", "not-open-yet": "closed" };

export class Outbox {
  /**
   * `send(instrument, answers, revision, seen, options)` -> {status, data}.
   * `hear(state, detail)`: saving | saved | here | unsafe | signedOut | closed | submitted | refused | conflict | merged.
   */
  constructor(memory, revisions, send, hear) {
    const kept = memory.read();
    this.memory = memory;
    this.pending = kept.pending;
    // An answer kept from an earlier visit was given on the revision known then: the server decides if it is stale.
    this.revisions = { ...revisions };
    for (const instrument of Object.keys(this.pending)) {
      this.revisions[instrument] = kept.revisions[instrument] ?? this.revisions[instrument];
    }
    this.send = send;
    this.hear = hear;
    this.pause = FIRST_PAUSE;
    this.busy = null;
    this.stopped = false;
  }

  get empty() {
    return Object.keys(this.pending).length === 0;
  }

  put(instrument, item, value, seen) {
    if (this.stopped) return;
    (this.pending[instrument] ??= {})[item] = { value, ...(seen ? { seen } : {}) };
    this.#keep();
    this.hear(this.memory.lasts ? "saving" : "unsafe");
    this.#later(COALESCE);
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
    for (const [instrument, items] of Object.entries(this.pending)) this.#post(instrument, items, { lasting: true });
  }

  stop() {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  #later(milliseconds) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), milliseconds);
  }

  #keep() {
    this.memory.write(this.pending, this.revisions);
  }

  #post(instrument, items, options) {
    const answers = {};
    const seen = {};
    for (const [item, given] of Object.entries(items)) {
      answers[item] = given.value;
      if (given.seen) seen[item] = given.seen;
    }
    return this.send(instrument, answers, this.revisions[instrument], seen, options);
  }

  async #sendAll() {
    while (!this.empty && !this.stopped) {
      const [instrument, items] = Object.entries(this.pending)[0];
      const sent = { ...items };
      const { status, data } = await this.#post(instrument, sent);
      if (status === 200) this.#arrived(instrument, sent, data);
      else if (!this.#mended(instrument, sent, status, data)) return;
    }
    if (this.empty && !this.stopped) this.hear("saved");
  }

  #arrived(instrument, sent, data) {
    this.pause = FIRST_PAUSE;
    this.revisions[instrument] = data.revision;
    this.#drop(instrument, sent);
    this.hear("merged", { instrument, answers: data.answers ?? {}, still: this.pending[instrument] ?? {} });
  }

  /** Take out what was sent, unless the person has changed it since. */
  #drop(instrument, sent) {
    const items = this.pending[instrument] ?? {};
    for (const [item, given] of Object.entries(sent)) if (items[item] === given) delete items[item];
    if (Object.keys(items).length === 0) delete this.pending[instrument];
    this.#keep();
  }

  /** -> may we go on sending? */
  #mended(instrument, sent, status, data) {
    if (status === 409 && data.code === "stale-revision") return this.#stale(instrument, sent, data);
    if (status === 409 && data.code in OVER) return this.#over(OVER[data.code]);
    if (status === 422 || status === 400) return this.#refused(instrument, sent, data);
    if ([401, 403, 404].includes(status)) this.hear("signedOut");
    else {
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

  #stale(instrument, sent, data) {
    const now = data.answers ?? data.details?.answers ?? {};
    const before = this.revisions[instrument];
    this.revisions[instrument] = data.revision ?? data.details?.revision ?? before;
    const differing = Object.keys(sent).filter((item) => item in now && now[item] !== sent[item].value);
    for (const item of differing) this.hear("conflict", { instrument, item, mine: sent[item].value, other: now[item] });
    this.#drop(instrument, Object.fromEntries(differing.map((item) => [item, sent[item]])));
    return differing.length > 0 || this.revisions[instrument] !== before;
  }

  #refused(instrument, sent, data) {
    const named = (data.problems ?? []).map((problem) => problem.field?.split(".").pop());
    const bad = Object.keys(sent).filter((item) => named.length === 0 || named.includes(item));
    const out = bad.length > 0 ? bad : Object.keys(sent);
    for (const item of out) this.hear("refused", { instrument, item });
    this.#drop(instrument, Object.fromEntries(out.map((item) => [item, sent[item]])));
    return true;
  }
}
