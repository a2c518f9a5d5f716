/* One door to the server. Never throws: no network is status 0. */

import { whose } from "./memory.js";

const PATIENCE = 20_000; // milliseconds
export const heard = { at: 0 }; // when the server last took something from us, which keeps the session
const page = self.document; // none in the service worker
let csrf = page?.querySelector("input[name=csrf_token]")?.value ?? "";

/** -> {status, data}. Status 0 also for what others say in our place: a café that wants a login, a proxy in between. */
export async function call(method, url, body, { lasting = false } = {}) {
  const answer = await attempt(method, url, body, lasting);
  if (lasting || answer.status !== 403 || answer.data.code !== "cross-site") return answer;
  return (await renewed()) ? attempt(method, url, body, lasting) : answer;
}

/** How the answers of one assessment are sent: what an outbox calls. `shownIn` knows a questionnaire's language here. */
export function saving(api, shownIn = () => undefined) {
  return (instrument, answers, revision, seen, options) => {
    const language = shownIn(instrument);
    return call("PATCH", `${api}/responses/${instrument}`, { answers, revision, seen, language }, options);
  };
}

async function attempt(method, url, body, lasting) {
  return patiently(async (signal) => {
    const response = await fetch(url, {
      method,
      body: JSON.stringify(body),
      headers: {
        "Content-Type": "application/json",
        Accept: "application/json",
        "Accept-Language": page?.documentElement.lang ?? "",
        "X-CSRF-Token": csrf,
      },
      credentials: "same-origin",
      keepalive: lasting,
      signal,
    });
    const data = await response.json().catch(() => null);
    const ours = data !== null || response.status === 204 || response.status >= 500;
    if (ours && response.ok && method !== "GET") heard.at = Date.now();
    return { status: ours ? response.status : 0, data: data ?? {} };
  });
}

/** Speak for whoever is signed in now -> {status, person}: their mark, "" for nobody. */
export async function signedIn() {
  const { status, data } = await attempt("GET", "/my/session");
  csrf = data.csrf_token ?? "";
  return { status, person: data.person ?? "" };
}

/** A page kept from an earlier session carries that session's anti-forgery token: take today's, if it is still ours. */
async function renewed() {
  const { data } = await attempt("GET", "/my/session");
  const { person, csrf_token: fresh } = data;
  if (!page || person !== whose() || !fresh || fresh === csrf) return false;
  csrf = fresh;
  for (const each of page.querySelectorAll("input[name=csrf_token]")) each.value = fresh;
  return true;
}

async function patiently(ask) {
  const watch = new AbortController();
  const timer = setTimeout(() => watch.abort(), PATIENCE);
  try {
    return await ask(watch.signal);
  } catch {
    return { status: 0, data: {} };
  } finally {
    clearTimeout(timer);
  }
}
