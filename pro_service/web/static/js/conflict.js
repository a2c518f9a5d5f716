/* The same question was answered differently on another device: show both, and ask. Both are kept until it is chosen. */

import { text } from "./texts.js";

/** `settle(true)` for the answer on this screen, `settle(false)` for the other one. */
export function ask(question, other, mine, settle) {
  question.say(text("conflict", { answer: question.inWords(other) }), { asking: true });
  const choose = (words, value, keep) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button second big";
    const own = question.kind === "text"; // too long for a button; the one stands in the field, the other above
    button.textContent = own ? words : `${words}: ${question.inWords(value)}`;
    button.addEventListener("click", () => {
      question.value = value;
      question.say("");
      settle(keep);
      question.heading.focus();
    });
    question.message.append(button);
  };
  choose(text("keepMine"), mine, true);
  choose(text("keepOther"), other, false);
}
