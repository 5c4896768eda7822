import { readFile } from 'node:fs/promises';
import { cents, expect, test } from '../lib/test';
import { widen } from '../lib/market';

test('a position is halved and closed by a second press in place', async ({ page, workstation }) => {
  await workstation.order('buy', '4', 'AAPL');
  const position = workstation.position('AAPL');
  await position.hover();
  await position.getByTestId('position-sell-half').click();
  await expect(position.getByTestId('position-sell-half')).toHaveText('½?');
  await expect(position.getByTestId('position-quantity')).toHaveText('4');
  await position.getByTestId('position-sell-half').click();
  await expect(position.getByTestId('position-quantity')).toHaveText('2');
  await expect(workstation.toast('success').filter({ hasText: 'Sold 2 AAPL' })).toBeVisible();
  await position.hover();
  await position.getByTestId('position-close').click();
  await position.getByTestId('position-close').click();
  await expect(position).toHaveCount(0);
  await expect(page.getByTestId('positions-table')).toContainText('No positions yet');
});

test('a purchase gains nothing on its day but what its own price moved', async ({ page, workstation }) => {
  await workstation.order('buy', '10', 'TSLA');
  await expect(workstation.position('TSLA')).toBeVisible();
  const [day, pnl] = await workstation.position('TSLA').evaluate((row) =>
    ['position-day-pnl', 'position-pnl'].map((id) => row.querySelector(`[data-testid="${id}"]`)!.firstChild!.textContent!),
  );
  expect(day).toBe(pnl);
  await expect(page.getByTestId('positions-total')).toContainText('1 position');
});

test('the totals are the sums of the rows', async ({ page, workstation }) => {
  for (const [quantity, ticker] of [['3', 'AAPL'], ['2.5', 'NVDA'], ['1', 'V']] as const) {
    await workstation.order('buy', quantity, ticker);
    await expect(workstation.position(ticker)).toBeVisible();
  }
  const sums = await page.evaluate(() => {
    const texts = (id: string) => [...document.querySelectorAll(`[data-testid="${id}"]`)].map((cell) => cell.textContent!);
    const total = document.querySelector('[data-testid="positions-total"]')!.children;
    return { values: texts('position-value'), value: total[4].textContent!, pnls: texts('position-pnl'), pnl: total[7].textContent! };
  });
  const add = (texts: string[]) => texts.map((text) => cents(text.replace('+', ''))).reduce((sum, next) => sum + next, 0);
  expect(cents(sums.value)).toBe(add(sums.values));
  expect(cents(sums.pnl.replace('+', ''))).toBe(add(sums.pnls));
});

test('columns sort both ways', async ({ page, workstation }) => {
  for (const [quantity, ticker] of [['1', 'AAPL'], ['5', 'V'], ['3', 'NVDA']] as const) {
    await workstation.order('buy', quantity, ticker);
    await expect(workstation.position(ticker)).toBeVisible();
  }
  const order = () => page.getByTestId('position-row').evaluateAll((rows) => rows.map((row) => row.getAttribute('data-ticker')));
  expect(await order()).toEqual(['AAPL', 'NVDA', 'V']);
  const header = page.getByRole('columnheader', { name: 'Quantity' });
  await header.getByRole('button').click();
  await expect(header).toHaveAttribute('aria-sort', 'descending');
  expect(await order()).toEqual(['V', 'NVDA', 'AAPL']);
  await header.getByRole('button').click();
  await expect(header).toHaveAttribute('aria-sort', 'ascending');
  expect(await order()).toEqual(['AAPL', 'NVDA', 'V']);
  await page.getByRole('columnheader', { name: 'Value' }).getByRole('button').click();
  expect(await order()).toEqual(['NVDA', 'V', 'AAPL']);
});

test('the sorting is remembered', async ({ page, workstation }) => {
  for (const [quantity, ticker] of [['1', 'AAPL'], ['5', 'V']] as const) {
    await workstation.order('buy', quantity, ticker);
    await expect(workstation.position(ticker)).toBeVisible();
  }
  await page.getByRole('columnheader', { name: 'Quantity' }).getByRole('button').click();
  await page.reload();
  await workstation.hydrated();
  await expect(page.getByRole('columnheader', { name: 'Quantity' })).toHaveAttribute('aria-sort', 'descending');
  await expect(page.getByTestId('position-row').first()).toHaveAttribute('data-ticker', 'V');
});

for (const [width, height, isTouch] of [
  [1440, 900, false],
  [1024, 768, false],
  [390, 844, true],
] as const) {
  test.describe(`at ${width}×${height}`, () => {
    test.use({ viewport: { width, height }, hasTouch: isTouch, isMobile: isTouch });

    test('every figure of a position is seen, none over another, and its buttons are at hand', async ({ page, server, workstation }) => {
      for (const ticker of ['NVDA', 'AAPL']) {
        await page.request.post(`${server.url}/api/portfolio/trade`, { data: { ticker, side: 'buy', quantity: 4.125 } });
      }
      await workstation.open(server.url);
      if (isTouch) await workstation.show('Positions');
      const row = workstation.position('NVDA');
      await expect(row).toBeVisible();
      const cells = await row.locator('th, td:not(.row-actions)').evaluateAll((cells) =>
        cells.map((cell) => {
          // The text itself: a button is higher than its line.
          const walker = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
          const rects: DOMRect[] = [];
          while (walker.nextNode()) {
            const range = document.createRange();
            range.selectNodeContents(walker.currentNode);
            rects.push(range.getBoundingClientRect());
          }
          return {
            text: cell.textContent!,
            left: Math.min(...rects.map(({ left }) => left)),
            right: Math.max(...rects.map(({ right }) => right)),
            top: Math.min(...rects.map(({ top }) => top)),
            bottom: Math.max(...rects.map(({ bottom }) => bottom)),
          };
        }),
      );
      expect(cells).toHaveLength(9);
      const panel = (await page.getByRole('region', { name: 'Positions', exact: true }).boundingBox())!;
      for (const [index, cell] of cells.entries()) {
        expect(cell.right - cell.left, `${cell.text} is seen`).toBeGreaterThan(0);
        expect(cell.left, `${cell.text} is in the panel`).toBeGreaterThanOrEqual(panel.x);
        expect(cell.right, `${cell.text} is in the panel`).toBeLessThanOrEqual(panel.x + panel.width);
        for (const other of cells.slice(index + 1)) {
          const apart = cell.right <= other.left || other.right <= cell.left || cell.bottom <= other.top + 1 || other.bottom <= cell.top + 1;
          expect(apart, `${cell.text} and ${other.text} stand apart`).toBe(true);
        }
      }
      const half = row.getByTestId('position-sell-half');
      if (!isTouch) await row.hover();
      for (let press = 0; press < 2; press += 1) await (isTouch ? half.tap() : half.click());
      await expect(row.getByTestId('position-quantity')).toHaveText('2.0625');
    });
  });
}

test('a held ticker that is no longer watched keeps its row, and is watched again from there', async ({ workstation }) => {
  await workstation.order('buy', '2', 'TSLA');
  const position = workstation.position('TSLA');
  await expect(position).toBeVisible();
  await workstation.row('TSLA').hover();
  await workstation.row('TSLA').getByTestId('watchlist-remove').click();
  await expect(workstation.toast('success').filter({ hasText: 'still held' })).toBeVisible();
  await expect(position).toContainText('unwatched');
  const price = position.getByTestId('position-price');
  const before = await price.innerText();
  await expect(price).not.toHaveText(before);
  await position.getByTestId('position-watch').click();
  await expect(workstation.row('TSLA')).toBeVisible();
  await expect(position).not.toContainText('unwatched');
});

test('the history of trades is read page by page and saved as a whole', async ({ page, server, workstation }) => {
  for (let index = 0; index < 60; index += 1) {
    const order = { ticker: 'JPM', side: index % 3 === 2 ? 'sell' : 'buy', quantity: 0.5 };
    await fetch(`${server.url}/api/portfolio/trade`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(order),
    });
  }
  await page.getByRole('tab', { name: 'Positions' }).focus();
  await page.keyboard.press('ArrowRight');
  await expect(page.getByRole('tab', { name: 'Orders' })).toBeFocused();
  await page.keyboard.press('ArrowRight');
  await expect(page.getByRole('tab', { name: 'Alerts' })).toBeFocused();
  await page.keyboard.press('ArrowRight');
  await expect(page.getByRole('tab', { name: 'Trades' })).toHaveAttribute('aria-selected', 'true');
  await expect(page.getByRole('tab', { name: 'Trades' })).toBeFocused();
  const rows = page.getByTestId('trade-row');
  await expect(rows).toHaveCount(50);
  await expect(rows.first()).toContainText('Sell');
  await expect(rows.first()).toContainText('You');
  await page.getByTestId('trades-more').click();
  await expect(rows).toHaveCount(60);
  await expect(page.getByTestId('trades-more')).toBeHidden();

  const [download] = await Promise.all([page.waitForEvent('download'), page.getByTestId('trades-csv').click()]);
  expect(download.suggestedFilename()).toBe('finally-trades.csv');
  const lines = (await readFile((await download.path())!, 'utf8')).trimEnd().split('\r\n');
  expect(lines).toHaveLength(61);
  expect(lines[0]).toBe('executed_at_utc,ticker,side,quantity,price,notional,realized_pnl,source,id');
  const realized = lines.slice(1).map((line) => Math.round(Number(line.split(',')[6]) * 100));
  const { realized_pnl } = await (await fetch(`${server.url}/api/portfolio`)).json();
  expect(realized.reduce((sum, next) => sum + next, 0)).toBe(Math.round(realized_pnl * 100));

  // A new trade is inserted at the front, and the loaded pages stay.
  await workstation.order('buy', '1', 'V');
  await expect(rows.first()).toContainText('V');
  await expect(rows).toHaveCount(61);
  await expect(page.getByTestId('trades-day').first()).toContainText(/^\d{4}-\d\d-\d\d · \d+ trades?/);
  await page.getByTestId('trades-filter').fill('sell you');
  await expect(rows).toHaveCount(20);
  await expect(page.getByText('20 of 61 loaded')).toBeVisible();
  await page.getByTestId('trades-filter').fill('nvda');
  await expect(rows).toHaveCount(0);
  await page.getByTestId('trades-filter').fill('');
  await expect(rows).toHaveCount(61);

  await page.getByRole('tab', { name: 'Realised' }).click();
  await expect(page.getByTestId('realised-row')).toHaveCount(1);
  await expect(page.getByTestId('realised-total')).toContainText('20');
  const total = await page.getByTestId('realised-total').locator('td').nth(3).innerText();
  expect(cents(total.replace('+', ''))).toBe(Math.round(realized_pnl * 100));
});

test('tabs that have nothing to show say so', async ({ page, workstation: _ }) => {
  await page.getByRole('tab', { name: 'Trades' }).click();
  await expect(page.getByText('No trades yet.')).toBeVisible();
  await page.getByRole('tab', { name: 'Realised' }).click();
  await expect(page.getByText('Nothing has been sold yet.')).toBeVisible();
});

test.describe('when a tab cannot be read', () => {
  test.use({ allowedConsole: /Failed to load resource|net::ERR_/ });

  test('it says so in place and tries again, while the others go on', async ({ page, workstation }) => {
    let isDown = true;
    let refused = 0;
    await page.route(/\/api\/fn\/load_trades/, (route) => {
      if (!isDown) return route.continue();
      refused += 1;
      return route.abort();
    });
    await page.getByRole('tab', { name: 'Trades' }).click();
    const failure = page.getByRole('alert').filter({ hasText: 'The trades could not be read.' });
    await expect(failure).toBeVisible();
    await workstation.order('buy', '1', 'V');
    await expect(workstation.toast('success')).toContainText('Bought 1 V');
    // The trade triggered another read of the tab.
    await expect.poll(() => refused).toBeGreaterThanOrEqual(2);
    await expect(failure).toBeVisible();
    isDown = false;
    await failure.getByRole('button', { name: 'Try again' }).click();
    await expect(page.getByTestId('trade-row')).toHaveCount(1);
  });
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('positions stand with their figures', async ({ page, server }) => {
    await fetch(`${server.url}/api/portfolio/trade`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ticker: 'AAPL', side: 'buy', quantity: 3 }),
    });
    await page.goto(server.url);
    const position = page.locator('[data-testid="position-row"][data-ticker="AAPL"]');
    await expect(position.getByTestId('position-quantity')).toHaveText('3');
    await expect(position.getByTestId('position-pnl')).toHaveText(/^[+−]?\$\d+\.\d\d$/);
    await expect(page.getByTestId('positions-total')).toContainText('1 position');
    await expect(page.getByTestId('trade-buy-estimate')).toHaveText(/^\$\d+\.\d\d$/);
  });
});

test('a long table shows the rows near those that are seen, and scrolls through all of them', async ({ page, server, workstation }) => {
  // A hundred and sixty tickers are watched, and most of them bought, during the setup.
  test.setTimeout(240_000);
  await widen(server.url, 170);
  await workstation.open(server.url);
  const table = page.getByTestId('positions-table');
  const rows = table.getByTestId('position-row');
  await expect(page.getByTestId('positions-total')).toContainText('120 positions');
  await expect(page.getByTestId('heatmap-tile')).toHaveCount(120);
  expect(await rows.count()).toBeLessThan(70);
  const held: string[] = (await (await page.request.get(`${server.url}/api/portfolio`)).json()).positions.map(({ ticker }: any) => ticker);
  const scroller = page.getByRole('region', { name: 'Positions', exact: true });
  const seen = new Set<string>();
  const height = await scroller.evaluate((element) => element.scrollHeight);
  expect(height).toBeGreaterThan(120 * (await rows.first().boundingBox())!.height);
  for (let top = 0; top < height + 600; top += 600) {
    await scroller.evaluate((element, top) => (element.scrollTop = top), top);
    // As high as with every row rendered, except for one line between rows: the place under the pointer stays.
    await expect.poll(() => scroller.evaluate((element, height) => Math.abs(element.scrollHeight - height), height)).toBeLessThanOrEqual(1);
    for (const ticker of await rows.evaluateAll((rows) => rows.map((row) => row.getAttribute('data-ticker')!))) seen.add(ticker);
  }
  expect([...seen].sort()).toEqual([...held].sort());
  await expect(workstation.position(held.at(-1)!)).toBeInViewport();

  await page.emulateMedia({ media: 'print' });
  await expect(rows, 'on paper there is nothing to scroll').toHaveCount(120);
  await page.emulateMedia({ media: 'screen' });

  // The start of the list again.
  await scroller.evaluate((element) => (element.scrollTop = 0));
  await page.getByTestId('positions-table').getByRole('button', { name: 'Ticker' }).click();
  await expect(rows.first()).toHaveAttribute('data-ticker', held.at(-1)!);
  const price = rows.first().getByTestId('position-price');
  const before = await price.innerText();
  await expect(price).not.toHaveText(before);

  // Compact rows make it shorter at once, including the omitted ones.
  const rowHeight = async () => (await rows.first().boundingBox())!.height;
  const roomy = await rowHeight();
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByRole('radio', { name: 'Compact' }).check();
  await expect.poll(rowHeight).toBeLessThan(roomy);
  const shorter = height - held.length * (roomy - (await rowHeight()));
  await expect.poll(() => scroller.evaluate((element, height) => Math.abs(element.scrollHeight - height), shorter)).toBeLessThanOrEqual(2);
});
