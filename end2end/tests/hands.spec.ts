import type { Page } from '@playwright/test';
import { expect, test } from '../lib/test';

async function holdings(page: Page, url: string): Promise<string[]> {
  const { positions } = await (await page.request.get(`${url}/api/portfolio`)).json();
  return positions.map(({ ticker }: { ticker: string }) => ticker);
}

async function buy(page: Page, url: string, ...tickers: string[]): Promise<void> {
  for (const ticker of tickers) {
    await page.request.post(`${url}/api/portfolio/trade`, { data: { ticker, side: 'buy', quantity: 1 } });
  }
}

test.describe('closing positions', () => {
  test('two clicks in one place close one position, and no row moves below the pointer', async ({ page, server, workstation }) => {
    await buy(page, server.url, 'AAPL', 'JPM', 'V');
    await workstation.open(server.url);
    const close = workstation.position('AAPL').getByTestId('position-close');
    const [place, below] = [(await close.boundingBox())!, (await workstation.position('JPM').boundingBox())!];
    await page.mouse.move(place.x + place.width / 2, place.y + place.height / 2);
    for (let click = 0; click < 2; click += 1) await page.mouse.click(place.x + place.width / 2, place.y + place.height / 2);
    const closed = page.getByTestId('position-closed');
    await expect(closed).toContainText(/Closed at [\d.]+, realised/);
    for (let click = 0; click < 4; click += 1) await page.mouse.click(place.x + place.width / 2, place.y + place.height / 2);
    expect(await holdings(page, server.url)).toEqual(['JPM', 'V']);
    expect((await workstation.position('JPM').boundingBox())!.y).toBe(below.y);
    await page.mouse.move(5, 5);
    await expect(closed).toHaveCount(0);
    await expect(page.getByTestId('position-row')).toHaveCount(2);
  });

  test('a first press is taken back when the pointer leaves, and one-click trading needs none', async ({ page, server, workstation }) => {
    await buy(page, server.url, 'AAPL', 'V');
    await workstation.open(server.url);
    const close = workstation.position('AAPL').getByTestId('position-close');
    await close.click();
    await expect(close).toHaveText('Sure?');
    await page.mouse.move(5, 5);
    await expect(close).toHaveText('Close');
    expect(await holdings(page, server.url)).toEqual(['AAPL', 'V']);
    await page.getByRole('button', { name: 'Settings' }).click();
    await page.getByRole('radio', { name: 'One-click trading' }).check();
    await page.keyboard.press('Escape');
    await close.dblclick();
    await expect.poll(() => holdings(page, server.url)).toEqual(['V']);
  });
});

test('a double click takes one ticker off the watchlist', async ({ page, workstation }) => {
  await workstation.row('AAPL').hover();
  await workstation.row('AAPL').getByTestId('watchlist-remove').dblclick();
  await expect(workstation.row('AAPL')).toHaveCount(0);
  await expect(workstation.toast('success')).toHaveCount(1);
  await expect(workstation.rows).toHaveCount(9);
});

test.describe('keys', () => {
  test('C puts the caret into the composer, and what is typed there trades nothing', async ({ page, workstation }) => {
    await page.keyboard.press('c');
    await expect(page.getByTestId('chat-input')).toBeFocused();
    await page.keyboard.type('buy 2 NVDA ');
    await expect(page.getByTestId('chat-input')).toHaveValue('buy 2 NVDA ');
    await expect(workstation.cash).toHaveText('$10,000.00');
  });

  test('words that are typed beside every field trade nothing', async ({ page, server, workstation }) => {
    await page.keyboard.type('buy 2 NVDA ');
    await page.keyboard.press('Enter');
    await page.keyboard.type('sells stocks');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Space');
    await expect(workstation.cash).toHaveText('$10,000.00');
    expect(await holdings(page, server.url)).toEqual([]);
  });

  test('a letter aims, where space does nothing and Enter trades; it may do nothing, or trade', async ({ page, workstation }) => {
    const button = page.getByTestId('trade-buy');
    await page.keyboard.press('b');
    await expect(button).toBeFocused();
    await page.keyboard.press('Space');
    await expect(button).not.toBeFocused();
    await page.waitForTimeout(600);
    await page.keyboard.press('b');
    await page.keyboard.press('Enter');
    const quantity = workstation.position('AAPL').getByTestId('position-quantity');
    await expect(quantity).toHaveText('1');
    const choose = async (name: string) => {
      await page.getByRole('button', { name: 'Settings' }).click();
      await page.getByRole('group', { name: 'B and S' }).getByRole('radio', { name }).check();
      await page.keyboard.press('Escape');
      await page.evaluate(() => (document.activeElement as HTMLElement).blur());
      // A letter soon after another one counts as part of a word.
      await page.waitForTimeout(600);
    };
    await choose('Fire');
    await page.keyboard.press('b');
    await expect(quantity).toHaveText('2');
    await choose('Off');
    await page.keyboard.press('b');
    await expect(button).not.toBeFocused();
    await expect(quantity).toHaveText('2');
  });

  test('shortcuts go by the place of their letter where the layout has none, and can be turned off', async ({ page, workstation: _ }) => {
    const press = (key: string, code: string, more: object = {}) =>
      page.evaluate(
        ([key, code, more]) => {
          const event = new KeyboardEvent('keydown', { key, code, bubbles: true, cancelable: true, ...more });
          (document.activeElement ?? document.body).dispatchEvent(event);
        },
        [key, code, more] as [string, string, object],
      );
    for (const key of ['р', 'η', 'י']) {
      await press(key, 'KeyH');
      await expect(page.locator('[data-slot="heatmap"]')).toBeFocused();
      await press('ц', 'KeyW');
      await expect(page.locator('[data-slot="watchlist"]')).toBeFocused();
    }
    await press('л', 'KeyK', { ctrlKey: true });
    await expect(page.getByRole('listbox', { name: 'Offers' })).toBeVisible();
    await page.keyboard.press('Escape');
    await page.evaluate(() => localStorage.setItem('shortcuts', 'Off'));
    await page.reload();
    await page.locator('body[data-hydrated]').waitFor();
    await page.keyboard.press('h');
    await expect(page.locator('[data-slot="heatmap"]')).not.toBeFocused();
  });

  test('the Enter that ends a composition sends nothing and chooses nothing', async ({ page, workstation: _ }) => {
    const end = (more: object) =>
      page.evaluate((more) => {
        const event = new KeyboardEvent('keydown', { key: 'Enter', code: 'Enter', bubbles: true, cancelable: true, ...more });
        document.activeElement!.dispatchEvent(event);
      }, more);
    const input = page.getByTestId('chat-input');
    await input.fill('かいしゃ');
    // As Chromium reports it, and as Safari does, after the composition has ended.
    for (const event of [{ isComposing: true }, { keyCode: 229 }]) await end(event);
    await expect(input).toHaveValue('かいしゃ');
    await expect(page.getByTestId('chat-message')).toHaveCount(0);
    await page.keyboard.press('Control+k');
    await expect(page.getByRole('combobox', { name: 'Ticker, order or command' })).toBeFocused();
    await page.keyboard.type('nvda');
    for (const event of [{ isComposing: true }, { keyCode: 229 }]) await end(event);
    await expect(page.getByRole('listbox', { name: 'Offers' })).toBeVisible();
    await page.keyboard.press('Enter');
    await expect(page.getByTestId('main-chart')).toHaveAttribute('data-ticker', 'NVDA');
  });

  test.describe('on a touch screen', () => {
    test.use({ hasTouch: true, isMobile: true, viewport: { width: 820, height: 1180 } });

    test('Enter makes a line', async ({ page, workstation: _ }) => {
      if (!(await page.getByTestId('chat-input').isVisible())) await page.getByTestId('chat-toggle').tap();
      const input = page.getByTestId('chat-input');
      await input.fill('one');
      await input.press('Enter');
      await expect(input).toHaveValue('one\n');
      await page.getByTestId('chat-send').tap();
      await expect(page.getByTestId('chat-message').first()).toContainText('one');
    });
  });
});

test.describe('away from the server', () => {
  test.use({ allowedConsole: /Failed to load resource|net::ERR_|error occurred when fetching the script/ });

  test('an order is not sent, and not later either', async ({ page, context, server, workstation }) => {
    await context.setOffline(true);
    await page.getByTestId('trade-buy').click();
    await expect(workstation.toast('error')).toContainText('Offline, not sent: the order to buy 1 AAPL');
    await context.setOffline(false);
    await expect(workstation.connection).toHaveAttribute('data-state', 'connected');
    expect(await holdings(page, server.url)).toEqual([]);
  });
});

test('a proposal that cannot be done is refused at once, with its cost and the cash after', async ({ page, workstation }) => {
  await page.getByRole('radio', { name: 'Propose' }).first().click();
  await page.getByTestId('chat-input').fill('buy 100000 TSLA and buy 1 V');
  await page.getByTestId('chat-input').press('Enter');
  const refused = page.getByTestId('chat-action').filter({ hasText: 'TSLA' });
  await expect(refused).toHaveAttribute('data-status', 'rejected');
  await expect(refused).toContainText(/Buying 100,000 TSLA costs \$[\d,.]+; you have \$10,000\.00/);
  await expect(refused.getByTestId('chat-estimate')).toContainText(/^Costs \$[\d,.]+; cash after: −\$/);
  const good = page.getByTestId('chat-action').filter({ hasText: 'Buy 1 V' });
  await expect(good.getByTestId('chat-estimate')).toContainText(/^Costs \$\d+\.\d\d; cash after: \$9,\d{3}/);
  await expect(workstation.cash).toHaveText('$10,000.00');
});

test('the average cost is shown at the edge while its line is out of view', async ({ page, server, workstation }) => {
  await buy(page, server.url, 'AAPL');
  await workstation.open(server.url);
  const label = page.getByTestId('cost-edge');
  await expect(page.getByTestId('main-chart')).toHaveAttribute('data-loading', 'false');
  await expect(label).toHaveCount(0);
  // The price scale is stretched and moved, until the line is beyond its end.
  const chart = (await page.getByTestId('main-chart').boundingBox())!;
  const axis = chart.x + chart.width - 20;
  await page.mouse.move(axis, chart.y + 60);
  await page.mouse.down();
  await page.mouse.move(axis, chart.y + 10, { steps: 4 });
  await page.mouse.up();
  await page.mouse.move(chart.x + 200, chart.y + 40);
  await page.mouse.down();
  await page.mouse.move(chart.x + 200, chart.y + chart.height * 2, { steps: 6 });
  await page.mouse.up();
  await expect(label).toHaveAttribute('data-edge', 'below');
  await expect(label).toContainText(/^▼ avg cost \d+\.\d\d/);
});
