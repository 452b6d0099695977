// Keeps the site's files, so that it works without a network after it was loaded once. The build puts VERSION and FILES in front.
const cached = caches.open(VERSION);

addEventListener('install', (event) => {
  event.waitUntil(cached.then((cache) => cache.addAll(FILES)).then(() => skipWaiting()));
});

addEventListener('activate', (event) => {
  const drop = (names) => Promise.all(names.filter((name) => name !== VERSION).map((name) => caches.delete(name)));
  event.waitUntil(
    caches
      .keys()
      .then(drop)
      .then(() => clients.claim()),
  );
});

/** What is kept by name may be old only where the name has no hash: pages are asked for first, and kept for want of a network. */
async function answer(request) {
  const cache = await cached;
  const fetched = async () => {
    const response = await fetch(request);
    if (response.ok) cache.put(request, response.clone());
    return response;
  };
  const kept = await cache.match(request, { ignoreSearch: true });
  if (request.mode !== 'navigate') return kept ?? fetched();
  return fetched().catch(() => kept ?? cache.match('./'));
}

addEventListener('fetch', (event) => {
  const { method, url } = event.request;
  if (method === 'GET' && new URL(url).origin === location.origin) event.respondWith(answer(event.request));
});
