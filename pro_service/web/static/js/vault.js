/* The second place for what this device remembers. localStorage answers at once, but a browser may write it to disk
seconds later; IndexedDB has it on disk when it says so. What a dead battery took from the one is in the other. */

const NAME = "pro-answers";
const STORE = "kept";
const PATIENCE = 5_000; // milliseconds; nothing is sent before, and a browser may never answer
let opened = null;

/** Keep an entry, {key, ...}. Resolves when it is on disk, or cannot be. */
export function put(entry) {
  return inside("readwrite", (store) => store.put(entry));
}

export function remove(key) {
  return inside("readwrite", (store) => store.delete(key));
}

/** -> every entry; [] where this browser keeps none. */
export function all() {
  const late = new Promise((done) => setTimeout(done, PATIENCE, []));
  return Promise.race([inside("readonly", (store) => store.getAll()), late]).then((found) => found ?? []);
}

async function inside(mode, ask) {
  try {
    opened ??= open();
    const change = (await opened).transaction(STORE, mode, { durability: "strict" });
    const request = ask(change.objectStore(STORE));
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
