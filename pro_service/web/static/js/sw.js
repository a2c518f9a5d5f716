/* Keeps one person's open pages and our files for when there is no network, and shows messages that were pushed.

The server writes two constants above these lines: VERSION, that of the files, and SHELL, their addresses. Which page
may be kept, and for whom, the server says in a header; a page without it is kept no more. See docs/explanation/offline.md.
What others answer in the server's place (a network that wants a login first, a proxy) changes nothing that is kept.
*/

const PAGES = "pro-pages";
const FILES = "pro-files";
const OFFLINE = "/offline";
const PATIENCE = 5_000; // milliseconds; a line this slow is as good as none, when we have the page
const MINE = /^\/my(\/assessments\/[0-9a-f-]{36})?$/;
const KEEP = "X-Keep"; // version of its files, and a mark of whose it is
const OURS = "X-Request-Id"; // in every answer of our server

/* kept for when there is no network */

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(Promise.all([self.clients.claim(), tidy()])));
self.addEventListener("message", (event) => event.waitUntil(Promise.all((event.data.keep ?? []).map(fetched))));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (origin !== self.location.origin) return;
  if (request.method === "GET" && pathname.startsWith("/assets/")) event.respondWith(file(request));
  if (request.mode !== "navigate") return;
  if (pathname === "/my/sign-out") event.waitUntil(forget());
  if (request.method !== "GET") return;
  if (MINE.test(pathname)) event.respondWith(page(event, pathname));
  else if (pathname.startsWith("/l/")) event.respondWith(fetch(request).catch(offline)); // never kept: it is a key
});

async function install() {
  const files = await caches.open(FILES);
  const missing = await Promise.all(SHELL.map(async (path) => ((await files.match(path)) ? [] : [path])));
  const wanted = [...missing.flat(), new Request(OFFLINE, { cache: "reload" })];
  const found = await Promise.all(wanted.map((each) => fetch(each)));
  if (!found.every((response) => response.ok && ours(response))) throw new Error("not our files");
  await Promise.all(wanted.map((each, nth) => files.put(each, found[nth])));
  await self.skipWaiting(); // pages already open keep their own version of the files: see tidy
}

async function file(request) {
  const kept = await caches.match(request, { cacheName: FILES });
  if (kept) return kept;
  const response = await fetch(request);
  const copy = response.clone();
  if (response.ok && ours(response)) await ifRoom(async () => (await caches.open(FILES)).put(request, copy));
  return response;
}

/** From the network where there is one in time; else as it was kept; else a page that says there is none. */
async function page(event, path) {
  const kept = await caches.match(path, { cacheName: PAGES });
  const asked = fetch(event.request).then((response) => received(path, response));
  event.waitUntil(asked.catch(() => {}));
  if (!kept) return asked.catch(offline);
  const late = new Promise((done) => setTimeout(done, PATIENCE, kept));
  return Promise.race([asked.then((response) => (response.status >= 500 ? kept : response)).catch(() => kept), late]);
}

async function fetched(path) {
  if (!MINE.test(path)) return;
  await fetch(path, { headers: { Accept: "text/html" } })
    .then((response) => received(path, response))
    .catch(() => {});
}

/** Keep what may be kept, and drop what may not be any more. */
async function received(path, response) {
  const copy = response.clone();
  if (ours(response)) await ifRoom(() => settled(path, copy));
  return response;
}

async function settled(path, response) {
  const mark = response.headers.get(KEEP);
  if (response.status === 401) await forget(); // nobody is signed in
  else if (response.ok && mark) await keep(path, response, mark);
  else if (response.status < 500) await (await caches.open(PAGES)).delete(path);
}

/** A phone that is full shows what came all the same. */
async function ifRoom(store) {
  try {
    await store();
  } catch {
    /* not kept */
  }
}

function ours(response) {
  return response.headers.has(OURS);
}

async function keep(path, response, mark) {
  const kept = await marks();
  if (kept.some((other) => owner(other) !== owner(mark))) await forget(); // somebody else has signed in
  await (await caches.open(PAGES)).put(path, response);
  await tidy();
}

async function forget() {
  await caches.delete(PAGES);
}

/** Files stay while they are the newest, or a kept page of an earlier version needs them. */
async function tidy() {
  const needed = new Set([VERSION, ...(await marks()).map((mark) => mark.split(".")[0])]);
  const files = await caches.open(FILES);
  for (const request of await files.keys()) {
    const [, folder, version] = new URL(request.url).pathname.split("/");
    if (folder === "assets" && !needed.has(version)) await files.delete(request);
  }
}

async function marks() {
  const pages = await caches.open(PAGES);
  const kept = await Promise.all((await pages.keys()).map((request) => pages.match(request)));
  return kept.map((response) => response.headers.get(KEEP));
}

function owner(mark) {
  return mark.split(".")[1];
}

async function offline() {
  return (await caches.match(OFFLINE, { cacheName: FILES })) ?? Response.error();
}

/* messages that were pushed, sealed for this browser alone: shown, and opened when touched */

self.addEventListener("push", (event) => {
  const { id, title, body, lang, url } = event.data.json();
  event.waitUntil(self.registration.showNotification(title, { body, lang, tag: id, data: { url } }));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const link = new URL(event.notification.data.url, self.location.origin);
  // a link of ours, or nowhere in particular
  const there = link.origin === self.location.origin ? link.pathname : "/my";
  event.waitUntil(self.clients.openWindow(there));
});
