/* The press on "Send". It is remembered on this device until it has worked or cannot, and changing an answer takes it
back. */

import { call } from "./api.js";

/**
 * Send what is kept, then submit -> `sent`; `later` (no network, or our side is down); `asked` (a question awaits a
 * choice, or came back); `closed`, `elsewhere`, `over` (the outbox said why); `signedOut`, `open` (a question that needs
 * an answer), `trouble`.
 */
export async function submit(outbox, api) {
  outbox.wish = true;
  await outbox.flush();
  if (outbox.stopped) return "over";
  if (outbox.conflicts.length > 0 || !outbox.wish) return "asked";
  if (!outbox.empty) return outbox.signedOut ? "signedOut" : "later";
  const { status, data } = await call("POST", `${api}/submission`, {});
  if (status === 0 || status >= 500 || status === 429) return "later";
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
