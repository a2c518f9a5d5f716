/* What this device remembers of one assessment until it has been sent. Works, for one visit, without storage too.

Per question what the server does not have yet; beside it what it has, so that a kept page can be brought up to date
without network. Two tabs may write at once: every change reads first, and touches no more than its own questions.
*/

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
  }

  forget() {
    this.own = {};
    store(this.key, null);
  }
}

/** Who is signed in on this page: a mark of theirs that says nothing about them; "" for nobody. */
export function whose() {
  return document.querySelector("meta[name=pro-person]")?.content ?? "";
}

/** What was sent already leaves this device, unless it is `person`'s; so does whatever can never be sent any more. */
export function leaveOnly(person) {
  for (const key of keys()) {
    const kept = stored(key) ?? {};
    const waiting = Object.keys(kept.pending ?? {}).length > 0;
    const stale = Date.now() - (kept.at ?? Date.now()) > LONGEST;
    if (stale || (kept.person !== person && !waiting)) store(key, null);
    else if (kept.person !== person) store(key, { ...kept, known: {}, progress: null });
  }
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
