/* What was sent or is over leaves this device. */

import { Memory } from "./memory.js";

for (const element of document.querySelectorAll("[data-forget]")) {
  for (const assessment of element.dataset.forget.split(" ").filter(Boolean)) new Memory(assessment).forget();
}
