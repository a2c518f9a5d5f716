/* Where a page begins: what is still on this device comes before what the server knows, and that
before an older page. */

import { recall } from "./memory.js";
import { alarm, state } from "./notices.js";
import { text } from "./texts.js";

/** `page`: {questions, steps, outbox, memory, put}. Resolves when all that this device remembers is there; who answers
meanwhile does not wait for it. */
export async function begin(page) {
  const address = location.hash;
  const hasty = answeredAlready(page.questions);
  start(page, address);
  for (const [question, value] of hasty) {
    question.value = value;
    page.put(question);
    page.steps.show(question, { focus: false, push: false }); // nobody is led away from what they answer
  }
  document.documentElement.classList.add("scripted"); // somebody else's script may have failed meanwhile: see early.js
  document.documentElement.dataset.ready = "yes";
  const lost = await recall();
  if (lost.includes(page.memory.key)) regain(page, address);
}

function start({ questions, steps, outbox }, address) {
  resume(questions, outbox);
  steps.start(address);
  outbox.ask();
  state(outbox.empty ? "saved" : "saving");
  if (!outbox.wish) return;
  steps.show(null, { focus: false, push: false });
  alarm(text("sendLater"));
}

/** What this device had lost and found again; whoever is answering already stays where they are. */
function regain(page, address) {
  const { questions, steps, outbox } = page;
  const busy = steps.seen.size > 1 || !outbox.empty;
  outbox.resume();
  if (!busy) return start(page, address);
  resume(questions, outbox);
  steps.progress();
  outbox.ask();
}

/** What was answered on the page that was painted but not awake yet: see early.js. */
function answeredAlready(questions) {
  const fields = window.early.splice(0);
  const touched = questions.filter(({ element }) => fields.some((field) => element.contains(field)));
  return touched.map((question) => [question, question.value]).filter(([, value]) => value !== null);
}

function resume(questions, outbox) {
  for (const question of questions) {
    const known = outbox.newer[question.instrument];
    if (known) question.value = known[question.item] ?? null;
    const given = outbox.pending[question.instrument]?.[question.item];
    if (given) question.value = given.value;
  }
}
