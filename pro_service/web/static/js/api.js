/* One door to the server. Never throws: no network is status 0. */

const PATIENCE = 20_000; // milliseconds
export const heard = { at: 0 }; // when the server last took something from us, which keeps the session
let csrf = document.querySelector("input[name=csrf_token]")?.value ?? "";

/** -> {status, data}; data is {} where the answer was not JSON. */
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
        "Accept-Language": document.documentElement.lang,
        "X-CSRF-Token": csrf,
      },
      credentials: "same-origin",
      keepalive: lasting,
      signal,
    });
    if (response.ok) heard.at = Date.now();
    return { status: response.status, data: await response.json().catch(() => ({})) };
  });
}

/** A page kept from an earlier session carries that session's anti-forgery token: take today's, if it is still ours. */
async function renewed() {
  const { page = "" } = await patiently(async (signal) => {
    const response = await fetch(location.pathname, { headers: { Accept: "text/html" }, signal });
    return { page: response.ok ? await response.text() : "" };
  });
  const fresh = new DOMParser().parseFromString(page, "text/html").querySelector("input[name=csrf_token]")?.value;
  if (!fresh || fresh === csrf) return false;
  csrf = fresh;
  for (const each of document.querySelectorAll("input[name=csrf_token]")) each.value = fresh;
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
