import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { away, chartMenu, highest, orderOf, orderRow, type Pane, placeLimit, priceOf, pricePane, showOrders } from '../lib/orders';
import { cents, expect, test, Workstation } from '../lib/test';

test('a limit order is held, changed in its place, and cancelled', async ({ page, server, workstation }) => {
  const limit = away(await priceOf(server.url, 'NVDA'), 0.8);
  await placeLimit(workstation, 'buy', '5', 'NVDA', limit);
  await expect(workstation.toast('success')).toContainText(`Placed: Buy 5 NVDA limit ${limit}`);
  const held = Math.round(Number(limit) * 500);
  await expect.poll(async () => cents(await page.getByTestId('buying-power').innerText())).toBe(1_000_000 - held);
  await expect(workstation.cash).toHaveText('$10,000.00');

  await showOrders(page);
  const row = orderRow(page, 'NVDA', 'working');
  await expect(row.getByTestId('order-kind')).toHaveText('Buy limit');
  await expect(row.getByTestId('order-quantity')).toHaveText('5');
  await expect(row.getByTestId('order-prices')).toHaveText(limit);
  await expect(row.getByTestId('order-state')).toHaveText('Working');
  expect(cents(await row.getByTestId('order-held').innerText())).toBe(held);

  await row.getByTestId('order-edit').click();
  await expect(page.getByTestId('order-edit-quantity')).toBeFocused();
  await page.getByTestId('order-edit-quantity').fill('2');
  await page.keyboard.press('Enter');
  await expect(row.getByTestId('order-quantity')).toHaveText('2');
  await expect(page.getByTestId('order-editor')).toHaveCount(0);
  await expect(row.getByTestId('order-edit')).toBeFocused();
  await expect.poll(async () => cents(await page.getByTestId('buying-power').innerText())).toBe(1_000_000 - Math.round(Number(limit) * 200));

  await row.getByTestId('order-cancel').click();
  const ended = orderRow(page, 'NVDA', 'canceled');
  await expect(ended.getByTestId('order-state')).toHaveText('Cancelled');
  await expect(row).toHaveCount(0);
  await expect(page.getByTestId('buying-power')).toHaveText('$10,000.00');
  await ended.getByTestId('order-detail').click();
  await expect(page.getByTestId('order-events').getByRole('listitem')).toHaveCount(2);
});

test('an order that is reached fills, and says so', async ({ page, server, workstation }) => {
  const price = await priceOf(server.url, 'AAPL');
  await placeLimit(workstation, 'buy', '3', 'AAPL', away(price, 0.9));
  await showOrders(page);
  const row = orderRow(page, 'AAPL', 'working');
  await row.getByTestId('order-edit').click();
  // Above the market: the next tick fills it.
  await page.getByTestId('order-edit-limit').fill(away(price, 1.05));
  await page.getByTestId('order-save').click();
  const filled = orderRow(page, 'AAPL', 'filled');
  await expect(filled.getByTestId('order-state')).toContainText('Filled at ');
  await expect(workstation.toast('success').filter({ hasText: 'Bought 3 AAPL at' })).toBeVisible();
  await filled.getByTestId('order-detail').click();
  await expect(page.getByTestId('order-events')).toContainText('Filled 3 at');
  await page.getByRole('tab', { name: /^Positions/ }).click();
  await expect(workstation.position('AAPL').getByTestId('position-quantity')).toHaveText('3');
});

test('a bracket shows what is at risk, enters, and stands with both exits', async ({ page, server, workstation }) => {
  // A dozen steps, each of which waits for the server: more than a busy machine does in half a minute.
  test.setTimeout(60_000);
  const price = await priceOf(server.url, 'NVDA');
  await page.getByTestId('trade-ticker').fill('NVDA');
  await page.getByTestId('trade-quantity').fill('2');
  await page.getByTestId('order-more').click();
  await page.getByTestId('order-take-profit').fill(away(price, 1.3));
  await page.getByTestId('order-stop-loss').fill(away(price, 0.9));
  await expect(page.getByTestId('order-risk').locator('dd')).toContainText('−$');
  await expect(page.getByTestId('order-ratio').locator('dd')).toHaveText(/^\d\.\d : 1$/);
  await expect(page.getByTestId('order-course')).toContainText('Buy: Fills at once, then stop or target.');
  await page.getByTestId('trade-buy').click();
  await expect(workstation.position('NVDA').getByTestId('position-quantity')).toHaveText('2');

  await showOrders(page);
  const legs = page.locator('[data-testid="order-row"].leg');
  await expect(legs).toHaveCount(2);
  await expect(legs.getByTestId('order-kind')).toHaveText(['Take profit', 'Stop loss']);
  await expect(legs.getByTestId('order-state')).toHaveText(['Working', 'Working']);
  // What the exits hold is not there to sell.
  await page.getByTestId('order-more').click();
  await expect(page.getByTestId('trade-sell')).toHaveAccessibleDescription(/you hold 2, of which 2 are held for open orders/);

  await page.getByTestId('orders-cancel-all').click();
  await page.getByTestId('orders-cancel-all-confirm').click();
  await expect(page.locator('[data-testid="order-row"][data-status="working"]')).toHaveCount(0);
  await expect(page.getByTestId('trade-sell')).toHaveAttribute('aria-disabled', 'false');
});

test('an order that cannot be sent says why, before it is', async ({ page, server, workstation }) => {
  const price = await priceOf(server.url, 'AAPL');
  await page.getByTestId('trade-ticker').fill('AAPL');
  await page.getByTestId('order-type').selectOption('limit');
  const buy = page.getByTestId('trade-buy');
  await expect(buy).toHaveAccessibleDescription('Write the limit price.');
  await page.getByTestId('order-limit').fill(away(price, 0.95));
  await page.getByTestId('trade-quantity').fill('1000');
  await expect(buy).toHaveAccessibleDescription(/The order needs \$[\d,.]+; you have \$10,000\.00/);
  await page.getByTestId('trade-quantity').fill('1');
  await page.getByTestId('order-stop-loss').fill(away(price, 1.2));
  await expect(buy).toHaveAttribute('aria-disabled', 'true');
  await buy.click({ force: true });
  await expect(workstation.toast('error').first()).toBeVisible();
  expect((await (await fetch(`${server.url}/api/orders`)).json()).orders).toEqual([]);
  await page.getByTestId('order-more').click();
  await expect(page.getByTestId('order-type')).toHaveValue('market');
  await expect(buy).toHaveAttribute('aria-disabled', 'false');
});

test('dollars are spent by notional, and counted in shares at a limit', async ({ page, server, workstation }) => {
  await page.getByTestId('trade-ticker').fill('V');
  await page.getByTestId('order-more').click();
  await page.getByTestId('order-unit').selectOption('dollars');
  await page.getByTestId('trade-quantity').fill('500');
  await expect(page.getByTestId('order-cost').locator('dd')).toHaveText(/^\$(499\.\d\d|500\.00)$/);
  await page.getByTestId('trade-buy').click();
  await expect(workstation.position('V')).toBeVisible();
  expect(cents(await workstation.cash.innerText())).toBeGreaterThanOrEqual(950_000 - 1);
});

test('another tab follows', async ({ context, page, server, workstation }) => {
  test.setTimeout(60_000);
  const other = new Workstation(await context.newPage());
  await other.open(server.url);
  await showOrders(other.page);
  await expect(other.page.getByTestId('orders-empty')).toBeVisible();
  const limit = away(await priceOf(server.url, 'NVDA'), 0.8);
  // A tab is worked in when it is in front; one behind draws no frames.
  await page.bringToFront();
  await placeLimit(workstation, 'buy', '1', 'NVDA', limit);
  await expect(orderRow(other.page, 'NVDA', 'working')).toBeVisible();
  await expect(other.page.getByTestId('buying-power')).not.toHaveText('$10,000.00');
  await other.page.bringToFront();
  await orderRow(other.page, 'NVDA', 'working').getByTestId('order-cancel').click();
  await page.bringToFront();
  await showOrders(page);
  await expect(orderRow(page, 'NVDA', 'canceled')).toBeVisible();
  await expect(page.getByTestId('buying-power')).toHaveText('$10,000.00');
});

test.describe('when the server does not answer', () => {
  test.use({ allowedConsole: /Failed to load resource/ });

  test('orders that cannot be read say so, and come back', async ({ page, workstation: _ }) => {
    test.slow();
    let isDown = true;
    await page.route(/\/api\/fn\/load_orders/, (route) => (isDown ? route.fulfill({ status: 503, body: '{"detail":"Busy."}' }) : route.continue()));
    await page.reload();
    await page.locator('body[data-hydrated]').waitFor();
    await page.getByRole('tab', { name: /^Orders/ }).click();
    await expect(page.getByText('The orders could not be read.')).toBeVisible();
    isDown = false;
    await expect(page.getByTestId('orders-empty')).toBeVisible({ timeout: 15_000 });
  });
});

test('the palette writes a limit and a stop into the ticket', async ({ page, server, workstation }) => {
  const limit = away(await priceOf(server.url, 'NVDA'), 0.8);
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox', { name: 'Ticker, order or command' }).fill(`buy 5 NVDA @ ${limit}`);
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('order-type')).toHaveValue('limit');
  await expect(page.getByTestId('order-limit')).toHaveValue(limit);
  await expect(page.getByTestId('trade-buy')).toBeFocused();
  await expect(page.getByTestId('order-course')).toContainText('Waits at');
  await page.keyboard.press('Enter');
  await expect(workstation.toast('success')).toContainText('Placed: Buy 5 NVDA limit');
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox', { name: 'Ticker, order or command' }).fill('sell 5 NVDA stop 1.5');
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('order-type')).toHaveValue('stop');
  await expect(page.getByTestId('order-stop')).toHaveValue('1.50');
});

test.describe('on the chart', () => {
  /** The line of an order, whose handle is dragged. */
  const line = (page: Page) => page.locator('[data-testid="chart-order"]:not([data-id="ticket"])');

  test('a line is dragged to another price, back by Escape, and cancelled', async ({ page, server, workstation }) => {
    const ticker = await highest(server.url);
    const price = await priceOf(server.url, ticker);
    await workstation.symbol(ticker).click();
    // Candles of an hour: their prices lie far enough apart for a limit that is in view, and not reached.
    await page.keyboard.press('4');
    await placeLimit(workstation, 'buy', '1', ticker, away(price, 0.985));
    await page.getByTestId('order-more').click();
    const handle = line(page).getByTestId('chart-order-handle');
    await expect(handle).toContainText('Buy 1 limit');
    const id = (await line(page).getAttribute('data-id'))!;
    const before = (await orderOf(server.url, id)).limit_price;

    const box = (await handle.boundingBox())!;
    await page.mouse.move(box.x + 10, box.y + box.height / 2);
    await page.mouse.down();
    await page.mouse.move(box.x + 10, box.y + box.height / 2 + 40, { steps: 4 });
    await expect(page.getByTestId('chart-order-change')).toContainText('→');
    await page.keyboard.press('Escape');
    await expect(page.getByTestId('chart-order-change')).toHaveCount(0);
    await page.mouse.up();
    expect((await orderOf(server.url, id)).limit_price).toBe(before);

    const again = (await handle.boundingBox())!;
    await page.mouse.move(again.x + 10, again.y + again.height / 2);
    await page.mouse.down();
    await page.mouse.move(again.x + 10, again.y + again.height / 2 + 40, { steps: 4 });
    await page.mouse.up();
    await expect.poll(async () => (await orderOf(server.url, id)).limit_price).toBeLessThan(before);
    await expect(workstation.toast('success').filter({ hasText: `Changed: Buy 1 ${ticker} limit` })).toBeVisible();

    const dragged = (await orderOf(server.url, id)).limit_price;
    await handle.focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await expect.poll(async () => (await orderOf(server.url, id)).limit_price).toBeCloseTo(dragged - 0.02, 4);

    await line(page).getByTestId('chart-order-cancel').click();
    await expect(line(page)).toHaveCount(0);
    expect((await orderOf(server.url, id)).status).toBe('canceled');
  });

  test('a key lets a price be chosen, by pointer or by arrow keys', async ({ page, server, workstation }) => {
    await workstation.symbol('AAPL').click();
    await page.getByTestId('chart-orders').waitFor({ state: 'attached' });
    await page.keyboard.press('l');
    const layer = page.getByTestId('chart-placing');
    await expect(layer).toBeFocused();
    await page.keyboard.press('Escape');
    await expect(layer).toHaveCount(0);

    // Letters that follow each other faster than this are words.
    await page.waitForTimeout(600);
    await page.keyboard.press('l');
    for (let step = 0; step < 3; step += 1) await page.keyboard.press('PageDown');
    await page.keyboard.press('Enter');
    await expect(page.getByTestId('order-type')).toHaveValue('limit');
    const limit = Number(await page.getByTestId('order-limit').inputValue());
    expect(limit).toBeLessThan(await priceOf(server.url, 'AAPL'));
    await expect(page.getByTestId('trade-buy')).toBeFocused();

    const chart = (await page.getByTestId('main-chart').boundingBox())!;
    await page.keyboard.press('Escape');
    await page.mouse.move(chart.x + 100, chart.y + 60);
    await page.waitForTimeout(600);
    await page.keyboard.press('l');
    await expect(layer).toBeFocused();
    await page.mouse.click(chart.x + 100, chart.y + 70);
    await expect(page.getByTestId('order-limit')).not.toHaveValue(limit.toFixed(2));
  });

  test('the menu at a price writes a bracket, whose lines move', async ({ page, server, workstation }) => {
    await workstation.symbol('AAPL').click();
    const at = async (item: RegExp, place: (pane: Pane) => number) => {
      const pane = await pricePane(page, server.url, 'AAPL');
      await chartMenu(page, pane.x + 120, pane.y + place(pane));
      await page.getByRole('menuitem', { name: item }).click();
    };
    await at(/^Take profit at/, ({ now }) => now / 2);
    await at(/^Stop loss at/, ({ now, below }) => now + below / 2);
    await expect(page.getByTestId('order-take-profit')).not.toHaveValue('');
    const stop = await page.getByTestId('order-stop-loss').inputValue();
    const ticket = page.locator('[data-testid="chart-order"][data-id="ticket"]');
    await expect(ticket).toHaveCount(2);
    const handle = ticket.filter({ hasText: 'Stop loss' }).getByTestId('chart-order-handle');
    await handle.focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await expect(page.getByTestId('order-stop-loss')).toHaveValue((Number(stop) - 0.01).toFixed(2));
  });
});

test('the header tells whether the market is open, and for how long', async ({ page, workstation: _ }) => {
  const clock = page.getByTestId('market-clock');
  await expect(clock).toHaveText(/^Open · day ends in (\d+ h )?\d+ min$/);
  await expect(clock).toHaveAttribute('data-state', 'open');
});

for (const [width, height] of [
  [1440, 900],
  [390, 844],
] as const) {
  test(`orders keep nobody out at ${width}×${height}`, async ({ page, server, workstation }) => {
    test.slow();
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await workstation.open(server.url);
    const price = await priceOf(server.url, 'AAPL');
    const barriers = async () => {
      const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze();
      return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 160)} ${node.failureSummary}`));
    };
    await placeLimit(workstation, 'buy', '1', 'AAPL', away(price, 0.985));
    await expect(workstation.toast('success')).toBeVisible();
    expect(await barriers(), 'ticket').toEqual([]);
    await page.getByTestId('order-more').click();
    if (width < 720) await workstation.show('Positions');
    await showOrders(page);
    const row = orderRow(page, 'AAPL', 'working').or(orderRow(page, 'AAPL', 'filled'));
    await expect(row).toBeVisible();
    await row.getByTestId('order-detail').click();
    expect(await barriers(), 'orders').toEqual([]);
    const clipped = await page.getByRole('region', { name: 'Orders' }).evaluate((region) => region.scrollWidth - region.clientWidth);
    expect(clipped, 'nothing is cut off').toBeLessThanOrEqual(0);
  });
}

test('on a phone an order is placed, changed and cancelled by finger', async ({ page, server, workstation }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await workstation.open(server.url);
  const price = await priceOf(server.url, 'AAPL');
  await placeLimit(workstation, 'buy', '1', 'AAPL', away(price, 0.9));
  await expect(workstation.toast('success')).toContainText('Placed');
  await page.getByTestId('order-more').click();
  await workstation.show('Positions');
  await showOrders(page);
  const row = orderRow(page, 'AAPL', 'working');
  await row.getByTestId('order-edit').click();
  await page.getByTestId('order-edit-quantity').fill('2');
  await page.getByTestId('order-save').click();
  await expect(row.getByTestId('order-quantity')).toHaveText('2');
  await row.getByTestId('order-cancel').click();
  await expect(orderRow(page, 'AAPL', 'canceled')).toBeVisible();
});

test('an order that is being written outlives a reload of the page', async ({ page, workstation }) => {
  await page.getByTestId('order-type').selectOption('stop_limit');
  await page.getByTestId('order-stop').fill('770');
  await page.getByTestId('order-limit').fill('768');
  await page.reload();
  await workstation.hydrated();
  await expect(page.getByTestId('order-type')).toHaveValue('stop_limit');
  await expect(page.getByTestId('order-stop')).toHaveValue('770');
  await expect(page.getByTestId('order-limit')).toHaveValue('768');
});
