/* The questionnaire page: wires questions, steps and outbox together. */

import { saving } from "./api.js";
import { begin } from "./beginning.js";
import { ask } from "./conflict.js";
import { forgetPages } from "./device.js";
import { Memory } from "./memory.js";
import { alarm, bringAlarm, end, state } from "./notices.js";
import { Outbox } from "./outbox.js";
import { Question } from "./question.js";
import { heed } from "./settings.js";
import { readAloud } from "./speech.js";
import { Steps } from "./steps.js";
import { submit } from "./submission.js";
import { moveOnAtTap, steady } from "./taps.js";
import { text } from "./texts.js";
import { dress } from "./vas.js";

const form = document.getElementById("form");
const { api, assessment } = form.dataset;
const questions = [...form.querySelectorAll(".question")].map((element) => new Question(element));
const byItem = new Map(questions.map((question) => [`${question.instrument}.${question.item}`, question]));
const memory = new Memory(assessment);
const steps = new Steps(form, questions);
const outbox = new Outbox(memory, revisions(), saving(api, shownIn), hear);
const asked = new Set(); // questions left open once already
const refused = new Set(); // those whose answer came back, until it is changed

function revisions() {
  const fields = [...form.querySelectorAll("[data-revision]")];
  return Object.fromEntries(fields.map((field) => [field.closest("[data-part]").dataset.part, Number(field.value)]));
}

/** The language that each questionnaire's own words are in: not the page's where it does not come in that. */
function languages() {
  const parts = [...form.querySelectorAll("[data-part]")];
  return Object.fromEntries(parts.map(({ dataset }) => [dataset.part, dataset.language]));
}

function shownIn(instrument) {
  return languages()[instrument];
}

/* what the outbox tells us */

const reactions = {
  saving: () => state("saving"),
  saved: () => state("saved"),
  here: ({ trouble }) => state("here", text(trouble ? "trouble" : "offline")),
  unsafe: () => state("unsafe", text("offline")),
  signedOut: () => {
    state("here");
    alarm(text("signedOut"));
  },
  closed: () => over(text("closed")),
  submitted: () => over(text("sentElsewhere")),
  refused: ({ instrument, item }) => {
    const question = byItem.get(`${instrument}.${item}`);
    if (!question) return;
    refused.add(question);
    question.say(text("refused"));
  },
  conflict: ({ instrument, item, mine, other }) => {
    state("here");
    const question = byItem.get(`${instrument}.${item}`);
    ask(question, other, mine, (keep) => {
      if (keep) put(question);
      else outbox.giveWay(instrument, item);
      progress();
    });
    steps.show(question);
  },
  merged: ({ instrument, answers, still }) => {
    for (const field of form.querySelectorAll("[data-revision]")) {
      if (field.closest("[data-part]").dataset.part === instrument) field.value = outbox.revisions[instrument];
    }
    for (const [item, value] of Object.entries(answers)) {
      const question = byItem.get(`${instrument}.${item}`);
      const mine = question?.value;
      if (question && mine !== value && !(item in still) && question !== steps.current) question.value = value;
    }
    progress();
  },
};

function hear(what, detail = {}) {
  reactions[what](detail);
}

/** Nothing of it stays on this device. */
async function leave() {
  await Promise.all([memory.forget(), forgetPages()]);
}

function over(words) {
  leave();
  end(words, form.action);
}

/* what the person does */

function put(question) {
  outbox.put(question.instrument, question.item, question.value, steps.seen.get(question.name));
  progress();
}

/** Here, and on the page "my questionnaires" even without network. */
function progress() {
  steps.progress();
  const total = steps.asked.length;
  const now = { progress: { answered: total - steps.open.length, total }, languages: languages() };
  if (!outbox.stopped) memory.change((kept) => Object.assign(kept, now));
}

function answered(question, event) {
  if (event) question.reconcile(event.target);
  if (question.problem) return;
  question.say("");
  refused.delete(question);
  put(question);
}

function next() {
  const question = steps.current;
  if (question === null) return;
  if (question.problem) wrong(question);
  else if (question.value === null && question.required) question.say(text("required"));
  else if (question.value === null && !asked.has(question)) {
    asked.add(question);
    question.say(text("askOnce"), { asking: true });
  } else {
    question.say("");
    steps.next();
  }
}

function wrong(question) {
  question.field.focus({ preventScroll: true });
  question.say(question.problem);
}

const outcomes = {
  sent: async () => {
    await leave();
    location.replace(form.action);
  },
  later: () => state("here", text("sendLater")),
  asked: () => outbox.ask(),
  closed: () => over(text("closed")),
  elsewhere: () => over(text("sentElsewhere")),
  over: () => {},
  signedOut: () => alarm(text("signedOut")),
  open: () => alarm(text("required")),
  trouble: () => alarm(text("trouble")),
};

/** Before anything is sent, once: an answer that the server has not got. -> was there one? */
function comeBack() {
  const [first] = refused;
  if (!first) return false;
  refused.delete(first);
  steps.show(first);
  first.say(text("refused"));
  return true;
}

async function send() {
  if (comeBack()) return;
  state("saving");
  const came = await submit(outbox, api);
  if (came !== "later") state(outbox.empty ? "saved" : "here");
  await outcomes[came]();
  if (comeBack()) return;
  if (came !== "sent") bringAlarm();
}

/** Change the language, here and now; what is not sent yet stays on this device and is read back. */
async function speak(language) {
  if (!navigator.onLine) return alarm(text("switchOffline"));
  await outbox.flush();
  const away = document.getElementById("switch");
  away.elements.language.value = language;
  away.elements.next.value = location.pathname + location.hash;
  away.submit();
}

async function retry() {
  if (outbox.wish) await send();
  else await outbox.flush();
}

for (const question of questions) {
  dress(question, () => answered(question));
  question.element.addEventListener("change", (event) => answered(question, event));
  question.element.addEventListener("input", (event) => {
    if (event.target === question.field) answered(question, event);
  });
}
const settings = heed(document.getElementById("settings"));
moveOnAtTap(steps, { wanted: () => settings.byTap, put });
readAloud(steps);
steady(form, [document.getElementById("next"), document.getElementById("send")]);
document.getElementById("next").addEventListener("click", next);
document.getElementById("back").addEventListener("click", () => steps.back());
document.getElementById("send").addEventListener("click", send);
form.addEventListener("submit", (event) => {
  if (!document.documentElement.dataset.ready) return; // the long form, as the server takes it
  event.preventDefault();
  if (event.submitter?.name === "language") speak(event.submitter.value);
  else next(); // Enter in a field
});
window.addEventListener("popstate", () => {
  if (/^#[^/]/.test(location.hash)) return; // the link that skips to the content leads to no question
  steps.start();
  (steps.current?.heading ?? document.getElementById("review-title")).focus({ preventScroll: true });
});
window.addEventListener("online", retry);
document.addEventListener("visibilitychange", () => (document.hidden ? outbox.farewell() : retry()));
window.addEventListener("pagehide", () => outbox.farewell());

/** Is somebody still there? Asked before their session ends; not needed in the first minute, so it comes later. */
async function watch() {
  const { askInTime } = await import("./stay.js").catch(() => ({ askInTime: () => {} }));
  const back = () => steps.show(steps.current, { push: false });
  askInTime(document.getElementById("alarm"), Number(form.dataset.rest) * 60_000, back);
}

history.scrollRestoration = "manual";
begin({ questions, steps, outbox, memory, put }).then(retry);
setTimeout(watch, 60_000);
