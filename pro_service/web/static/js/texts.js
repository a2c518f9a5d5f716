/* What the script says comes with the page, in the page's language. */

const box = document.getElementById("texts");

/** The words of that name, with {n} and the like filled in. */
export function text(name, values = {}) {
  return (box.dataset[name] ?? "").replace(/\{(\w+)\}/g, (whole, key) => String(values[key] ?? whole));
}
