/* One question at a time: which are asked, where we are, how far along, and the review at the end. */

import { Pace } from "./pace.js";
import { text } from "./texts.js";

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
    this.pace = new Pace(Number(form.dataset.seconds));
    this.timed = new Set(); // questions whose time is counted
    this.since = 0; // when the question in view came into view, in milliseconds
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

  /** Where to go on: what the address says, else what the server found wrong, else what is open, else the review. */
  start(address = location.hash) {
    this.update();
    const wanted = decodeURIComponent(address.replace(/^#\/?/, ""));
    const question = this.byName.get(wanted);
    if (question && this.asked.includes(question)) this.show(question, { focus: false, push: false });
    else this.show(wanted === REVIEW ? null : (this.#wrong ?? this.open[0] ?? null), { focus: false, push: false });
  }

  get #wrong() {
    return this.asked.find((question) => !question.message.hidden);
  }

  /** Show a question, or the review for null. */
  show(question, { focus = true, push = true } = {}) {
    this.update();
    const turned = question !== null && question.part !== this.current?.part;
    this.current = question;
    this.since = performance.now();
    for (const each of this.questions) each.element.classList.toggle("current", each === question);
    for (const part of this.form.querySelectorAll(".part")) part.classList.toggle("current", part === question?.part);
    this.review.hidden = question !== null;
    if (question === null) this.#fillReview();
    else question.part.querySelector(".recall-now").textContent = question.recall;
    if (question !== null && !this.seen.has(question.name)) this.seen.set(question.name, new Date().toISOString());
    const hash = address(question?.name ?? REVIEW);
    if (push) history.pushState(null, "", hash);
    else history.replaceState(null, "", hash);
    this.progress();
    if (turned && focus) announce(question.part.querySelector(".part-title").textContent);
    window.scrollTo(0, 0);
    this.form.dispatchEvent(new CustomEvent("shown"));
    if (focus) (question?.heading ?? document.getElementById("review-title")).focus({ preventScroll: true });
  }

  /** The next question; coming from the review, the next one that is open. Never back to an earlier one. */
  next() {
    this.update();
    this.#time();
    const later = this.asked.slice(this.asked.indexOf(this.current) + 1);
    const wanted = this.reviewed ? later.find((question) => question.value === null) : later[0];
    return this.show(wanted ?? null);
  }

  /** What a question took counts once, and only with an answer: paging through says nothing of the pace. */
  #time() {
    if (this.timed.has(this.current) || this.current.value === null) return;
    this.timed.add(this.current);
    this.pace.took((performance.now() - this.since) / 1_000);
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
    const left = text("timeLeft", { n: this.pace.minutes(open) });
    const meter = document.getElementById("meter");
    meter.max = total;
    meter.value = total - open;
    document.getElementById("where").textContent = at;
    document.getElementById("left").textContent = open && this.current ? left : "";
    if (this.current) this.#within(this.current.part);
    document.title = `${at} · ${this.title}`;
    document.getElementById("next").hidden = this.current === null;
    document.getElementById("send").hidden = this.current !== null;
  }

  /** How far along within one questionnaire. */
  #within(part) {
    const here = this.asked.filter((question) => question.part === part);
    const words = text("withinPart", { n: here.indexOf(this.current) + 1, total: here.length });
    part.querySelector("[data-within]").textContent = `(${words})`;
  }

  #fillReview() {
    this.reviewed = true;
    const open = this.open;
    document.getElementById("review-all").hidden = open.length > 0;
    document.getElementById("review-some").hidden = open.length === 0;
    const parts = [...new Set(open.map((question) => question.part))];
    const lists = parts.map((part) => list(part, open.filter((question) => question.part === part)));
    document.getElementById("review-open").replaceChildren(...lists);
  }
}

/** Not an element's id, so that the browser does not scroll to it. */
function address(name) {
  return `#/${encodeURIComponent(name)}`;
}

/** A bar that would take too much of the screen, as large text makes it, rests below the question. */
function settle() {
  const passing = document.getElementById("undo").offsetHeight;
  const height = document.querySelector(".steps").offsetHeight - passing;
  document.body.classList.toggle("resting", height > window.innerHeight * LARGEST_BAR);
}

/** For whoever listens; nothing of it is to be seen. */
function announce(words) {
  document.getElementById("spoken").textContent = words;
}

/** The open questions of one questionnaire. */
function list(part, open) {
  const whole = document.createElement("section");
  const title = document.createElement("h3");
  const questions = document.createElement("ul");
  title.textContent = part.dataset.title;
  whole.lang = part.dataset.language;
  questions.append(...open.map((question) => entry(question)));
  whole.append(title, questions);
  return whole;
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
