// Keeps nothing, so it can serve nothing old: a page that cannot be loaded is answered with the one below, which asks
// again every few seconds. Everything else goes to the network as if this were not here.
const OFFLINE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="dark light">
<meta http-equiv="refresh" content="5">
<title>FinAlly is out of reach</title>
<style>
  body { display: grid; place-content: center; height: 100dvh; margin: 0; text-align: center; font: 15px/1.5 system-ui, sans-serif; background: light-dark(#f2f5f8, #0b0f14); color: light-dark(#17202a, #e4ebf2) }
  h1 { font-size: 19px }
  a { color: light-dark(#0a6a9c, #209dd7) }
</style>
<h1>FinAlly is out of reach</h1>
<p>There is no network, or the server is down. Your account is safe on the server.<br>This page tries again every five seconds.</p>
<p><a href="">Try now</a></p>
</html>`;
const HEADERS = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
};

self.addEventListener("install", (event) => {
  self.skipWaiting();
  // Where the browser can be told, only navigations wake this worker at all.
  event.addRoutes?.({ condition: { not: { requestMode: "navigate" } }, source: "network" });
});

self.addEventListener("fetch", (event) => {
  if (event.request.mode !== "navigate" || event.request.method !== "GET") return;
  event.respondWith(fetch(event.request).catch(() => new Response(OFFLINE, { status: 503, headers: HEADERS })));
});
