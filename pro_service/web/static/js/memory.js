/* What this device remembers of one assessment until the server has it. Works, for one visit, without storage too. */

const PREFIX = "pro-answers:";

export class Memory {
  constructor(assessment) {
    this.key = PREFIX + assessment;
    this.lasts = true;
  }

  /** -> {pending: {instrument: {item: {value, seen}}}, revisions: {instrument: n}} */
  read() {
    try {
      const kept = JSON.parse(localStorage.getItem(this.key) ?? "{}");
      return { pending: kept.pending ?? {}, revisions: kept.revisions ?? {} };
    } catch {
      return { pending: {}, revisions: {} };
    }
  }

  write(pending, revisions) {
    try {
      if (Object.keys(pending).length === 0) localStorage.removeItem(this.key);
      else localStorage.setItem(this.key, JSON.stringify({ pending, revisions }));
      this.lasts = true;
    } catch {
      this.lasts = false;
    }
  }

  forget() {
    try {
      localStorage.removeItem(this.key);
    } catch {
      /* nothing was kept */
    }
  }
}
