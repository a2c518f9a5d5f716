/* The press on "Send". It is remembered on this device until it has worked or cannot, and changing an answer takes it
back. */

import { call } from "./api.js";
import { wake } from "./memory.js";

/** "Send" is pressed: remember it, and deliver. */
export function submit(outbox, api) {
  outbox.wish = true;
  return deliver(outbox, api);
}

/**
 * Send what is kept, then submit if that was wished -> `saved` (it was not) or `sent`; `later` (no network, or our side
 * is down); `asked` (a question awaits a choice, or came back); `closed`, `elsewhere`, `over` (the outbox said why);
 * `signedOut`, `open` (a question that needs an answer), `trouble`.
 */
export async function deliver(outbox, api) {
  const wished = outbox.wish;
  await outbox.flush();
  if (outbox.stopped) return "over";
  if (outbox.puzzled || (wished && !outbox.wish)) return "asked";
  if (!outbox.empty) return outbox.signedOut ? "signedOut" : "later";
  if (!wished) return "saved";
  return (await outbox.memory.wished()) ? post(outbox, api) : "asked";
}

async function post(outbox, api) {
  const { status, data } = await call("POST", `${api}/submission`, {});
  if (status === 0 || status >= 500 || status === 429) {
    wake();
    return "later";
  }
  if (status === 200) outbox.stop();
  else outbox.wish = [401, 403, 404].includes(status);
  return ANSWERS[data.code] ?? ANSWERS[status] ?? "trouble";
}

const ANSWERS = {
  200: "sent",
  401: "signedOut",
  403: "signedOut",
  404: "signedOut",
  422: "open",
  "window-closed": "closed",
  "already-submitted": "elsewhere",
};
