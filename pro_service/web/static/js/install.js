/* The offer to put this on the home screen: where the browser asks by itself, with its button; on an iPhone, in words. */

const DECLINED = "pro-not-on-home-screen";

export function offer(card) {
  if (!card || declined() || matchMedia("(display-mode: standalone)").matches) return;
  if (navigator.standalone === false) show(card, ".by-hand");
  window.addEventListener("beforeinstallprompt", (event) => {
    event.preventDefault();
    show(card, ".by-button").addEventListener("click", () => event.prompt(), { once: true });
  });
  window.addEventListener("appinstalled", () => (card.hidden = true));
  card.querySelector(".not-now").addEventListener("click", () => {
    card.hidden = true;
    decline();
  });
}

function show(card, way) {
  const shown = card.querySelector(way);
  shown.hidden = false;
  card.hidden = false;
  return shown;
}

function declined() {
  try {
    return localStorage.getItem(DECLINED) !== null;
  } catch {
    return false;
  }
}

function decline() {
  try {
    localStorage.setItem(DECLINED, "yes");
  } catch {
    /* it will be offered again */
  }
}
