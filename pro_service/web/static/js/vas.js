/* A scale: slider, number and one-step buttons move together. Untouched means no answer, and cleared does again. */

import { text } from "./texts.js";

const THUMB = 2.8; // rem, as in vas.css
const TREMOR = 8; // pixels that a finger may shake before it moves what it has set

export function dress(question, changed) {
  const slider = question.element.querySelector(".vas-slider");
  if (!slider) return;
  const low = Number(slider.min);
  const high = Number(slider.max);
  const clear = question.element.querySelector(".vas-clear");

  function follow() {
    const answer = question.value;
    const set = typeof answer === "number";
    slider.classList.toggle("untouched", !set);
    clear.classList.toggle("untouched", !set);
    slider.setAttribute("aria-valuetext", set ? spoken(answer) : text("notSet"));
    if (set) slider.value = String(answer);
    slider.style.setProperty("--share", String(set ? (answer - low) / (high - low) : 0));
  }

  /** The number; at an end with what that means. */
  function spoken(answer) {
    const end = { [low]: "low", [high]: "high" }[answer];
    const words = end && document.getElementById(`${question.name}:${end}`);
    return words ? words.textContent.trim() : String(answer);
  }

  function set(number) {
    question.value = number === null ? null : Math.min(high, Math.max(low, number));
    changed();
  }

  /** From where it stands; from nowhere to the middle. */
  function move(by) {
    const from = question.value;
    set(typeof from === "number" ? from + by : Math.round((low + high) / 2));
  }

  const far = Math.max(1, Math.round((high - low) / 10));
  const keys = {
    ArrowUp: () => move(1),
    ArrowRight: () => move(1),
    ArrowDown: () => move(-1),
    ArrowLeft: () => move(-1),
    PageUp: () => move(far),
    PageDown: () => move(-far),
    Home: () => set(low),
    End: () => set(high),
    Delete: () => set(null),
    Backspace: () => set(null),
  };
  slider.addEventListener("keydown", (event) => {
    if (!keys[event.key] || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    keys[event.key]();
  });
  slider.addEventListener("input", (event) => {
    event.stopPropagation();
    set(Number(slider.value));
  });
  slider.addEventListener("change", (event) => event.stopPropagation());
  touch(slider, set);
  marks(question.element.querySelector(".vas-marks"), set);
  for (const button of question.element.querySelectorAll("[data-nudge]")) {
    button.addEventListener("click", () => {
      move(Number(button.dataset.nudge));
      document.getElementById("spoken").textContent = spoken(question.value); // silent otherwise: the button has the focus
    });
  }
  clear.addEventListener("click", () => {
    slider.focus({ preventScroll: true });
    set(null);
  });
  for (const what of ["written", "input", "change"]) question.element.addEventListener(what, follow);
  follow();
}

/** A finger anywhere on the rail sets the number there, and drags it along; its trembling does not. */
function touch(slider, set) {
  const rail = slider.parentElement;
  const low = Number(slider.min);
  const high = Number(slider.max);
  let began = null; // where the finger came down, until it has moved away from there
  const follow = (event) => {
    const { bottom, height } = rail.getBoundingClientRect();
    const thumb = THUMB * parseFloat(getComputedStyle(document.documentElement).fontSize);
    set(Math.round(low + ((bottom - event.clientY - thumb / 2) / (height - thumb)) * (high - low)));
  };
  rail.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !event.isPrimary) return;
    event.preventDefault();
    rail.setPointerCapture(event.pointerId);
    slider.focus({ preventScroll: true });
    began = event.pointerType === "mouse" ? null : event.clientY;
    follow(event);
  });
  rail.addEventListener("pointermove", (event) => {
    if (!rail.hasPointerCapture(event.pointerId)) return;
    if (began !== null && Math.abs(event.clientY - began) < TREMOR) return;
    began = null;
    follow(event);
  });
}

/** The numbers beside the rail are for setting too: the nearest one. A finger that stays long makes no click. */
function marks(box, set) {
  box.addEventListener("pointerup", (event) => {
    if (event.button !== 0 || !event.isPrimary) return;
    const away = (mark) => {
      const { top, bottom } = mark.getBoundingClientRect();
      return Math.abs((top + bottom) / 2 - event.clientY);
    };
    set(Number([...box.children].reduce((best, mark) => (away(mark) < away(best) ? mark : best)).textContent));
  });
}
