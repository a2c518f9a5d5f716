/* Shows a message that was pushed, sealed for this browser alone, and opens its link when touched. Keeps nothing. */

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
