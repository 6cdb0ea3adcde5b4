// The service worker. It has one purpose: it shows the page /offline when a page cannot be loaded
// because the network fails. The server puts the constant `OFFLINE` before this text: the version of
// the page, and the URLs of the page and of what it needs.

// Paths of the API and of other programs, whose clients expect no page of the shop.
const IGNORED = ["/api", "/docs", "/openapi.json", "/.well-known"];

function isIgnored(path) {
  return IGNORED.some((prefix) => path === prefix || path.startsWith(`${prefix}/`));
}

// The Cache API cannot see the headers that the responses vary by.
function cached(url) {
  return caches.match(url, { ignoreVary: true });
}

async function install() {
  const cache = await caches.open(OFFLINE.version);
  // Without cookies, the page is the same for everyone.
  const options = { cache: "reload", credentials: "omit" };
  await cache.addAll(OFFLINE.urls.map((url) => new Request(url, options)));
  await self.skipWaiting();
}

async function activate() {
  const outdated = (await caches.keys()).filter((name) => name !== OFFLINE.version);
  await Promise.all(outdated.map((name) => caches.delete(name)));
  await self.clients.claim();
}

async function fetchOr(request, fallback) {
  try {
    return await fetch(request);
  } catch (error) {
    const response = await cached(fallback);
    if (!response) throw error;
    return response;
  }
}

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(activate()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin || isIgnored(url.pathname)) return;
  if (request.mode === "navigate") event.respondWith(fetchOr(request, "/offline"));
  else if (OFFLINE.urls.includes(url.pathname)) event.respondWith(fetchOr(request, url.pathname));
});
