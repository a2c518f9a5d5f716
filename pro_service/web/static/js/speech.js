/* Reading a question aloud by the browser's own voice. Where it has none for this language, the button is not there. */

import { text } from "./texts.js";

export function readAloud(steps) {
  const voices = window.speechSynthesis;
  if (!voices || !window.SpeechSynthesisUtterance) return;
  const buttons = [...document.querySelectorAll(".speak")];
  let left = 0; // sentences still to come
  let round = 0; // what is heard of an earlier reading, as that it was broken off, does not count

  function dress() {
    const reading = left > 0;
    for (const button of buttons) {
      button.hidden = !canSpeak(voices, languageOf(button));
      button.classList.toggle("reading", reading);
      button.setAttribute("aria-label", text(reading ? "stop" : "read"));
    }
  }

  function stop() {
    left = 0;
    round += 1;
    voices.cancel();
    dress();
  }

  /* one sentence at a time: some browsers fall silent in the middle of a long one */
  function read(question) {
    const sentences = spoken(question);
    const language = languageOf(question.element);
    const mine = round;
    left = sentences.length;
    for (const sentence of sentences) {
      const said = new SpeechSynthesisUtterance(sentence);
      said.lang = language;
      said.voice = own(voices, language) ?? null;
      said.onend = said.onerror = () => {
        if (mine !== round) return;
        left -= 1;
        dress();
      };
      voices.speak(said);
    }
    dress();
  }

  for (const button of buttons) {
    button.addEventListener("click", () => {
      const reading = left > 0;
      stop();
      if (!reading) read(steps.current);
    });
  }
  steps.form.addEventListener("shown", stop);
  window.addEventListener("pagehide", stop);
  document.addEventListener("visibilitychange", () => document.hidden && stop());
  voices.addEventListener?.("voiceschanged", dress);
  dress();
}

function languageOf(element) {
  return element.closest("[data-part]").dataset.language;
}

/** A voice of this device for a language: others send the words to somebody else's computer. */
function own(voices, language) {
  const speaks = (voice) => voice.lang.replace("_", "-").split("-")[0].toLowerCase() === language.split("-")[0];
  return voices.getVoices().find((voice) => voice.localService && speaks(voice));
}

/** Some browsers list no voice at all and speak nevertheless. */
function canSpeak(voices, language) {
  return voices.getVoices().length === 0 || own(voices, language) !== undefined;
}

/** What is to be heard: the period, the question, what to enter, what the ends of a scale mean, the answers. */
function spoken(question) {
  const answers = [...question.element.querySelectorAll(".choice span")];
  const hints = [...question.element.querySelectorAll(".quiet, .hint, .vas-end")].filter((each) => each.offsetParent !== null);
  const words = [...hints, ...answers].map((each) => each.innerText.trim());
  return [question.recall, question.label, ...words].filter(Boolean);
}
