/* The questionnaire page: wires questions, steps and outbox together. */

import { call } from "./api.js";
import { ask } from "./conflict.js";
import { Memory } from "./memory.js";
import { Outbox } from "./outbox.js";
import { Question } from "./question.js";
import { Steps } from "./steps.js";
import { text } from "./texts.js";
import { dress } from "./vas.js";

const form = document.getElementById("form");
const { api, assessment } = form.dataset;
const questions = [...form.querySelectorAll(".question")].map((element) => new Question(element));
const byItem = new Map(questions.map((question) => [`${question.instrument}.${question.item}`, question]));
const memory = new Memory(assessment);
const steps = new Steps(form, questions);
const outbox = new Outbox(memory, revisions(), save, hear);
const asked = new Set(); // questions left open once already
let sending = false; // "Send" was pressed and has not yet worked

function revisions() {
  const fields = [...form.querySelectorAll("[data-revision]")];
  return Object.fromEntries(fields.map((field) => [field.closest("[data-part]").dataset.part, Number(field.value)]));
}

function save(instrument, answers, revision, seen, options) {
  const language = document.documentElement.lang;
  return call("PATCH", `${api}/responses/${instrument}`, { answers, revision, seen, language }, options);
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
  refused: ({ instrument, item }) => byItem.get(`${instrument}.${item}`)?.say(text("refused")),
  conflict: ({ instrument, item, mine, other }) => {
    const question = byItem.get(`${instrument}.${item}`);
    ask(question, other, mine, (send) => (send ? put(question) : steps.progress()));
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
    steps.progress();
  },
};

function hear(what, detail = {}) {
  reactions[what](detail);
}

let lastState = "";
function state(name, words = "") {
  const box = document.getElementById("state");
  box.dataset.state = name;
  box.textContent = text(name);
  const troubled = ["here", "unsafe"];
  const spoken = document.getElementById("spoken");
  if (words && !troubled.includes(lastState)) spoken.textContent = words;
  if (name === "saved" && troubled.includes(lastState)) {
    spoken.textContent = text("online");
    alarm("");
  }
  if (words) alarm(words);
  if (name !== "saving") lastState = name;
}

function alarm(words) {
  const box = document.getElementById("alarm");
  box.hidden = words === "";
  if (box.textContent !== words) box.textContent = words;
}

function over(words) {
  memory.forget();
  alarm(words);
  for (const id of ["next", "send"]) document.getElementById(id).hidden = true;
  setTimeout(() => location.assign(form.action), 4_000);
}

/* what the person does */

function put(question) {
  outbox.put(question.instrument, question.item, question.value, steps.seen.get(question.name));
  steps.progress();
}

function answered(question, event) {
  if (event) question.reconcile(event.target);
  if (question.problem) return;
  question.say("");
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

async function send() {
  sending = true;
  state("saving");
  await outbox.flush();
  if (outbox.stopped || !sending) return;
  const { status, data } = outbox.empty ? await call("POST", `${api}/submission`, {}) : { status: 0, data: {} };
  if (status === 200) {
    outbox.stop();
    memory.forget();
    location.replace(form.action);
    return;
  }
  if (status === 0 || status >= 500) return alarm(text("sendLater"));
  sending = false;
  if (data.code === "window-closed") over(text("closed"));
  else if (data.code === "already-submitted") over(text("sentElsewhere"));
  else if (status === 401) alarm(text("signedOut"));
  else if (status === 422) alarm(text("required"));
  else alarm(text("trouble"));
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
  await outbox.flush();
  if (sending) await send();
}

for (const question of questions) {
  dress(question, () => answered(question));
  question.element.addEventListener("change", (event) => answered(question, event));
  question.element.addEventListener("input", (event) => {
    if (event.target === question.field) answered(question, event);
  });
}
document.getElementById("next").addEventListener("click", next);
document.getElementById("back").addEventListener("click", () => steps.back());
document.getElementById("send").addEventListener("click", send);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (event.submitter?.name === "language") speak(event.submitter.value);
  else next(); // Enter in a field
});
window.addEventListener("popstate", () => steps.start());
window.addEventListener("online", retry);
document.addEventListener("visibilitychange", () => (document.hidden ? outbox.farewell() : retry()));
window.addEventListener("pagehide", () => outbox.farewell());

/* begin: what is still on this device comes before what the server knows */

for (const [instrument, items] of Object.entries(outbox.pending)) {
  for (const [item, given] of Object.entries(items)) {
    const question = byItem.get(`${instrument}.${item}`);
    if (question) question.value = given.value;
  }
}
history.scrollRestoration = "manual";
steps.start();
document.documentElement.dataset.ready = "yes";
state(outbox.empty ? "saved" : "saving");
if (!outbox.empty) outbox.flush();
