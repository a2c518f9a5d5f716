/* The same question was answered differently on another device: show both, and ask. */

import { text } from "./texts.js";

export function ask(question, other, mine, settle) {
  question.say(text("conflict", { answer: question.inWords(other) }), { asking: true });
  const choose = (words, value, send) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button second big";
    button.textContent = `${words}: ${question.inWords(value)}`;
    button.addEventListener("click", () => {
      question.value = value;
      question.say("");
      settle(send);
      question.heading.focus();
    });
    question.message.append(button);
  };
  choose(text("keepMine"), mine, true);
  choose(text("keepOther"), other, false);
}
