import type { Page } from '@playwright/test';
import { drawn, noteDrawing } from '../lib/chart';
import { chartMenu, orderOf, type Pane, priceOf, pricePane, showOrders } from '../lib/orders';
import { FinallyServer } from '../lib/server';
import { cents, expect, test, Workstation } from '../lib/test';

/** A stock of few trades: under the strict model an order of this size is filled in many parts. */
const TICKER = 'ZAF';
const QUANTITY = 40;

const ask = async (url: string, path: string) => (await fetch(`${url}${path}`)).json();

/** Amount of a fill in cents, rounded half to even, from exact integers. */
function amount({ quantity, price }: { quantity: number; price: number }): bigint {
  const value = BigInt(Math.round(quantity * 1e6)) * BigInt(Math.round(price * 1e4));
  const unit = 100_000_000n;
  const [whole, rest] = [value / unit, value % unit];
  return whole + (rest * 2n > unit || (rest * 2n === unit && whole % 2n === 1n) ? 1n : 0n);
}

/** All events of the account so far. */
async function eventsOf(url: string): Promise<any[]> {
  const answer = await fetch(`${url}/api/events?after=0`);
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const end = Date.now() + 1_500;
  while (Date.now() < end) {
    const chunk = await Promise.race([reader.read(), new Promise<undefined>((resolve) => setTimeout(resolve, 500, undefined))]);
    if (chunk?.value) text += chunk.value;
  }
  await reader.cancel();
  return [...text.matchAll(/^data: ?(\{.*\})$/gm)].map(([, data]) => JSON.parse(data));
}

/** A seed with which the ticker is cheaper than any stop below `price`: a restart into that market is a gap. */
async function cheaperSeed(price: number): Promise<string> {
  for (let seed = 1000; seed < 1100; seed += 1) {
    const server = await FinallyServer.start({ SIM_SEED: String(seed) });
    await fetch(`${server.url}/api/watchlist`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ ticker: TICKER }) });
    const other = await priceOf(server.url, TICKER);
    await server.stop();
    if (other < price * 0.85) return String(seed);
  }
  throw new Error(`no market has ${TICKER} far below ${price}`);
}

/** The chart's lines of orders that were placed. */
const lines = (page: Page) => page.locator('[data-testid="chart-order"]:not([data-id="ticket"])');

/** What an order is, with its legs, apart from what a fill changes. */
const terms = (order: any) => {
  const of = ({ id, type, side, status, quantity, limit_price, stop_price, class: kind, role, revision }: any) =>
    ({ id, type, side, status, quantity, limit_price, stop_price, kind, role, revision });
  return [order, ...order.legs].map(of);
};

test('a bracket by mouse, dragged, filled in parts and stopped out over a gap is right to the cent, kill -9 between any two steps', async ({ page, browser }) => {
  test.setTimeout(240_000);
  let server = await FinallyServer.start({ FILL_MODEL: 'strict' });
  const second = await browser.newContext();
  try {
    const watched = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ ticker: TICKER }) };
    await fetch(`${server.url}/api/watchlist`, watched);
    const price = await priceOf(server.url, TICKER);
    const seed = await cheaperSeed(price);

    await noteDrawing(page);
    const workstation = new Workstation(page);
    await workstation.open(server.url);
    const other = new Workstation(await second.newPage());
    await other.open(server.url);
    await page.bringToFront();
    const isBack = async () => {
      for (const it of [workstation, other]) await expect(it.connection).toHaveAttribute('data-state', 'connected', { timeout: 30_000 });
    };

    // 1. Placed by mouse: three prices at the chart, and the button.
    await workstation.symbol(TICKER).click();
    await page.keyboard.press('4');
    const choose = async (name: string, place: (pane: Pane) => number) => {
      const pane = await pricePane(page, server.url, TICKER);
      await chartMenu(page, pane.x + 120, pane.y + place(pane));
      await page.getByRole('menuitem', { name: new RegExp(`^${name} at`) }).click();
    };
    await choose('Take profit', ({ now }) => now / 2);
    await choose('Stop loss', ({ now, below }) => now + (2 * below) / 3);
    await choose('Limit', ({ now, below }) => now + below / 3);
    await page.getByTestId('trade-quantity').fill(String(QUANTITY));
    await expect(page.getByTestId('order-course')).toContainText('then stop or target');
    await page.getByTestId('trade-buy').click();
    await expect(workstation.toast('success')).toContainText(`Placed: Buy ${QUANTITY} ${TICKER} limit`);
    await expect(lines(page)).toHaveCount(3);
    const [placed] = (await ask(server.url, '/api/orders')).orders;
    const id = placed.id;
    expect(placed.legs.map(({ role }: any) => role).sort()).toEqual(['stop_loss', 'take_profit']);
    expect(placed.filled_quantity).toBe(0);

    server = await server.crash();
    await isBack();
    expect(terms(await orderOf(server.url, id))).toEqual(terms(placed));

    // 2. Dragged to above the market, where it is filled in parts.
    const drag = async (words: string, place: (pane: Pane) => number) => {
      const pane = await pricePane(page, server.url, TICKER);
      const line = lines(page).filter({ hasText: words });
      const from = (await line.boundingBox())!.y;
      const box = (await line.getByTestId('chart-order-handle').boundingBox())!;
      const grip = box.y + box.height / 2;
      await page.mouse.move(box.x + 10, grip);
      await page.mouse.down();
      await page.mouse.move(box.x + 10, grip + pane.y + place(pane) - from, { steps: 5 });
      await expect(page.getByTestId('chart-order-change')).toContainText('→');
      await page.mouse.up();
    };
    await drag(`Buy ${QUANTITY}`, ({ now }) => now - 12);
    await expect.poll(async () => (await orderOf(server.url, id)).limit_price).toBeGreaterThan(placed.limit_price);
    await expect.poll(async () => (await orderOf(server.url, id)).status).toBe('partially_filled');
    server = await server.crash();
    await isBack();
    const partly = await orderOf(server.url, id);
    expect(partly.status).toBe('partially_filled');
    expect(partly.revision).toBeGreaterThan(1);

    // 3. The rest is cancelled at its line; what is held keeps its exits.
    await lines(page).filter({ hasText: `Buy ${QUANTITY}` }).getByTestId('chart-order-cancel').click();
    await expect.poll(async () => (await orderOf(server.url, id)).status).toBe('canceled');
    const entered = await orderOf(server.url, id);
    expect(entered.filled_quantity).toBeGreaterThan(0);
    expect(entered.filled_quantity).toBeLessThan(QUANTITY);
    server = await server.crash();
    await isBack();
    expect(terms(await orderOf(server.url, id))).toEqual(terms(entered));
    expect(entered.legs.map((leg: any) => [leg.status, leg.quantity])).toEqual(Array(2).fill(['working', entered.filled_quantity]));

    // 4. The stop is dragged nearer.
    const stopOf = async () => (await orderOf(server.url, id)).legs.find(({ role }: any) => role === 'stop_loss');
    const before = (await stopOf()).stop_price;
    await expect(lines(page)).toHaveCount(2);
    await drag('Stop', ({ now, below }) => now + below / 4);
    await expect.poll(async () => (await stopOf()).stop_price).toBeGreaterThan(before);
    const { stop_price: stop } = await stopOf();
    await expect(lines(page).filter({ hasText: 'Stop' }).locator('.order-line-price')).toHaveText(stop.toFixed(2));
    await showOrders(other.page);
    await expect(other.page.getByTestId('order-prices').filter({ hasText: stop.toFixed(2) })).toHaveCount(1);

    // 5. Killed, and back over a gap: the stop fires at what comes, never at its own price.
    server = await server.crash({ SIM_SEED: seed });
    await expect.poll(async () => (await stopOf()).filled_quantity, { timeout: 60_000 }).toBeGreaterThan(0);
    server = await server.crash();
    await expect.poll(async () => (await stopOf()).status, { timeout: 90_000 }).toBe('filled');
    server = await server.crash();
    await isBack();

    const order = await orderOf(server.url, id);
    const exit = order.legs.find(({ role }: any) => role === 'stop_loss');
    const target = order.legs.find(({ role }: any) => role === 'take_profit');
    expect(target.status).toBe('canceled');
    expect(target.filled_quantity).toBe(0);
    const sum = (fills: any[]) => fills.reduce((sum, { quantity }) => sum + Math.round(quantity * 1e6), 0);
    expect(sum(order.fills)).toBe(Math.round(entered.filled_quantity * 1e6));
    expect(sum(exit.fills)).toBe(sum(order.fills));
    for (const { fills } of [order, exit]) expect(fills.map(({ number }: any) => number)).toEqual(fills.map((_: any, index: number) => index + 1));
    for (const { price } of exit.fills) expect(price, 'not at the stop').toBeLessThan(stop * 0.9);

    // The book.
    const paid = order.fills.map(amount).reduce((sum: bigint, it: bigint) => sum + it, 0n);
    const gained = exit.fills.map(amount).reduce((sum: bigint, it: bigint) => sum + it, 0n);
    const expected = 1_000_000n - paid + gained;
    const portfolio = await ask(server.url, '/api/portfolio');
    expect(BigInt(Math.round(portfolio.cash_balance * 100))).toBe(expected);
    expect(portfolio.positions).toEqual([]);
    expect([portfolio.held_for_orders, portfolio.buying_power]).toEqual([0, portfolio.cash_balance]);

    // The events: each fill once.
    const fills = (await eventsOf(server.url)).filter(({ kind }) => kind === 'fill');
    const told = fills.map(({ order_id, number, quantity, price }) => ({ order_id, number, quantity, price }));
    const of = ({ id, fills }: any) => fills.map(({ number, quantity, price }: any) => ({ order_id: id, number, quantity, price }));
    expect(told).toEqual([...of(order), ...of(exit)]);

    // The chart, and both browsers.
    await expect(lines(page)).toHaveCount(0);
    const marks = (await drawn(page, 'main-chart')).markers.map(({ shape }) => shape);
    expect(new Set(marks)).toEqual(new Set(['arrowUp', 'arrowDown']));
    for (const it of [workstation, other]) {
      await it.page.bringToFront();
      await expect.poll(async () => BigInt(cents(await it.cash.innerText()))).toBe(expected);
      await expect(it.position(TICKER)).toHaveCount(0);
      await showOrders(it.page);
      const states = it.page.getByTestId('order-row').getByTestId('order-state');
      await expect(states.first()).toHaveText('Cancelled');
      await expect(states.filter({ hasText: /^Filled at / })).toHaveCount(1);
      await expect(states.filter({ hasText: 'Cancelled: the other exit filled' })).toHaveCount(1);
    }
  } finally {
    await second.close();
    await server.stop();
  }
});
