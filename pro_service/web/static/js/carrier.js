/* Sends what waits of an assessment while its questions are not in view: on other pages, and in the service worker. */

import { saving } from "./api.js";
import { Memory, PREFIX } from "./memory.js";
import { Outbox } from "./outbox.js";
import { deliver } from "./submission.js";

export async function carry(assessments) {
  for (const assessment of assessments) await carryOne(new Memory(assessment));
}

/** -> as `deliver` says. What was refused, differs from another device, or came too late is left to the form itself. */
export async function carryOne(memory) {
  const api = `/api/v1/me/assessments/${memory.key.slice(PREFIX.length)}`;
  const send = saving(api, (instrument) => memory.read().languages[instrument]);
  const outbox = new Outbox(memory, {}, send, () => {}, { tells: false });
  const came = await deliver(outbox, api);
  outbox.stop();
  if (came === "sent") await Promise.all([memory.forget(), self.caches?.delete("pro-pages")]); // as in sw.js
  return came;
}
