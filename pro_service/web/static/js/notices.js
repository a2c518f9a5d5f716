/* What the page says of saving: a word beside the title, and a notice where something calls for attention. */

import { text } from "./texts.js";

const TROUBLED = ["here", "unsafe"];
let last = "";

/** Are answers `saving`, `saved`, only `here`, or `unsafe`? `words` say more, in the notice. */
export function state(name, words = "") {
  const box = document.getElementById("state");
  box.dataset.state = name;
  box.textContent = text(name);
  if (name === "saved" && TROUBLED.includes(last)) {
    document.getElementById("spoken").textContent = text("online");
    alarm("");
  }
  if (words) alarm(words);
  if (name !== "saving") last = name;
}

export function alarm(words) {
  const box = document.getElementById("alarm");
  box.hidden = words === "";
  if (box.textContent !== words) box.textContent = words;
}

export function bringAlarm() {
  document.getElementById("alarm").scrollIntoView({ block: "center" });
}

/** Nothing can be saved or sent any more: why, and the way out. */
export function end(words, href) {
  alarm(words);
  document.getElementById("state").hidden = true; // nothing is saved any more
  for (const id of ["next", "send"]) document.getElementById(id).hidden = true;
  const on = document.createElement("a"); // not by itself: some read slowly
  on.href = href;
  on.className = "button second big";
  on.textContent = text("goOn");
  document.getElementById("alarm").append(on);
  bringAlarm();
}
