/* My questionnaires: says what is still on this device and sends it; what was sent or is over leaves this device. */

import { saving } from "./api.js";
import { forgetPages, keepPages } from "./device.js";
import { offer } from "./install.js";
import { Memory, recall } from "./memory.js";
import { Outbox } from "./outbox.js";
import { deliver } from "./submission.js";
import { text } from "./texts.js";

class Card {
  constructor(element) {
    const { assessment } = element.dataset;
    this.element = element;
    this.api = `/api/v1/me/assessments/${assessment}`;
    this.memory = new Memory(assessment);
    const send = saving(this.api, (instrument) => this.memory.read().languages[instrument]);
    this.outbox = new Outbox(this.memory, {}, send, (what) => this.hear(what), { tells: false });
    this.show();
  }

  hear(what) {
    if (what === "closed" || what === "submitted") this.leave();
    else this.show(what === "signedOut" ? "signedOut" : "");
  }

  /** How far it is, as this device knows it, and what has not been sent. */
  show(why = "") {
    const { progress, wish } = this.memory.read();
    if (progress) {
      const meter = this.element.querySelector("progress");
      meter.hidden = false;
      meter.max = progress.total;
      meter.value = progress.answered;
      this.element.querySelector(".progress").textContent = text("progress", progress);
    }
    const notice = this.element.querySelector(".waiting");
    const differ = this.outbox.conflicts.length > 0 ? "differ" : "";
    const waiting = this.outbox.empty ? "" : "waiting";
    const reason = why || differ || (wish ? "unsent" : waiting);
    notice.hidden = reason === "";
    notice.textContent = reason && text(reason);
  }

  async send() {
    const came = await deliver(this.outbox, this.api);
    if (["sent", "closed", "elsewhere"].includes(came)) return this.leave();
    return this.show(came === "signedOut" ? came : "");
  }

  async leave() {
    await Promise.all([this.memory.forget(), forgetPages()]);
    location.reload();
  }
}

offer(document.getElementById("install"));
await recall();
for (const element of document.querySelectorAll("[data-forget]")) {
  for (const assessment of element.dataset.forget.split(" ").filter(Boolean)) new Memory(assessment).forget();
}
const cards = [...document.querySelectorAll("[data-assessment]")].map((element) => new Card(element));

function retry() {
  const note = document.getElementById("no-network");
  if (note) note.hidden = navigator.onLine;
  if (navigator.onLine) for (const card of cards) card.send();
}

window.addEventListener("online", retry);
window.addEventListener("offline", retry);
document.addEventListener("visibilitychange", () => document.hidden || retry());
retry();
keepPages(cards.map(({ element }) => element.querySelector("a").pathname));
