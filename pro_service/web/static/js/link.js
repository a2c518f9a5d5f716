/* While somebody reads "Welcome", what the questions need comes in; pressing Begin then waits for the questions alone.

Pressing it also takes the link, which is as good as a key, out of the browser's history.
*/

const form = document.querySelector("form[data-begin]");

form.addEventListener("submit", () => {
  history.replaceState(null, "", form.dataset.begin);
});

// a page that comes back from the browser's memory stands at the address above by now
addEventListener("pageshow", (event) => event.persisted && location.reload());

if (!navigator.connection?.saveData) {
  addEventListener("load", () => {
    for (const address of form.dataset.next.split(" ")) fetch(address, { priority: "low" }).catch(() => {});
  });
}
