/** The watchlist holds no more than this. */
const WATCHED_MAX = 50;

async function call(url: string, method: string, body?: object): Promise<void> {
  const response = await fetch(url, { method, headers: { 'content-type': 'application/json' }, body: body && JSON.stringify(body) });
  if (!response.ok) throw new Error(`${method} ${url}: ${response.status} ${await response.text()}`);
}

/** Makes a server follow so many tickers: those of the list it begins with, as many more as fit there, and the rest held. */
export async function widen(url: string, tickers: number): Promise<void> {
  const { tickers: watched } = (await (await fetch(`${url}/api/watchlist`)).json()) as { tickers: unknown[] };
  const letter = (index: number) => String.fromCharCode(65 + (Math.floor(index) % 26));
  const more = Array.from({ length: tickers - watched.length }, (_, index) => `Z${letter(index)}${letter(index / 26)}${letter(index / 676)}`);
  const watch = (ticker: string) => call(`${url}/api/watchlist`, 'POST', { ticker });
  const places = WATCHED_MAX - watched.length;
  const held = more.slice(places);
  // A new ticker waits for its first price, so many are watched at a time.
  while (held.length > 0) {
    const some = held.splice(0, places);
    await Promise.all(some.map(watch));
    await Promise.all(some.map((ticker) => call(`${url}/api/portfolio/trade`, 'POST', { ticker, side: 'buy', quantity: 0.02 })));
    await Promise.all(some.map((ticker) => call(`${url}/api/watchlist/${ticker}`, 'DELETE')));
  }
  await Promise.all(more.slice(0, places).map(watch));
}
