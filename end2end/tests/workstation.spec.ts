import { watchLights } from '../lib/lights';
import { cents, expect, test } from '../lib/test';

test('first load shows ten tickers, the deposit, and prices that move', async ({ workstation }) => {
  await expect(workstation.rows).toHaveCount(10);
  await expect(workstation.totalValue).toHaveText('$10,000.00');
  await expect(workstation.cash).toHaveText('$10,000.00');
  await expect(workstation.connection).toHaveAttribute('data-state', 'connected');
  const price = workstation.row('TSLA').getByTestId('watchlist-price');
  const before = await price.innerText();
  expect(Number(before)).toBeGreaterThan(0);
  await expect(price).not.toHaveText(before);
});

test('a price lights up when it changes, and only then', async ({ page, server, workstation }) => {
  const lights = await watchLights(page);
  await workstation.open(server.url);
  await expect.poll(async () => (await lights()).right).toBeGreaterThan(20);
  expect((await lights()).wrong).toEqual([]);
});

test('a buy takes cash, makes a position, and keeps the total', async ({ workstation }) => {
  await workstation.order('buy', '10', 'AAPL');
  const toast = workstation.toast('success');
  await expect(toast).toContainText('Bought 10 AAPL at ');
  const position = workstation.position('AAPL');
  await expect(position.getByTestId('position-quantity')).toHaveText('10');
  await expect(workstation.cash).not.toHaveText('$10,000.00');

  const cash = await workstation.cash.innerText();
  await expect(toast).toContainText(`Cash is ${cash}.`);
  const averageCost = Number(await position.getByTestId('position-avg-cost').innerText());
  expect(cents(cash)).toBe(1_000_000 - Math.round(averageCost * 1_000));
  // Both figures are read at once: a tick may fall between two reads.
  const [total, price] = await workstation.page.evaluate(() => [
    document.querySelector('[data-testid="total-value"]')!.textContent!,
    document.querySelector('[data-testid="position-price"]')!.textContent!,
  ]);
  expect(cents(total)).toBe(cents(cash) + Math.round(Number(price) * 1_000));
});

test('selling all ends the position', async ({ workstation }) => {
  await workstation.order('buy', '2.5', 'NVDA');
  await expect(workstation.position('NVDA')).toBeVisible();
  await workstation.order('sell', '2.5', 'nvda');
  await expect(workstation.toast('success').filter({ hasText: 'Sold 2.5 NVDA' })).toBeVisible();
  await expect(workstation.position('NVDA')).toHaveCount(0);
  await expect(workstation.page.getByTestId('positions-table')).toContainText('No positions yet');
  await expect(workstation.totalValue).toHaveText(await workstation.cash.innerText());
});

for (const [name, side, quantity, ticker, reason] of [
  ['more than the cash buys', 'buy', '1000', 'AAPL', /^Buying 1,000 AAPL costs \$\d{3},\d{3}\.\d\d; you have \$10,000\.00\.$/],
  ['more than is held', 'sell', '1', 'V', /^Selling 1 V is not possible; you hold none\.$/],
  ['no quantity', 'buy', '', 'AAPL', /^That is not a quantity: a quantity is a number of shares/],
  ['a negative quantity', 'buy', '-1', 'AAPL', /more than zero/],
  ['no ticker', 'buy', '1', '123', /^That is not a ticker/],
] as const) {
  test(`an order for ${name} is refused with its reason`, async ({ page, workstation }) => {
    await page.getByTestId('trade-ticker').fill(ticker);
    await page.getByTestId('trade-quantity').fill(quantity);
    const button = page.getByTestId(`trade-${side}`);
    await expect(button).toHaveAttribute('aria-disabled', 'true');
    await expect(button).toHaveAccessibleDescription(reason);
    // It is reachable by keyboard, explains itself as well, and trades nothing.
    await button.focus();
    await expect(page.getByRole('tooltip').filter({ visible: true })).toHaveText(reason);
    await page.keyboard.press('Enter');
    await expect(workstation.toast('error').locator('p')).toHaveText(reason);
    await expect(workstation.cash).toHaveText('$10,000.00');
    await expect(page.getByTestId('position-row')).toHaveCount(0);
  });
}

test('a ticker that nobody watches is priced and bought, and the watchlist stays as it is', async ({ page, workstation }) => {
  const watched = await workstation.watched();
  await page.getByTestId('trade-ticker').fill('xom');
  await expect(page.getByTestId('trade-buy-estimate')).toHaveText(/^\$\d/);
  await page.getByTestId('trade-buy').click();
  await expect(workstation.position('XOM').getByTestId('position-quantity')).toHaveText('1');
  expect(await workstation.watched()).toEqual(watched);
});

test('a double click trades once', async ({ workstation }) => {
  await workstation.page.getByTestId('trade-ticker').fill('V');
  await workstation.page.getByTestId('trade-buy').dblclick();
  await expect(workstation.position('V').getByTestId('position-quantity')).toHaveText('1');
  await expect(workstation.toast('success')).toHaveCount(1);
});

test('a reload shows the same account', async ({ workstation }) => {
  await workstation.order('buy', '3', 'JPM');
  await expect(workstation.position('JPM')).toBeVisible();
  const cash = await workstation.cash.innerText();
  await workstation.page.reload();
  await workstation.hydrated();
  await expect(workstation.cash).toHaveText(cash);
  await expect(workstation.position('JPM').getByTestId('position-quantity')).toHaveText('3');
});

test('the chart follows the selected ticker, and there is only ever one', async ({ workstation }) => {
  const { page } = workstation;
  const chart = page.getByTestId('main-chart');
  await expect(chart).toHaveAttribute('data-ticker', 'AAPL');
  for (const ticker of ['NVDA', 'V', 'TSLA', 'NVDA', 'MSFT']) {
    await workstation.symbol(ticker).click();
    await expect(chart).toHaveAttribute('data-ticker', ticker);
    await expect(chart).toHaveAttribute('data-loading', 'false');
    await expect(page.getByTestId('trade-ticker')).toHaveValue(ticker);
  }
  await expect(chart.locator('.tv-lightweight-charts')).toHaveCount(1);
  await expect(page.getByRole('link', { name: /TradingView/ })).toBeVisible();
});

test('a link to a ticker opens the page there', async ({ page, server, workstation }) => {
  await workstation.open(`${server.url}/ticker/nvda`);
  await expect(page.getByTestId('main-chart')).toHaveAttribute('data-ticker', 'NVDA');
  await expect(page.getByTestId('trade-ticker')).toHaveValue('NVDA');
  await expect(workstation.symbol('NVDA')).toHaveAttribute('aria-pressed', 'true');
});

test('the watchlist is chosen from by keyboard', async ({ workstation }) => {
  await workstation.symbol('GOOGL').focus();
  await workstation.page.keyboard.press('Enter');
  await expect(workstation.page.getByTestId('main-chart')).toHaveAttribute('data-ticker', 'GOOGL');
});

for (const [width, height] of [
  [1440, 900],
  [1024, 768],
  [390, 844],
] as const) {
  test(`nothing is cut off at ${width}×${height}`, async ({ page, server, workstation }) => {
    await page.setViewportSize({ width, height });
    await workstation.open(server.url);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(overflow).toBeLessThanOrEqual(0);
    for (const id of ['total-value', 'cash-balance', 'connection-status', 'main-chart', 'trade-buy', 'trade-sell']) {
      const box = (await page.getByTestId(id).boundingBox())!;
      expect(box.x, id).toBeGreaterThanOrEqual(0);
      expect(box.x + box.width, id).toBeLessThanOrEqual(width);
    }
    if (width > 720) {
      const scroll = await page.evaluate(() => document.documentElement.scrollHeight - window.innerHeight);
      expect(scroll, 'the page itself does not scroll').toBeLessThanOrEqual(0);
    }
  });
}
