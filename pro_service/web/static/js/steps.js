/* One question at a time: which are asked, where we are, how far along, and the review at the end. */

import { text } from "./texts.js";

const SECONDS_PER_QUESTION = 8; // as in domain/burden.py
const REVIEW = "review";

const LARGEST_BAR = 0.25; // of the screen's height; a taller bar rests below the question instead of covering it

export class Steps {
  constructor(form, questions) {
    this.form = form;
    this.questions = questions;
    this.byName = new Map(questions.map((question) => [question.name, question]));
    this.review = document.getElementById("review");
    this.asked = [];
    this.current = null; // a question; null at the review
    this.reviewed = false;
    this.title = document.querySelector(".form-title").textContent.trim();
    this.seen = new Map();
    const bar = document.querySelector(".steps");
    const settle = () => bar.classList.toggle("resting", bar.offsetHeight > window.innerHeight * LARGEST_BAR);
    window.addEventListener("resize", settle);
    settle();
  }

  /** Follow the conditions; a question whose gate is not asked is not asked. */
  update() {
    const asked = new Set();
    for (const question of this.questions) {
      const gate = this.byName.get(question.gate);
      if (!gate || (asked.has(gate) && question.codes.includes(gate.value))) asked.add(question);
    }
    this.asked = this.questions.filter((question) => asked.has(question));
  }

  get open() {
    return this.asked.filter((question) => question.value === null);
  }

  /** Where to go on: what the address says, else the first open question, else the review. */
  start() {
    this.update();
    const wanted = decodeURIComponent(location.hash.replace(/^#\/?/, ""));
    const question = this.byName.get(wanted);
    if (question && this.asked.includes(question)) this.show(question, { focus: false, push: false });
    else this.show(wanted === REVIEW ? null : (this.open[0] ?? null), { focus: false, push: false });
  }

  /** Show a question, or the review for null. */
  show(question, { focus = true, push = true } = {}) {
    this.update();
    this.current = question;
    for (const each of this.questions) each.element.classList.toggle("current", each === question);
    for (const part of this.form.querySelectorAll(".part")) part.classList.toggle("current", part === question?.part);
    this.review.hidden = question !== null;
    if (question === null) this.#fillReview();
    else if (!this.seen.has(question.name)) this.seen.set(question.name, new Date().toISOString());
    const hash = address(question?.name ?? REVIEW);
    if (push) history.pushState(null, "", hash);
    else history.replaceState(null, "", hash);
    this.progress();
    window.scrollTo(0, 0);
    if (focus) (question?.heading ?? document.getElementById("review-title")).focus({ preventScroll: true });
  }

  next() {
    this.update();
    if (this.reviewed) return this.show(this.open.find((question) => question !== this.current) ?? null);
    return this.show(this.asked[this.asked.indexOf(this.current) + 1] ?? null);
  }

  back() {
    this.update();
    const at = this.current ? this.asked.indexOf(this.current) : this.asked.length;
    if (at > 0) this.show(this.asked[at - 1]);
    else location.assign(this.form.dataset.home);
  }

  progress() {
    const total = this.asked.length;
    const open = this.open.length;
    const at = this.current ? text("questionOf", { n: this.asked.indexOf(this.current) + 1, total }) : text("review");
    const left = text("timeLeft", { n: Math.max(1, Math.ceil((open * SECONDS_PER_QUESTION) / 60)) });
    const meter = document.getElementById("meter");
    meter.max = total;
    meter.value = total - open;
    document.getElementById("where").textContent = at;
    document.getElementById("left").textContent = open && this.current ? left : "";
    document.title = `${at} · ${this.title}`;
    document.getElementById("next").hidden = this.current === null;
    document.getElementById("send").hidden = this.current !== null;
  }

  #fillReview() {
    this.reviewed = true;
    const open = this.open;
    document.getElementById("review-all").hidden = open.length > 0;
    document.getElementById("review-some").hidden = open.length === 0;
    document.getElementById("review-open").replaceChildren(...open.map((question) => entry(question)));
  }
}

/** Not an element's id, so that the browser does not scroll to it. */
function address(name) {
  return `#/${encodeURIComponent(name)}`;
}

function entry(question) {
  const item = document.createElement("li");
  const link = document.createElement("a");
  const label = document.createElement("span");
  const recall = document.createElement("small");
  link.href = address(question.name);
  label.textContent = question.label;
  recall.textContent = question.recall;
  link.append(label, recall);
  item.append(link);
  return item;
}
