/* The second place for what this device remembers. localStorage answers at once, but a browser may write it to disk
seconds later; IndexedDB has it on disk when it says so. What a dead battery took from the one is in the other. */

const NAME = "pro-answers";
const STORE = "kept";
const PATIENCE = 5_000; // milliseconds; nothing is sent before, and a browser may never answer
const PARTING = 1_000; // as long for what is written: it will be written, but somebody wants to leave the page
let opened = null;

/** Keep an entry, {key, ...} -> its key once it is on disk; nothing where it cannot be, or takes long. */
export function put(entry) {
  return within(PARTING, (store) => store.put(entry), "readwrite");
}

export function remove(key) {
  return within(PARTING, (store) => store.delete(key), "readwrite");
}

/** -> every entry; [] where this browser keeps none. */
export async function all(patience = PATIENCE) {
  return (await within(patience, (store) => store.getAll(), "readonly")) ?? [];
}

function within(milliseconds, ask, mode) {
  const late = new Promise((done) => setTimeout(done, milliseconds));
  return Promise.race([inside(mode, ask), late]);
}

/** What `ask` of the store resolves to; nothing where there is no store. `more`: one request leads to another. */
export async function inside(mode, ask, more = false) {
  try {
    opened ??= open();
    const change = (await opened).transaction(STORE, mode, { durability: "strict" });
    const request = ask(change.objectStore(STORE));
    if (!more) change.commit?.(); // or a page that Safari puts by for the Back button stays in it, and nobody else gets in
    return await new Promise((done, fail) => {
      change.oncomplete = () => done(request.result);
      change.onabort = fail;
    });
  } catch {
    return undefined; // private mode, or full
  }
}

function open() {
  return new Promise((done, fail) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "key" });
    request.onsuccess = () => done(request.result);
    request.onerror = fail;
  });
}
