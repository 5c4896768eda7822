import { watchLights } from '../lib/lights';
import { expect, test } from '../lib/test';
import { widen } from '../lib/market';

const DEFAULT = ['AAPL', 'GOOGL', 'MSFT', 'AMZN', 'TSLA', 'NVDA', 'META', 'JPM', 'V', 'NFLX'];

test('a ticker is added by its company, streams, and is there after a reload', async ({ page, workstation }) => {
  await expect(page.getByTestId('watchlist')).toContainText('10 of 50');
  const input = page.getByTestId('watchlist-add-input');
  await input.fill('exxon');
  const suggestions = page.getByRole('listbox', { name: 'Known tickers' });
  await expect(suggestions.getByRole('option').first()).toContainText('XOM');
  await input.press('ArrowDown');
  await expect(suggestions.getByRole('option', { selected: true })).toContainText('XOM');
  await input.press('Enter');
  const row = workstation.row('XOM');
  await expect(row).toContainText('Exxon');
  await expect(input).toHaveValue('');
  await expect(input).toBeFocused();
  await expect(page.getByTestId('watchlist')).toContainText('11 of 50');
  const price = row.getByTestId('watchlist-price');
  const before = await price.innerText();
  expect(Number(before)).toBeGreaterThan(0);
  await expect(price).not.toHaveText(before);
  expect((await row.locator('polyline').getAttribute('points'))!.split(' ').length).toBeGreaterThan(30);
  await page.reload();
  await workstation.hydrated();
  expect(await workstation.watched()).toEqual([...DEFAULT, 'XOM']);
});

test('any well-formed ticker is added, and what is none is refused in place', async ({ page, workstation }) => {
  const input = page.getByTestId('watchlist-add-input');
  await input.fill('brk.b');
  await page.getByTestId('watchlist-add-button').click();
  await expect(workstation.row('BRK.B')).toBeVisible();
  await input.fill('ZZQ');
  await input.press('Enter');
  await expect(input).toHaveAccessibleDescription(/^No company is known as ZZQ here/);
  await expect(workstation.row('ZZQ')).toHaveCount(0);
  await page.getByTestId('watchlist-add-made-up').click();
  await expect(workstation.row('ZZQ')).toContainText('made-up stock');
  await input.fill('12');
  await input.press('Enter');
  await expect(input).toHaveAttribute('aria-invalid', 'true');
  await expect(input).toHaveAccessibleDescription(/^That is not a ticker/);
  await input.fill('aapl');
  await expect(input).toHaveAttribute('aria-invalid', 'false');
  await input.press('Enter');
  // It is already listed: its row is highlighted.
  await expect(workstation.row('AAPL')).toHaveAttribute('data-lit', 'once');
  await expect(workstation.rows).toHaveCount(12);
});

test('a suggestion is chosen by a click, and Escape closes the list and then leaves the field', async ({ page, workstation }) => {
  const input = page.getByTestId('watchlist-add-input');
  await input.pressSequentially('dis');
  const option = page.getByRole('option', { name: /^DIS/ });
  await expect(option).toBeVisible();
  await input.press('Escape');
  await expect(option).toBeHidden();
  await input.press('Escape');
  await expect(input).not.toBeFocused();
  await input.fill('disn');
  await option.click();
  await expect(workstation.row('DIS')).toBeVisible();
});

test('the list holds fifty tickers and says so', async ({ page, server, workstation }) => {
  await widen(server.url, 50);
  await page.reload();
  await workstation.hydrated();
  await expect(page.getByTestId('watchlist')).toContainText('50 of 50');
  await page.getByTestId('watchlist-add-input').fill('XOM');
  await page.getByTestId('watchlist-add-button').click();
  await expect(page.getByRole('alert').filter({ hasText: 'The watchlist is full' })).toBeVisible();
  await expect(workstation.rows).toHaveCount(50);
  // The last one is reached by keyboard only.
  await workstation.symbol('AAPL').focus();
  await page.keyboard.press('End');
  const last = (await workstation.watched())[49];
  await expect(workstation.symbol(last)).toBeFocused();
  await expect(workstation.row(last)).toBeInViewport();
});

test('a removed ticker comes back to its place', async ({ page, workstation }) => {
  await workstation.row('MSFT').hover();
  await workstation.row('MSFT').getByTestId('watchlist-remove').click();
  await expect(workstation.row('MSFT')).toHaveCount(0);
  const toast = workstation.toast('success').filter({ hasText: 'MSFT is no longer watched' });
  await toast.getByRole('button', { name: 'Undo' }).click();
  await expect(workstation.row('MSFT')).toBeVisible();
  await expect(toast).toHaveCount(0);
  expect(await workstation.watched()).toEqual(DEFAULT);
  await page.reload();
  await workstation.hydrated();
  expect(await workstation.watched()).toEqual(DEFAULT);
});

test('removing the selected ticker selects its neighbour, by keyboard too', async ({ page, workstation }) => {
  await workstation.symbol('GOOGL').click();
  await page.keyboard.press('Delete');
  await expect(workstation.row('GOOGL')).toHaveCount(0);
  await expect(page.getByTestId('main-chart')).toHaveAttribute('data-ticker', 'MSFT');
  await expect(workstation.symbol('MSFT')).toBeFocused();
});

test('rows are gone through, chosen and moved by keyboard', async ({ page, workstation }) => {
  await workstation.symbol('AAPL').focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await expect(workstation.symbol('MSFT')).toBeFocused();
  await expect(page.getByTestId('main-chart')).toHaveAttribute('data-ticker', 'AAPL');
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('main-chart')).toHaveAttribute('data-ticker', 'MSFT');
  await expect(page.getByTestId('trade-ticker')).toHaveValue('MSFT');
  await page.keyboard.press('Alt+ArrowUp');
  await expect.poll(() => workstation.watched()).toEqual(['AAPL', 'MSFT', 'GOOGL', ...DEFAULT.slice(3)]);
  await expect(workstation.symbol('MSFT')).toBeFocused();
  await expect(page.getByRole('status').filter({ hasText: 'MSFT is now 2 of 10.' })).toBeAttached();
  await page.keyboard.press('Alt+ArrowDown');
  await expect.poll(() => workstation.watched()).toEqual(DEFAULT);
  await expect(workstation.symbol('MSFT')).toBeFocused();
  await page.keyboard.press('Alt+ArrowDown');
  await expect.poll(() => workstation.watched()).toEqual(['AAPL', 'GOOGL', 'AMZN', 'MSFT', ...DEFAULT.slice(4)]);
  await expect(workstation.symbol('MSFT')).toBeFocused();
  await page.waitForTimeout(300);
  await page.reload();
  await workstation.hydrated();
  expect(await workstation.watched()).toEqual(['AAPL', 'GOOGL', 'AMZN', 'MSFT', ...DEFAULT.slice(4)]);
  // Only the selected row is in the tab order.
  await expect(page.locator('[data-testid="watchlist-row"] button[tabindex="0"]')).toHaveCount(1);
});

test('no key is lost while the page is late with its frames', async ({ page, workstation }) => {
  await page.evaluate(() => {
    const { requestAnimationFrame } = window;
    window.requestAnimationFrame = (act) => requestAnimationFrame(() => setTimeout(() => requestAnimationFrame(act), 2_000));
  });
  await workstation.symbol('AAPL').focus();
  for (const key of ['ArrowDown', 'ArrowDown', 'Alt+ArrowDown', 'Alt+ArrowDown', 'ArrowDown']) await page.keyboard.press(key);
  const moved = ['AAPL', 'GOOGL', 'AMZN', 'TSLA', 'MSFT', ...DEFAULT.slice(5)];
  expect(await workstation.watched()).toEqual(moved);
  await expect(workstation.symbol(DEFAULT[5])).toBeFocused();
  await page.keyboard.press('Delete');
  await page.keyboard.press('Delete');
  await expect.poll(() => workstation.watched()).toEqual([...moved.slice(0, 5), ...moved.slice(7)]);
  await expect(workstation.symbol(DEFAULT[7])).toBeFocused();
});

test('changes reach the server in the order in which they were made', async ({ page, server, workstation }) => {
  let isFirst = true;
  await page.route(/\/api\/fn\/move_ticker/, async (route) => {
    if (isFirst) {
      isFirst = false;
      await new Promise((resolve) => setTimeout(resolve, 800));
    }
    await route.continue();
  });
  await workstation.symbol('MSFT').focus();
  await page.keyboard.press('Alt+ArrowDown');
  await page.keyboard.press('Alt+ArrowDown');
  const wanted = ['AAPL', 'GOOGL', 'AMZN', 'TSLA', 'MSFT', ...DEFAULT.slice(5)];
  await expect.poll(() => workstation.watched()).toEqual(wanted);
  const kept = async () => {
    const list = await (await fetch(`${server.url}/api/watchlist`)).json();
    return list.tickers.map(({ ticker }: { ticker: string }) => ticker);
  };
  await expect.poll(kept).toEqual(wanted);
  // And it stays: no late response reverts it.
  await page.waitForTimeout(1_000);
  expect(await kept()).toEqual(wanted);
  expect(await workstation.watched()).toEqual(wanted);
});

test('a row is dragged to another place, and the drag selects nothing', async ({ page, workstation }) => {
  const [from, to] = [await workstation.row('NFLX').boundingBox(), await workstation.row('GOOGL').boundingBox()];
  await page.mouse.move(from!.x + 40, from!.y + 20);
  await page.mouse.down();
  await page.mouse.move(to!.x + 40, to!.y + 30, { steps: 8 });
  await page.mouse.move(to!.x + 40, to!.y + 5, { steps: 3 });
  await expect(workstation.row('GOOGL')).toHaveAttribute('data-drop', 'before');
  await page.mouse.up();
  const expected = ['AAPL', 'NFLX', ...DEFAULT.slice(1, 9)];
  await expect.poll(() => workstation.watched()).toEqual(expected);
  await expect(page.getByTestId('main-chart')).toHaveAttribute('data-ticker', 'AAPL');
  await page.waitForTimeout(300);
  await page.reload();
  await workstation.hydrated();
  expect(await workstation.watched()).toEqual(expected);
});

test('rows out of sight do not light up, until they come into sight', async ({ page, server, workstation }) => {
  await widen(server.url, 50);
  const lights = await watchLights(page);
  await workstation.open(server.url);
  await expect(workstation.rows).toHaveCount(50);
  const last = workstation.rows.last();
  const ticker = (await last.getAttribute('data-ticker'))!;
  await expect.poll(async () => (await lights()).right).toBeGreaterThan(20);
  expect((await lights()).tickers).not.toContain(ticker);
  await last.scrollIntoViewIfNeeded();
  await expect.poll(async () => (await lights()).tickers).toContain(ticker);
  expect((await lights()).wrong).toEqual([]);
});

test('rows in sight follow each tick, and those out of sight one in some', async ({ page, server, workstation }) => {
  test.setTimeout(60_000);
  await widen(server.url, 50);
  await page.reload();
  await workstation.hydrated();
  const watched = await workstation.watched();
  const [first, last] = [watched[0], watched[49]];
  /** Counts how often the prices of both rows are written, from now on. */
  const count = () =>
    page.evaluate((tickers) => {
      const counts = ((window as any).counts = Object.fromEntries(tickers.map((ticker) => [ticker, 0])));
      for (const ticker of tickers) {
        const price = document.querySelector(`[data-testid="watchlist-row"][data-ticker="${ticker}"] .price`)!;
        new MutationObserver(() => (counts[ticker] += 1)).observe(price, { characterData: true, childList: true, subtree: true });
      }
    }, [first, last]);
  const counted = (ticker: string): Promise<number> => page.evaluate((ticker) => (window as any).counts[ticker], ticker);

  await count();
  await expect.poll(() => counted(last), { timeout: 20_000 }).toBeGreaterThanOrEqual(2);
  expect(await counted(first)).toBeGreaterThanOrEqual(3 * (await counted(last)));
  await workstation.row(last).scrollIntoViewIfNeeded();
  await count();
  await expect.poll(() => counted(first), { timeout: 20_000 }).toBeGreaterThanOrEqual(2);
  expect(await counted(last)).toBeGreaterThanOrEqual(3 * (await counted(first)));
});

test('the sorting is remembered', async ({ page, workstation }) => {
  await page.getByTestId('watchlist-sort').selectOption('ticker');
  await page.reload();
  await workstation.hydrated();
  await expect(page.getByTestId('watchlist-sort')).toHaveValue('ticker');
  await expect.poll(() => workstation.watched()).toEqual([...DEFAULT].sort());
});

test('sorting is calm: it lights up nothing, and the own order comes back', async ({ page, server, workstation }) => {
  const lights = await watchLights(page);
  await workstation.open(server.url);
  const sort = page.getByTestId('watchlist-sort');
  await page.waitForTimeout(1_200);
  await sort.selectOption('Ticker');
  expect(await workstation.watched()).toEqual([...DEFAULT].sort());
  await sort.selectOption('Price');
  const prices = (await workstation.rows.getByTestId('watchlist-price').allInnerTexts()).map(Number);
  expect(prices).toEqual([...prices].sort((one, other) => other - one));
  await sort.selectOption('Day change');
  await page.waitForTimeout(700);
  await sort.selectOption('Manual');
  expect(await workstation.watched()).toEqual(DEFAULT);
  await page.waitForTimeout(600);
  const { right, wrong } = await lights();
  expect(wrong).toEqual([]);
  expect(right).toBeGreaterThan(0);
});

test.describe('when the list cannot be changed', () => {
  test.use({ allowedConsole: /Failed to load resource|net::ERR_/ });

  test('what was shown comes back, with a reason', async ({ page, workstation }) => {
    await page.route(/\/api\/fn\/(unwatch|watch|move)_ticker/, (route) => route.abort());
    await workstation.symbol('V').focus();
    await page.keyboard.press('Delete');
    await expect(workstation.toast('error')).toContainText('V was not removed. The server could not be reached.');
    expect(await workstation.watched()).toEqual(DEFAULT);
    await page.getByTestId('watchlist-add-input').fill('XOM');
    await page.getByTestId('watchlist-add-button').click();
    await expect(page.getByTestId('watchlist-add-input')).toHaveAccessibleDescription('The server could not be reached.');
  });
});

test.describe('on a phone', () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true });

  test('a row is added, chosen and removed by touch', async ({ page, workstation }) => {
    await page.getByRole('button', { name: 'Watch', exact: true }).tap();
    await workstation.watch('XOM');
    await workstation.row('XOM').getByTestId('watchlist-remove').tap();
    await expect(workstation.row('XOM')).toHaveCount(0);
  });
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('the list stands with prices, changes and companies', async ({ page, server }) => {
    await page.goto(server.url);
    await expect(page.getByTestId('watchlist')).toContainText('10 of 50');
    const row = page.locator('[data-testid="watchlist-row"][data-ticker="AAPL"]');
    await expect(row).toContainText('Apple');
    await expect(row.getByTestId('watchlist-change')).toHaveText(/[▲▼◆] [+−]?\d+\.\d\d%[+−]?\d+\.\d\d/);
  });
});
