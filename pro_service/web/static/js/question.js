/* One question of the page: reads and writes its native fields, and says what is wrong with an answer. */

import { text } from "./texts.js";

const WORDS = ["na", "declined"];
const NUMBERS = ["count", "number", "vas"];
const NUMBER = /^[+-]?\d{1,15}([.,]\d{1,15})?$/;
const THOUSANDS = /^[+-]?[1-9]\d{0,2}([., '’\u00a0\u202f]\d{3})+$/; // or one and a bit: as web/patient/answers.py

export class Question {
  constructor(element) {
    this.element = element;
    this.name = element.id;
    this.part = element.closest("[data-part]");
    this.instrument = this.part.dataset.part;
    this.item = element.dataset.item;
    this.kind = element.dataset.kind;
    this.required = "required" in element.dataset;
    this.heading = element.querySelector("h3");
    this.message = element.querySelector(".message");
    this.radios = [...element.querySelectorAll("input[type=radio]")];
    this.boxes = [...element.querySelectorAll("input[type=checkbox]")];
    this.field = element.querySelector("input.input, textarea.input");
    this.hint = [...element.querySelectorAll(".hint, .vas-end")].map((each) => each.id).join(" ");
    this.gate = element.dataset.shownIf ?? "";
    this.codes = (element.dataset.shownIfCodes ?? "").split(" ").filter(Boolean).map(Number);
  }

  get label() {
    return this.heading.textContent.trim();
  }

  get recall() {
    return this.element.querySelector(".recall")?.textContent.trim() ?? "";
  }

  /** A code, a number, a text, "na", "declined"; null when open (or not yet right: see `problem`). */
  get value() {
    const marked = this.radios.find((radio) => radio.checked) ?? this.boxes.find((box) => box.checked);
    if (marked) return WORDS.includes(marked.value) ? marked.value : Number(marked.value);
    const typed = this.#typed;
    if (typed === "" || this.problem) return null;
    return NUMBERS.includes(this.kind) ? toNumber(typed) : typed;
  }

  set value(value) {
    const plain = value === null || value === undefined ? "" : String(value);
    for (const button of [...this.radios, ...this.boxes]) button.checked = button.value === plain;
    if (this.field) this.field.value = WORDS.includes(plain) ? "" : plain;
    this.element.dispatchEvent(new CustomEvent("written"));
  }

  /** What is wrong with the words typed; "" when nothing is. */
  get problem() {
    if (!this.field || this.boxes.some((box) => box.checked)) return "";
    if (this.kind === "date") return this.#wrongDate();
    const typed = this.#typed;
    if (typed === "") return "";
    return NUMBERS.includes(this.kind) ? this.#wrongNumber(typed) : this.#tooLong(typed);
  }

  get #typed() {
    return storable(this.field?.value ?? "").trim();
  }

  /** A day typed by half leaves the field empty, and the browser knows. */
  #wrongDate() {
    const { badInput, rangeUnderflow, rangeOverflow } = this.field.validity;
    return badInput || rangeUnderflow || rangeOverflow ? text("wholeDate") : "";
  }

  #tooLong(typed) {
    const most = Number(this.element.dataset.maximum);
    if (typed.length <= most) return "";
    const now = [...typed].length;
    return now > most ? text("tooLong", { most, now }) : "";
  }

  #wrongNumber(typed) {
    if (THOUSANDS.test(typed)) return text("thousands");
    const number = toNumber(typed);
    if (Number.isNaN(number)) return text("number");
    if (this.kind !== "number" && !Number.isInteger(number)) return text("whole");
    const { minimum, maximum } = this.element.dataset;
    const low = minimum === undefined ? -Infinity : Number(minimum);
    const high = maximum === undefined ? Infinity : Number(maximum);
    if (number >= low && number <= high) return "";
    return high === Infinity ? text("least", { low }) : text("between", { low, high });
  }

  /** Typing a number and marking "I would rather not answer" exclude each other. */
  reconcile(changed) {
    if (changed === this.field && this.#typed !== "") for (const box of this.boxes) box.checked = false;
    if (this.boxes.includes(changed) && changed.checked) {
      for (const box of this.boxes) box.checked = box === changed;
      this.field.value = "";
      this.element.dispatchEvent(new CustomEvent("written"));
    }
  }

  /** Say something at the question: what is wrong with its answer, or, asking, that there is none. */
  say(words, { asking = false } = {}) {
    this.message.textContent = words;
    this.message.classList.toggle("ask", asking);
    this.message.hidden = words === "";
    const described = [this.hint, words && this.message.id].filter(Boolean).join(" ");
    const told = this.field ?? this.element;
    if (described) told.setAttribute("aria-describedby", described);
    else told.removeAttribute("aria-describedby");
    if (this.field) this.field.setAttribute("aria-invalid", String(words !== "" && !asking));
    if (!words) return;
    this.message.scrollIntoView({ block: "nearest" });
    this.heading.scrollIntoView({ block: "nearest" });
  }

  /** An answer in words. */
  inWords(value) {
    if (value === null || value === undefined) return text("nothing");
    const button = [...this.radios, ...this.boxes].find((each) => each.value === String(value));
    return button ? button.closest("label").textContent.trim() : String(value);
  }
}

/** Without what nobody types and no database holds: NUL, and half a character, as some keyboards leave of an emoji. */
function storable(words) {
  if (!/[\0\ud800-\udfff]/.test(words)) return words;
  return [...words].filter((letter) => !/^[\0\ud800-\udfff]$/.test(letter)).join("");
}

/** "2,5" and "2.5" are the same number; anything else than one number is NaN. */
export function toNumber(typed) {
  return NUMBER.test(typed) ? Number(typed.replace(",", ".")) : NaN;
}
