import type { Page } from '@playwright/test';
import { drawn, noteDrawing, settled } from '../lib/chart';
import { expect, test } from '../lib/test';

for (const [name, width, height] of [
  ['a window at 200 %', 640, 400],
  ['a phone held sideways', 844, 390],
] as const) {
  test.describe(name, () => {
    test.use({ viewport: { width, height } });

    test('has chart and ticket side by side', async ({ page, workstation }) => {
      const chart = (await page.getByTestId('main-chart').boundingBox())!;
      expect(chart.height).toBeGreaterThan(150);
      expect(chart.width).toBeGreaterThan(250);
      for (const id of ['main-chart', 'trade-quantity', 'trade-buy', 'trade-sell']) {
        const box = (await page.getByTestId(id).boundingBox())!;
        expect(box.x + box.width, id).toBeLessThanOrEqual(width);
        expect(box.y + box.height, id).toBeLessThanOrEqual(height);
      }
      await workstation.show('Copilot');
      const field = (await page.getByTestId('chat-input').boundingBox())!;
      expect(field.y + field.height).toBeLessThanOrEqual(height);
      expect(await page.evaluate(() => [document.documentElement.scrollWidth - innerWidth, document.documentElement.scrollHeight - innerHeight])).toEqual([0, 0]);
    });
  });
}

test.describe('a touch screen', () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });

  /** Targets that are too small for a finger, and fields that the browser zooms into. */
  const tooSmall = (page: Page) =>
    page.evaluate(() => {
      const found: string[] = [];
      for (const element of document.querySelectorAll<HTMLElement>('button, a, input, select, textarea, [role="option"]')) {
        const box = (element.closest('label') ?? element).getBoundingClientRect();
        if (!box.width || !element.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
        const name = `${element.tagName} ${element.className} ${element.dataset.testid ?? element.textContent}`;
        if (box.width < 44 || box.height < 44) found.push(`${name}: ${box.width}×${box.height}`);
        if (element.matches('input, select, textarea') && parseFloat(getComputedStyle(element).fontSize) < 16) found.push(`${name}: small text`);
      }
      return found;
    });

  test('has targets of 44 pixels and fields that are not zoomed into', async ({ page, workstation }) => {
    await workstation.order('buy', '2', 'NVDA');
    await expect(workstation.toast('success')).toBeVisible();
    expect(await tooSmall(page)).toEqual([]);
    for (const word of ['Watch', 'Positions', 'Heatmap', 'Equity', 'Copilot', 'Account', 'Trade']) {
      await workstation.show(word);
      expect(await tooSmall(page), word).toEqual([]);
    }
    await page.getByRole('button', { name: 'Settings' }).click();
    expect(await tooSmall(page), 'settings').toEqual([]);
  });

  test('has room for what is written in, whatever a keyboard covers', async ({ page, workstation }) => {
    expect(await page.locator('meta[name="viewport"]').getAttribute('content')).toContain('interactive-widget=resizes-content');
    // A keyboard that resizes the page.
    await page.setViewportSize({ width: 390, height: 420 });
    for (const id of ['trade-quantity', 'trade-buy', 'trade-sell']) {
      const box = (await page.getByTestId(id).boundingBox())!;
      expect(box.y + box.height, id).toBeLessThanOrEqual(420);
    }
    // A keyboard that covers the page, like Safari's.
    await page.setViewportSize({ width: 390, height: 844 });
    await workstation.show('Copilot');
    await page.evaluate(() => {
      Object.defineProperty(visualViewport, 'height', { value: 500 });
      visualViewport!.dispatchEvent(new Event('resize'));
    });
    const field = (await page.getByTestId('chat-input').boundingBox())!;
    expect(field.y + field.height).toBeLessThanOrEqual(500);
  });
});

test('sizes follow the text size of the browser', async ({ page, workstation: _ }) => {
  const sizes = () =>
    page.evaluate(() =>
      ['[data-testid="total-value"]', '[data-testid="watchlist-price"]', '.row small', '[data-testid="trade-buy"]', 'thead th', '.chart-legend', 'h2'].map((selector) =>
        parseFloat(getComputedStyle(document.querySelector(selector)!).fontSize),
      ),
    );
  const before = await sizes();
  await page.evaluate(() => (document.documentElement.style.fontSize = '24px'));
  expect(await sizes()).toEqual(before.map((size) => size * 1.5));
});

test('forced colours keep charts, gains, losses and what is chosen apart', async ({ page, server, workstation }) => {
  await noteDrawing(page);
  await page.emulateMedia({ forcedColors: 'active' });
  await workstation.open(server.url);
  await workstation.order('buy', '2', 'NVDA');
  await expect(workstation.position('NVDA')).toBeVisible();
  await settled(page.getByTestId('main-chart'));
  const colours = await page.evaluate(() => {
    const style = (selector: string) => getComputedStyle(document.querySelector(selector)!);
    const probe = (tone: string) => {
      const element = document.createElement('span');
      element.className = tone;
      document.querySelector('.positions')!.append(element);
      const { color } = getComputedStyle(element);
      element.remove();
      return color;
    };
    return {
      up: probe('up'),
      down: probe('down'),
      plain: style('.row:not(.on)').backgroundColor,
      chosen: style('.row.on').backgroundColor,
      pressed: style('.choices [aria-pressed="true"]').backgroundColor,
      notPressed: style('.choices [aria-pressed="false"]').backgroundColor,
      panel: style('.chart').backgroundColor,
    };
  });
  expect(colours.up).not.toBe(colours.down);
  expect(colours.chosen).not.toBe(colours.plain);
  expect(colours.pressed).not.toBe(colours.notPressed);
  const chart = await drawn(page, 'main-chart');
  expect(chart.background).toBe(colours.panel);
  const candles = await page.evaluate(() => {
    const { upColor, downColor } = (window as any).drawn.find((note: any) => note.id === 'main-chart' && !note.removed).chart.panes()[0].getSeries()[0].options();
    return { upColor, downColor };
  });
  expect(new Set([candles.upColor, candles.downColor, chart.background]).size).toBe(3);
});

test('nothing flashes for those who want no motion', async ({ page, server, workstation }) => {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await workstation.open(server.url);
  const total = await workstation.totalValue.textContent();
  await workstation.order('buy', '2', 'NVDA');
  await expect(workstation.position('NVDA')).toBeVisible();
  await expect(workstation.totalValue).not.toHaveText(total!);
  expect(await page.locator('.lights path[d]:not([d=""])').count()).toBe(0);
  expect(await page.evaluate(() => document.getAnimations().map((animation) => (animation.effect as KeyframeEffect).target?.className))).toEqual([]);
});

test('paper has every panel, and all of it', async ({ page, workstation }) => {
  await workstation.order('buy', '2', 'NVDA');
  await expect(workstation.position('NVDA')).toBeVisible();
  await page.setViewportSize({ width: 800, height: 600 });
  await page.emulateMedia({ media: 'print' });
  for (const id of ['watchlist', 'main-chart', 'positions-table', 'heatmap', 'pnl-chart', 'total-value']) await expect(page.getByTestId(id), id).toBeVisible();
  for (const id of ['trade-buy', 'watchlist-add-input', 'chat-input']) await expect(page.getByTestId(id), id).toBeHidden();
  // Nothing is cut off: the page is as long as needed.
  const cut = await page.evaluate(() => [...document.querySelectorAll('.rows, .scroll, .messages')].filter((element) => element.scrollHeight > element.clientHeight + 1).length);
  expect(cut).toBe(0);
  expect(await page.evaluate(() => document.documentElement.scrollHeight)).toBeGreaterThan(900);
});

test('without JavaScript one line says that nothing is live, and nothing looks so', async ({ browser, server }) => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(server.url);
  await expect(page.locator('noscript p')).toBeVisible();
  expect(await page.locator('noscript p').innerHTML()).toContain('Without JavaScript nothing here is live');
  await expect(page.getByTestId('total-value')).toBeVisible();
  await expect(page.getByTestId('connection-status')).toBeHidden();
  await expect(page.getByTestId('trade-buy')).toBeHidden();
  await context.close();
});

test('a message is read out once', async ({ page, workstation }) => {
  await workstation.order('buy', '2', 'NVDA');
  await expect(workstation.toast('success')).toBeVisible();
  await page.getByTestId('chat-input').fill('How am I doing?');
  await page.getByTestId('chat-send').click();
  await expect(page.locator('[data-testid="chat-message"][data-role="assistant"]')).toBeVisible();
  const LIVE = '[aria-live], [role="status"], [role="alert"], [role="log"]';
  expect(await page.evaluate((live) => [...document.querySelectorAll(live)].filter((element) => element.parentElement!.closest(live)).map((element) => element.outerHTML.slice(0, 80)), LIVE)).toEqual([]);
});

test('the pace of the feed is not told before it is known, and then as it is', async ({ page, workstation }) => {
  const told = await page.evaluate(
    () =>
      new Promise<string[]>((resolve) => {
        const pace = document.querySelector('[data-testid="feed-pace"]')!;
        const seen = new Set([pace.textContent!]);
        new MutationObserver(() => seen.add(pace.textContent!)).observe(pace, { characterData: true, childList: true, subtree: true });
        setTimeout(() => resolve([...seen]), 4_000);
      }),
  );
  await expect(workstation.connection).toHaveAttribute('data-state', 'connected');
  for (const words of told) expect(words).toMatch(/^Feed (—|(1\.9|2\.[01]) frames\/s)$/);
  await expect(page.getByTestId('feed-pace')).toHaveText(/frames/);
});

test.describe('in Kolkata', () => {
  test.use({ timezoneId: 'Asia/Kolkata' });

  test("a day's mark stands at local midnight", async ({ page, server, workstation }) => {
    await noteDrawing(page);
    await workstation.open(server.url);
    await settled(page.getByTestId('main-chart'));
    const marked = await page.evaluate(() => {
      const behavior = (window as any).drawn.find((note: any) => note.id === 'main-chart').chart.horzBehaviour();
      // Half hours around the midnight of both clocks, 18:30 and 24:00 UTC.
      const begin = Date.UTC(2026, 10, 24, 17) / 1000;
      const points = Array.from({ length: 20 }, (_, index) => ({ time: behavior.convertHorzItemToInternal(begin + index * 1800), timeWeight: 0 }));
      behavior.fillWeightsForPoints(points.slice(0, 5), 0);
      behavior.fillWeightsForPoints(points, 1);
      return points.map(({ time, timeWeight }) => ({ hour: new Date(behavior.key(time) * 1000).toISOString().slice(11, 16), timeWeight })).filter(({ timeWeight }) => timeWeight >= 50);
    });
    expect(marked).toEqual([{ hour: '18:30', timeWeight: 50 }]);
  });
});

test('trades are saved as a spreadsheet wants them, and the file is there for as long as its saving takes', async ({ page, workstation }) => {
  await workstation.order('buy', '2.5', 'AAPL');
  await expect(workstation.position('AAPL')).toBeVisible();
  await page.evaluate(() => {
    const { createObjectURL, revokeObjectURL } = URL;
    const addresses = ((window as any).addresses = [] as string[]);
    URL.createObjectURL = (file) => (addresses.push(createObjectURL(file)), addresses.at(-1)!);
    URL.revokeObjectURL = (address) => (addresses.push('revoked'), revokeObjectURL(address));
  });
  const save = async () => {
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Trades (CSV)' }).click()]);
    return Buffer.concat(await (await download.createReadStream()).toArray()).toString();
  };
  await page.getByRole('button', { name: 'Settings' }).click();
  expect(await save()).toMatch(/^executed_at_utc,ticker,.*\r\n\d{4}-\d\d-\d\dT[\d:.]+Z,AAPL,buy,2\.5,/);
  await page.waitForTimeout(300);
  expect(await page.evaluate(() => (window as any).addresses as string[]), 'not revoked').toEqual([expect.stringMatching(/^blob:/)]);

  await page.getByLabel('Separator').selectOption('Semicolon');
  await page.getByLabel('Decimals').selectOption('1234,5');
  await page.getByLabel('Times').selectOption('Local time');
  expect(await save()).toMatch(/^executed_at_local;ticker;.*\r\n\d{4}-\d\d-\d\d [\d:]+;AAPL;buy;2,5;/);
  await page.reload();
  await workstation.hydrated();
  await page.getByRole('button', { name: 'Settings' }).click();
  await expect(page.getByLabel('Decimals')).toHaveValue(',');
});
