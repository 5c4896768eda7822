import type { CDPSession, Page } from '@playwright/test';
import { expect, test } from '../lib/test';
import config from '../playwright.config';

const { launchOptions } = config.use!;

// V8 compiles hot code into machine code, which counts as heap; here it only interprets, so that the heap is the page's
// data.
const INTERPRET = '--js-flags=--no-opt --no-maglev --no-sparkplug --no-flush-bytecode';
// A trace would keep copies of the page, in the page.
test.use({ launchOptions: { ...launchOptions, args: [...launchOptions!.args!, INTERPRET] }, trace: 'off' });

/** How a heap snapshot lays its nodes out: numbers of these fields, one node after the other. */
type SnapshotMeta = { node_fields: string[]; node_types: string[][] };

/** What is alive after a forced collection. */
type Alive = { nodes: number; detached: number; listeners: number; heapBytes: number; wasmPages: number };

test.beforeEach(({ page }) =>
  // Captures the page's WebAssembly memory when it is created.
  page.addInitScript(() => {
    const { instantiateStreaming } = WebAssembly;
    WebAssembly.instantiateStreaming = async (...source) => {
      const made = await instantiateStreaming(...source);
      // Lazy parts have no memory of their own.
      (window as any).memory ??= made.instance.exports.memory;
      return made;
    };
  }),
);

async function alive(page: Page, devtools: CDPSession): Promise<Alive> {
  // One collection can make further objects collectable.
  for (let round = 0; round < 4; round += 1) {
    await devtools.send('HeapProfiler.collectGarbage');
    await page.waitForTimeout(250);
  }
  const { nodes, jsEventListeners: listeners } = await devtools.send('Memory.getDOMCounters');
  const { detachedNodes } = await devtools.send('DOM.getDetachedDomNodes');
  const wasmPages = await page.evaluate(() => (window as any).memory.buffer.byteLength / 65_536);
  return { nodes, listeners, heapBytes: await heapBytes(devtools), wasmPages, detached: detachedNodes.length };
}

/**
 * What JavaScript's objects and code take, added up over a snapshot of the heap. V8's own figure of what is used goes up
 * and down by half a megabyte with what it has set aside, between two collections of a page that stands still.
 */
async function heapBytes(devtools: CDPSession): Promise<number> {
  let text = '';
  const take = ({ chunk }: { chunk: string }) => void (text += chunk);
  devtools.on('HeapProfiler.addHeapSnapshotChunk', take);
  await devtools.send('HeapProfiler.takeHeapSnapshot', { reportProgress: false });
  devtools.off('HeapProfiler.addHeapSnapshotChunk', take);
  const { snapshot, nodes } = JSON.parse(text) as { snapshot: { meta: SnapshotMeta }; nodes: number[] };
  const { node_fields: fields, node_types: types } = snapshot.meta;
  const [type, size] = [fields.indexOf('type'), fields.indexOf('self_size')];
  // Native browser objects are counted as nodes and listeners.
  const native = types[type].indexOf('native');
  let total = 0;
  for (let at = 0; at < nodes.length; at += fields.length) if (nodes[at + type] !== native) total += nodes[at + size];
  return total;
}

/** Chooses each of `selectors` in turn, waiting for each chart, `count` times in all. */
async function choose(page: Page, selectors: string[], count: number): Promise<void> {
  await page.evaluate(
    async ([selectors, count]) => {
      const chart = document.querySelector<HTMLElement>('[data-testid="main-chart"]')!;
      const frame = () => new Promise(requestAnimationFrame);
      for (let turn = 0; turn < count; turn += 1) {
        document.querySelector<HTMLElement>(selectors[turn % selectors.length])!.click();
        do await frame();
        while (chart.dataset.loading !== 'false');
        await frame();
      }
    },
    [selectors, count] as const,
  );
}

async function leaksNothing(page: Page, selectors: string[]): Promise<void> {
  const devtools = await page.context().newCDPSession(page);
  for (const domain of ['HeapProfiler', 'DOM'] as const) await devtools.send(`${domain}.enable`);
  await choose(page, selectors, 50);
  const before = await alive(page, devtools);
  await choose(page, selectors, 150);
  // A tick may fall between two counts and add a figure's node; leaks persist.
  await expect(async () => {
    const after = await alive(page, devtools);
    expect(after.nodes - before.nodes, 'nodes').toBeLessThanOrEqual(0);
    expect(after.detached - before.detached, 'detached nodes').toBeLessThanOrEqual(0);
    expect(after.listeners - before.listeners, 'listeners').toBeLessThanOrEqual(0);
    expect(after.wasmPages - before.wasmPages, 'pages of WebAssembly.Memory').toBe(0);
    expect(after.heapBytes / before.heapBytes, 'JavaScript heap').toBeLessThanOrEqual(1.02);
  }).toPass({ timeout: 20_000 });
}

test('switching tickers two hundred times leaves nothing behind', async ({ workstation }) => {
  test.setTimeout(180_000);
  const { page } = workstation;
  const tickers = ['NVDA', 'AAPL', 'TSLA', 'MSFT', 'V'];
  await leaksNothing(page, tickers.map((ticker) => `[data-testid="watchlist-row"][data-ticker="${ticker}"] button`));
  await expect(page.locator('[data-testid="main-chart"] .tv-lightweight-charts')).toHaveCount(1);
});

test('switching intervals and studies two hundred times leaves nothing behind', async ({ workstation }) => {
  test.setTimeout(180_000);
  const { page } = workstation;
  // Ten turns end in the initial state, so the counts after fifty and after two hundred are of the same page.
  const turns = ['rsi14', '5m', 'ema50', '1h', 'rsi14', '1s', 'ema50', '1d', '5m', '1m'];
  await leaksNothing(page, turns.map((choice) => `.chart [data-choice="${choice}"]`));
});
