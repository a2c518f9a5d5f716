/* Hands that tremble: the second half of a double tap falls on nothing. And moving on at the tap itself, for whoever
asked for it: a moment to see the answer, and a way back that needs no aim. */

import { text } from "./texts.js";

const MOMENT = 350; // milliseconds
const DEAF = 350; // after moving on: the second half of a double tap is no answer to the next question

/** `wanted` -> is it asked for?; `put` takes in an answer. The keyboard's arrows pass over answers and never lead on. */
export function moveOnAtTap(steps, { wanted, put }) {
  const { form } = steps;
  const undo = document.getElementById("undo");
  let byFinger = false;
  let before = null; // the answer before the finger came down
  let pending = false;
  let deafUntil = 0;
  let last = null; // {question, before}: what can be undone

  form.addEventListener("keydown", () => (byFinger = false));
  form.addEventListener("pointerdown", () => {
    byFinger = true;
    if (!pending) before = steps.current?.value ?? null;
  });

  form.addEventListener("click", (event) => {
    if (!wanted() || !isAnswer(event.target)) return;
    if (performance.now() < deafUntil) event.preventDefault();
    else if (byFinger && !pending) leadOn(steps.current);
  });

  function leadOn(question) {
    pending = true;
    const held = before;
    setTimeout(() => {
      pending = false;
      if (question !== steps.current || question.value === null) return;
      deafUntil = performance.now() + DEAF;
      steps.next();
      offer(question, held);
    }, MOMENT);
  }

  function offer(question, held) {
    last = { question, before: held };
    undo.textContent = text("undo", { answer: question.inWords(question.value) });
    undo.hidden = false;
  }

  undo.addEventListener("click", () => {
    const { question, before: held } = last;
    question.value = held;
    put(question);
    steps.show(question);
  });
  form.addEventListener("shown", () => (undo.hidden = true));
}

/**
 * Where Next stood, Send may stand now, or the Next of a question nobody has read: after a press both are deaf for a
 * moment, unless an answer is given meanwhile. A key and a screen reader press once.
 */
export function steady(form, buttons) {
  let timer = 0;

  function hear(open) {
    clearTimeout(timer);
    for (const button of buttons) button.setAttribute("aria-disabled", String(!open));
  }

  function press(event) {
    if (event.detail === 0) return;
    if (event.currentTarget.getAttribute("aria-disabled") === "true") return event.stopImmediatePropagation();
    hear(false);
    timer = setTimeout(hear, DEAF, true);
  }

  for (const button of buttons) button.addEventListener("click", press);
  form.addEventListener("change", () => hear(true));
}

function isAnswer(element) {
  return element.type === "radio" && element.closest(".question.current") !== null;
}
