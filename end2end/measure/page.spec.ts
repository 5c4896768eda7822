import type { CDPSession, Page } from '@playwright/test';
import { test } from '../lib/test';

const TICKERS = 1_000;
const SECONDS = 60;

test.use({ allowedConsole: /./ });

function row(name: string, figure: string): void {
  console.log(`| ${name} | ${figure} |`);
}

/** What the browser's own observers saw of the first load. */
async function firstLoad(page: Page): Promise<{ paint: number; largest: number; shift: number }> {
  return page.evaluate(async () => {
    const seen: Record<string, any[]> = {};
    for (const type of ['largest-contentful-paint', 'layout-shift', 'paint']) {
      seen[type] = [];
      new PerformanceObserver((list) => seen[type].push(...list.getEntries())).observe({ type, buffered: true });
    }
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    return {
      paint: seen.paint.find(({ name }) => name === 'first-contentful-paint').startTime,
      largest: Math.max(...seen['largest-contentful-paint'].map(({ startTime }) => startTime)),
      shift: seen['layout-shift'].filter(({ hadRecentInput }) => !hadRecentInput).reduce((sum, { value }) => sum + value, 0),
    };
  });
}

for (const [width, height] of [
  [1440, 900],
  [1024, 768],
  [390, 844],
] as const) {
  test(`first load at ${width}×${height}`, async ({ page, server, workstation }) => {
    await page.setViewportSize({ width, height });
    await workstation.open(server.url);
    const { paint, largest, shift } = await firstLoad(page);
    row(`First load at ${width}×${height}`, `FCP ${paint.toFixed(0)} ms, LCP ${largest.toFixed(0)} ms, CLS ${shift.toFixed(4)}`);
  });
}

/** A market of as many tickers as asked, those of the watchlist among them, that all move at each frame. */
function market(watched: string[]): () => string {
  const letter = (index: number) => String.fromCharCode(65 + (index % 26));
  const invented = Array.from({ length: TICKERS }, (_, index) => `Z${letter(index)}${letter(index / 26)}${letter(index / 676)}`);
  const tickers = [...watched, ...invented].slice(0, TICKERS);
  let frame = 0;
  return () => {
    frame += 1;
    const quotes = tickers.map((ticker, index) => {
      const price = Math.round((100 + index + Math.sin(frame / 3 + index)) * 100) / 100;
      const change = frame % 2 ? 0.01 : -0.01;
      const direction = change > 0 ? 'up' : 'down';
      const figures = { price, previous_price: price, timestamp: Date.now() / 1_000, change, change_percent: 0.01 };
      return [ticker, { ticker, ...figures, direction, day_change: 0.5, day_change_percent: 0.5 }];
    });
    return JSON.stringify(Object.fromEntries(quotes));
  };
}

/** Milliseconds that the page's main thread has worked, by kind. */
async function work(session: CDPSession): Promise<Record<string, number>> {
  const { metrics } = await session.send('Performance.getMetrics');
  const seconds = (name: string) => metrics.find((metric) => metric.name === name)!.value * 1_000;
  return { tasks: seconds('TaskDuration'), script: seconds('ScriptDuration'), layout: seconds('LayoutDuration'), style: seconds('RecalcStyleDuration') };
}

async function watch(url: string, tickers: string[]): Promise<void> {
  for (const ticker of tickers) {
    await fetch(`${url}/api/watchlist`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ ticker }) });
  }
}

test(`${TICKERS} tickers at 2 frames a second`, async ({ page, server, network, workstation }) => {
  const more = ['XOM', 'CVX', 'KO', 'PEP', 'WMT', 'COST', 'HD', 'MCD', 'NKE', 'DIS', 'BA', 'CAT', 'GE', 'IBM', 'INTC', 'AMD', 'ORCL', 'CRM', 'ADBE', 'CSCO'];
  await watch(server.url, more);
  network.replaceStreams(market(['AAPL', 'GOOGL', 'MSFT', 'AMZN', 'TSLA', 'NVDA', 'META', 'JPM', 'V', 'NFLX', ...more]));
  for (const ticker of ['AAPL', 'MSFT', 'NVDA', 'V']) await workstation.order('buy', '2', ticker);
  await workstation.open(network.url);
  await page.evaluate(() => {
    const seen = ((window as any).long = [] as number[]);
    new PerformanceObserver((list) => seen.push(...list.getEntries().map(({ duration }) => duration))).observe({ type: 'longtask' });
  });
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  // The page has just woken up; what it does from here on is what it does all day.
  await page.waitForTimeout(3_000);
  await page.evaluate(() => ((window as any).long.length = 0));
  const before = await work(session);
  await page.waitForTimeout(SECONDS * 1_000);
  const after = await work(session);
  const long: number[] = await page.evaluate(() => (window as any).long);
  const frames = SECONDS * 2;
  const perFrame = (kind: string) => `${((after[kind] - before[kind]) / frames).toFixed(1)} ms`;
  row(`${TICKERS} tickers, ${SECONDS} s: tasks over 50 ms`, long.length ? long.map((ms) => ms.toFixed(0)).join(', ') : 'none');
  row('Work for a frame', `${perFrame('tasks')}, of it script ${perFrame('script')}, style ${perFrame('style')}, layout ${perFrame('layout')}`);
});
