import type { Locator } from '@playwright/test';
import { drawn, noteDrawing, settled } from '../lib/chart';
import { expect, test, Workstation } from '../lib/test';

const LEGEND = ['legend-open', 'legend-high', 'legend-low', 'legend-close'] as const;

test.beforeEach(async ({ page }) => noteDrawing(page));

test('candles, volume and an average are drawn, and what is switched on or off comes and goes', async ({ workstation }) => {
  const { page } = workstation;
  await settled(page.getByTestId('main-chart'));
  const kinds = async () => (await drawn(page, 'main-chart')).series.map(({ kind, pane }) => `${kind} ${pane}`);
  const toggle = (layer: string) => page.locator(`[data-testid="chart-toggle"][data-choice="${layer}"]`);
  expect(await kinds()).toEqual(['Candlestick 0', 'Histogram 1', 'Line 0']);

  await toggle('rsi14').click();
  await expect.poll(kinds).toEqual(['Candlestick 0', 'Histogram 1', 'Line 0', 'Line 2']);
  await toggle('ema50').click();
  await expect.poll(kinds).toEqual(['Candlestick 0', 'Histogram 1', 'Line 0', 'Line 2', 'Line 0']);
  await toggle('volume').click();
  await expect.poll(kinds).toEqual(['Candlestick 0', 'Line 0', 'Line 1', 'Line 0']);
  for (const layer of ['sma20', 'ema50', 'rsi14']) {
    await expect(toggle(layer)).toHaveAttribute('aria-pressed', 'true');
    await expect(page.locator(`[data-testid="chart-legend"] [data-study="${layer}"] dd`)).toHaveText(/^\d+\.\d\d$/);
    await toggle(layer).click();
    const figure = page.locator(`[data-testid="chart-legend"] [data-study="${layer}"]`);
    await expect(figure).toHaveJSProperty('hidden', true);
    await expect(figure).toBeHidden();
    await expect(figure.locator('dd')).toBeEmpty();
  }
  await expect.poll(kinds).toEqual(['Candlestick 0']);
});

test('a chart that nobody sees is not drawn, and shows all that came since when somebody does', async ({ page, workstation: _ }) => {
  await settled(page.getByTestId('main-chart'));
  const updates = async () => (await drawn(page, 'main-chart')).update;
  const slot = page.locator('[data-slot="chart"]');
  await slot.evaluate((element: HTMLElement) => element.style.setProperty('display', 'none'));
  await page.waitForTimeout(300);
  const [hidden, legend] = [await updates(), page.getByTestId('legend-close')];
  const close = await legend.textContent();
  await expect(legend).not.toHaveText(close!);
  expect(await updates()).toBe(hidden);
  await slot.evaluate((element: HTMLElement) => element.style.removeProperty('display'));
  await expect.poll(updates).toBeGreaterThan(hidden);
});

test('the price is drawn as candles, a line or an area', async ({ workstation }) => {
  const { page } = workstation;
  await settled(page.getByTestId('main-chart'));
  const price = async () => (await drawn(page, 'main-chart')).series.find(({ kind }) => kind !== 'Histogram' && kind !== 'Line')?.kind;
  await page.getByTestId('chart-style').selectOption('area');
  await expect.poll(price).toBe('Area');
  await page.getByTestId('chart-style').selectOption('line');
  await expect.poll(price).toBe(undefined);
  await page.getByTestId('chart-style').selectOption('candles');
  await expect.poll(price).toBe('Candlestick');
  await expect(page.getByTestId('main-chart').locator('.tv-lightweight-charts')).toHaveCount(1);
});

test('every interval is loaded, and the choice is remembered', async ({ workstation }) => {
  const { page } = workstation;
  const chart = page.getByTestId('main-chart');
  const button = (interval: string) => page.locator(`[data-testid="chart-interval"][data-choice="${interval}"]`);
  await settled(chart);
  await expect(button('1m')).toHaveAttribute('aria-pressed', 'true');
  for (const interval of ['1s', '5m', '1h', '1d']) {
    const asked = page.waitForRequest((request) => request.url().includes('/load_candles') && request.postDataJSON().interval === interval);
    await button(interval).click();
    await asked;
    await expect(button(interval)).toHaveAttribute('aria-pressed', 'true');
    await settled(chart);
    await expect(page.getByTestId('legend-open')).toHaveText(/^\d+\.\d\d$/);
  }
  await page.getByTestId('chart-style').selectOption('line');
  await page.reload();
  await workstation.hydrated();
  await expect(button('1d')).toHaveAttribute('aria-pressed', 'true');
  await expect(button('1m')).toHaveAttribute('aria-pressed', 'false');
  await expect(page.getByTestId('chart-style')).toHaveValue('line');
  await settled(chart);
});

test('the legend tells the candle below the crosshair, and the latest one when it leaves', async ({ workstation }) => {
  const { page } = workstation;
  const chart = page.getByTestId('main-chart');
  await settled(chart);
  const figures = async () => {
    const texts = await Promise.all(LEGEND.map((id) => page.getByTestId(id).innerText()));
    return texts.map((text) => Number(text.replace(/,/g, '')));
  };
  const box = (await chart.boundingBox())!;
  const seen = new Set<string>();
  for (const share of [0.2, 0.35, 0.5, 0.65]) {
    await page.mouse.move(box.x + box.width * share, box.y + box.height * 0.4);
    await expect.poll(async () => !seen.has(String(await figures()))).toBe(true);
    const [open, high, low, close] = await figures();
    expect(Math.max(open, close)).toBeLessThanOrEqual(high);
    expect(Math.min(open, close)).toBeGreaterThanOrEqual(low);
    expect(await page.getByTestId('legend-volume').innerText()).toMatch(/^\d+(\.\d[KMB])?$/);
    seen.add(String(await figures()));
  }
  await page.mouse.move(box.x + box.width / 2, box.y - 80);
  const last = page.locator('.chart-bar .last');
  await expect.poll(async () => (await page.getByTestId('legend-close').innerText()) === (await last.innerText())).toBe(true);
});

test('the last candle follows the price by updates alone', async ({ workstation }) => {
  const { page } = workstation;
  await settled(page.getByTestId('main-chart'));
  const before = await drawn(page, 'main-chart');
  await expect.poll(async () => (await drawn(page, 'main-chart')).update).toBeGreaterThan(before.update + 10);
  expect((await drawn(page, 'main-chart')).setData).toBe(before.setData);
  const price = page.locator('.chart-bar .last');
  await expect.poll(async () => (await page.getByTestId('legend-close').innerText()) === (await price.innerText())).toBe(true);
});

test('the candles are the server\'s, volume and all', async ({ workstation, server }) => {
  const { page } = workstation;
  await settled(page.getByTestId('main-chart'));
  // The page requests data that the stream lacks, so a completed candle has its volume within seconds.
  await page.locator('[data-testid="chart-interval"][data-choice="1s"]').click();
  await settled(page.getByTestId('main-chart'));
  await page.waitForRequest((request) => request.url().includes('/load_candles') && request.postDataJSON().since !== null);
  await expect(page.getByTestId('legend-volume')).toHaveText(/^[1-9]/);
  const answer = await fetch(`${server.url}/api/prices/AAPL/candles?interval=1s&limit=1`);
  const [latest] = (await answer.json()).candles;
  expect(Number(await page.getByTestId('legend-close').innerText())).toBeCloseTo(latest.close, -1);
});

test('the candles are loaded again, once, when the clock has gone back', async ({ page, network }) => {
  let [version, at] = [1_000_000, Date.now()];
  network.replaceStreams(() => `K${version++} ${at} AAPL:1900000:1900000:1900000 @L+ 1795305600 1795305600 4102444800`);
  const loaded: unknown[] = [];
  page.on('request', (request) => {
    if (request.url().includes('/load_candles') && request.postDataJSON().since === null) loaded.push(request.postDataJSON());
  });
  await new Workstation(page).open(network.url);
  await settled(page.getByTestId('main-chart'));
  await expect(page.locator('.chart-bar .last')).toHaveText('190.00');
  await page.waitForTimeout(1_500);
  expect(loaded).toEqual([]);
  at -= 3_600_000;
  await expect.poll(() => loaded.length).toBe(1);
  await settled(page.getByTestId('main-chart'));
  await page.waitForTimeout(1_500);
  expect(loaded).toHaveLength(1);
});

test('own trades are marked, and the average cost is a line while the ticker is held', async ({ workstation }) => {
  const { page } = workstation;
  await settled(page.getByTestId('main-chart'));
  const cost = async () => (await drawn(page, 'main-chart')).priceLines.filter(({ title }) => title === 'avg cost');
  expect((await drawn(page, 'main-chart')).markers).toEqual([]);
  expect(await cost()).toEqual([]);

  await workstation.order('buy', '3', 'AAPL');
  await expect.poll(async () => (await drawn(page, 'main-chart')).markers.map(({ shape }) => shape)).toEqual(['arrowUp']);
  const averageCost = Number(await workstation.position('AAPL').getByTestId('position-avg-cost').innerText());
  await expect.poll(async () => (await cost()).map(({ price }) => price)).toEqual([averageCost]);

  await workstation.row('MSFT').getByRole('button').first().click();
  await expect.poll(async () => (await drawn(page, 'main-chart')).markers).toEqual([]);
  await expect.poll(cost).toEqual([]);

  await workstation.row('AAPL').getByRole('button').first().click();
  await expect.poll(async () => (await drawn(page, 'main-chart')).markers).toHaveLength(1);
  await page.getByTestId('chart-style').selectOption('area');
  await expect.poll(cost).toHaveLength(1);
  await workstation.order('sell', '3', 'AAPL');
  await expect.poll(async () => (await drawn(page, 'main-chart')).markers.map(({ shape }) => shape)).toContain('arrowDown');
  await expect.poll(cost).toEqual([]);
});

test('a light theme is a light chart', async ({ page, server, workstation }) => {
  await page.emulateMedia({ colorScheme: 'dark' });
  const brightness = async (id: string) => {
    const [red, green, blue] = (await drawn(page, id)).background.match(/\d+/g)!.map(Number);
    return (red + green + blue) / 3;
  };
  for (const id of ['main-chart', 'pnl-chart']) {
    await settled(page.getByTestId(id));
    await expect.poll(() => brightness(id)).toBeLessThan(60);
  }
  await page.emulateMedia({ colorScheme: 'light' });
  for (const id of ['main-chart', 'pnl-chart']) {
    await expect.poll(() => brightness(id)).toBeGreaterThan(220);
    await expect(page.getByTestId(id).locator('.tv-lightweight-charts')).toHaveCount(1);
  }
  await workstation.open(server.url);
  await settled(page.getByTestId('main-chart'));
  expect(await brightness('main-chart')).toBeGreaterThan(220);
});

for (const [width, height] of [
  [1440, 900],
  [1024, 768],
  [390, 844],
] as const) {
  test(`the chart fills its place at ${width}×${height}, whatever is drawn`, async ({ page, workstation }) => {
    await page.setViewportSize({ width, height });
    const chart = page.getByTestId('main-chart');
    await settled(chart);
    await page.locator('[data-testid="chart-toggle"][data-choice="rsi14"]').click();
    const inside = async () => {
      const [place, canvas] = [(await chart.boundingBox())!, (await chart.locator('.tv-lightweight-charts').boundingBox())!];
      return Math.abs(place.width - canvas.width) <= 1 && Math.abs(place.height - canvas.height) <= 1 && canvas.height > 150;
    };
    await expect.poll(inside).toBe(true);
    await expect(page.getByRole('link', { name: /TradingView/ })).toBeVisible();
    for (const control of await page.locator('.chart-bar button, .chart-bar select').all()) {
      const box = (await control.boundingBox())!;
      expect(box.x + box.width).toBeLessThanOrEqual(width);
    }
    await expect(workstation.connection).toHaveAttribute('data-state', 'connected');
  });
}

test.describe('when something cannot be read', () => {
  test.use({ allowedConsole: /Failed to load resource|net::ERR_/ });

  test('candles that cannot be loaded are said so in place, and loaded on demand', async ({ page, workstation }) => {
    await settled(page.getByTestId('main-chart'));
    await page.route(/\/api\/fn\/load_candles/, (route) => route.abort());
    await workstation.row('TSLA').getByRole('button').first().click();
    const alert = page.locator('.chart [role="alert"]');
    await expect(alert).toContainText('The chart could not be loaded. The server could not be reached.');
    await workstation.order('buy', '1', 'TSLA');
    await expect(workstation.position('TSLA')).toBeVisible();

    await page.unroute(/\/api\/fn\/load_candles/);
    await alert.getByRole('button', { name: 'Try again' }).click();
    await expect(alert).toHaveCount(0);
    await settled(page.getByTestId('main-chart'));
    await expect(page.getByTestId('legend-open')).toHaveText(/^\d+\.\d\d$/);
  });

  test('without the drawing library everything else works, and it is fetched on demand', async ({ page, server, workstation }) => {
    await page.unrouteAll();
    await page.route(/lightweight-charts/, (route) => route.abort());
    await workstation.open(server.url);
    const alert = page.locator('.chart [role="alert"]');
    await expect(alert).toContainText('The drawing library could not be loaded.');
    await workstation.order('buy', '1', 'V');
    await expect(workstation.position('V')).toBeVisible();

    await page.unrouteAll();
    await alert.getByRole('button', { name: 'Try again' }).click();
    await expect(alert).toHaveCount(0);
    await settled(page.getByTestId('main-chart'));
  });
});

test('the ticker stands with its company, its ranges of the day and of the year, and its volume', async ({ page, server, workstation }) => {
  await page.setViewportSize({ width: 1920, height: 1080 });
  await workstation.symbol('NVDA').click();
  await expect(page.getByTestId('symbol-company')).toHaveText('NVIDIA');
  const answer = await fetch(`${server.url}/api/prices/NVDA/candles?interval=1d&limit=252`);
  const { candles } = (await answer.json()) as { candles: { open: number; high: number; low: number }[] };
  const number = async (locator: Locator) => Number((await locator.textContent())!.replace(',', ''));
  expect(await number(page.getByTestId('symbol-open'))).toBeCloseTo(candles.at(-1)!.open, 2);
  const ends = page.getByTestId('symbol-year').locator('.range-end');
  // Prices of the moment may widen a range.
  expect(await number(ends.first())).toBeLessThanOrEqual(Math.min(...candles.map(({ low }) => low)) + 0.005);
  expect(await number(ends.last())).toBeGreaterThanOrEqual(Math.max(...candles.map(({ high }) => high)) - 0.005);
  const mark = page.getByTestId('symbol-day').locator('.range-bar i');
  const place = await mark.evaluate((mark) => parseFloat((mark as HTMLElement).style.left));
  expect(place).toBeGreaterThanOrEqual(0);
  expect(place).toBeLessThanOrEqual(100);
  await expect(page.getByTestId('symbol-volume')).toHaveText(/^\d+(\.\d+)?[KMB]?$/);
});
