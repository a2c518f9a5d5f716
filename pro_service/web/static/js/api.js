/* One door to the server. Never throws: no network is status 0. */

const PATIENCE = 20_000; // milliseconds
const csrf = document.querySelector("input[name=csrf_token]")?.value ?? "";

/** -> {status, data}; data is {} where the answer was not JSON. */
export async function call(method, url, body, { lasting = false } = {}) {
  const watch = new AbortController();
  const timer = setTimeout(() => watch.abort(), PATIENCE);
  try {
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
      signal: watch.signal,
    });
    return { status: response.status, data: await response.json().catch(() => ({})) };
  } catch {
    return { status: 0, data: {} };
  } finally {
    clearTimeout(timer);
  }
}
