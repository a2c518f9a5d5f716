/* The scale from 0 to 100: slider, number and one-step buttons move together. Untouched means no answer. */

import { text } from "./texts.js";

export function dress(question, changed) {
  const slider = question.element.querySelector(".vas-slider");
  if (!slider) return;

  function follow() {
    const answer = question.value;
    const set = typeof answer === "number";
    slider.classList.toggle("untouched", !set);
    slider.setAttribute("aria-valuetext", set ? String(answer) : text("notSet"));
    if (set) slider.value = String(answer);
    const share = set ? (answer - slider.min) / (slider.max - slider.min) : 0;
    slider.style.setProperty("--share", String(share));
  }

  function set(number) {
    const low = Number(slider.min);
    const high = Number(slider.max);
    question.value = Math.min(high, Math.max(low, number));
    changed();
  }

  slider.addEventListener("input", (event) => {
    event.stopPropagation();
    set(Number(slider.value));
  });
  // A click where the hidden thumb already stands moves nothing, yet it is an answer.
  slider.addEventListener("click", () => set(Number(slider.value)));
  slider.addEventListener("change", (event) => event.stopPropagation());
  for (const button of question.element.querySelectorAll("[data-nudge]")) {
    button.addEventListener("click", () => {
      const from = typeof question.value === "number" ? question.value : Math.round((Number(slider.min) + Number(slider.max)) / 2);
      set(from + Number(button.dataset.nudge));
    });
  }
  question.element.addEventListener("written", follow);
  question.element.addEventListener("input", follow);
  question.element.addEventListener("change", follow);
  follow();
}
