/* A session ends some time after the last answer. Whoever is still there by then is asked before, and stays by one press.
Whoever is not loses nothing: their answers are with the server or on this device. */

import { call, heard } from "./api.js";
import { text } from "./texts.js";

const LOOK = 15_000; // milliseconds; an answer given meanwhile is a yes
const keep = () => call("PATCH", "/api/v1/me/preferences", {}); // changes nothing, and counts as a sign of life

/** `rest`: for how many milliseconds after an answer a session surely lasts. `back()` returns the person to their place. */
export function askInTime(box, rest, back) {
  let asking = false;

  function look() {
    if (heard.at === 0) return setTimeout(look, LOOK); // no network, or nobody is signed in: nothing to end
    const left = heard.at + rest - Date.now();
    if (left > 0 && asking) silence();
    if (left <= 0 && !asking && box.hidden) ask();
    return setTimeout(look, left > 0 && !asking ? left : LOOK);
  }

  function ask() {
    asking = true;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button second big";
    button.textContent = text("stay");
    button.addEventListener("click", stay);
    box.replaceChildren(text("stillThere"), button);
    box.hidden = false;
    box.scrollIntoView({ block: "nearest" });
  }

  function silence() {
    asking = false;
    if (box.querySelector("button")) box.hidden = true;
  }

  async function stay() {
    const { status } = await keep();
    if (status === 200) silence();
    else box.textContent = text(status === 401 ? "signedOut" : "offline");
    back();
  }

  Promise.resolve(heard.at || keep()).then(look); // a page that was only looked at has kept nothing
}
