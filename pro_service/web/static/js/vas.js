/* The scale from 0 to 100: slider, number and one-step buttons move together. Untouched means no answer. */

import { text } from "./texts.js";

const THUMB = 2.8; // rem, as in vas.css

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
  slider.addEventListener("change", (event) => event.stopPropagation());
  touch(slider.parentElement, slider, set);
  marks(question.element.querySelector(".vas-marks"), set);
  for (const button of question.element.querySelectorAll("[data-nudge]")) {
    button.addEventListener("click", () => {
      const from = typeof question.value === "number" ? question.value : Math.round((Number(slider.min) + Number(slider.max)) / 2);
      set(from + Number(button.dataset.nudge));
      document.getElementById("spoken").textContent = question.value; // silent otherwise: the button has the focus
    });
  }
  question.element.addEventListener("written", follow);
  question.element.addEventListener("input", follow);
  question.element.addEventListener("change", follow);
  follow();
}

/** A finger anywhere on the rail sets the number there, and drags it along. */
function touch(rail, slider, set) {
  const low = Number(slider.min);
  const high = Number(slider.max);
  const follow = (event) => {
    const { bottom, height } = rail.getBoundingClientRect();
    const thumb = THUMB * parseFloat(getComputedStyle(document.documentElement).fontSize);
    set(Math.round(low + ((bottom - event.clientY - thumb / 2) / (height - thumb)) * (high - low)));
  };
  rail.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    rail.setPointerCapture(event.pointerId);
    slider.focus({ preventScroll: true });
    follow(event);
  });
  rail.addEventListener("pointermove", (event) => {
    if (rail.hasPointerCapture(event.pointerId)) follow(event);
  });
}

/** The numbers beside the rail are for setting too. */
function marks(box, set) {
  box.addEventListener("click", (event) => {
    if (event.target !== box) set(Number(event.target.textContent));
  });
}
