import { expect, test } from '../lib/test';

test.describe('when the server goes away', () => {
  // Chromium itself reports requests that fail while nothing listens, including that for the service worker.
  test.use({ allowedConsole: /Failed to load resource|net::ERR_|An unknown error occurred when fetching the script/ });

  test('the dot goes yellow, then green, and positions are still there', async ({ page, server, workstation }) => {
    await workstation.order('buy', '4', 'AAPL');
    await expect(workstation.position('AAPL')).toBeVisible();
    await expect(workstation.connection).toHaveAttribute('data-state', 'connected');
    const cash = await workstation.cash.innerText();

    const restarted = server.restart(1_500);
    await expect(workstation.connection).toHaveAttribute('data-state', 'reconnecting');
    await expect(workstation.connection).toContainText('Reconnecting');
    await expect(workstation.position('AAPL')).toBeVisible();
    const again = await restarted;
    try {
      await expect(workstation.connection).toHaveAttribute('data-state', 'connected', { timeout: 20_000 });
      await expect(workstation.cash).toHaveText(cash);
      const price = workstation.row('TSLA').getByTestId('watchlist-price');
      const shown = await price.innerText();
      await expect(price).not.toHaveText(shown);

      await page.reload();
      await workstation.hydrated();
      await expect(workstation.cash).toHaveText(cash);
      await expect(workstation.position('AAPL').getByTestId('position-quantity')).toHaveText('4');
    } finally {
      await again.stop();
    }
  });

  test('an order that got no answer is sent again, and filled once', async ({ page, workstation }) => {
    let calls = 0;
    await page.route(/\/api\/fn\/place_order/, async (route) => {
      calls += 1;
      // The first request reaches the server, and its response gets lost.
      if (calls === 1) {
        await route.fetch();
        await route.abort('connectionreset');
      } else {
        await route.continue();
      }
    });
    await workstation.order('buy', '2', 'MSFT');
    await expect(workstation.toast('success')).toContainText('Bought 2 MSFT');
    await expect(workstation.position('MSFT').getByTestId('position-quantity')).toHaveText('2');
    expect(calls).toBe(2);
  });
});

test.describe('when the stream is refused', () => {
  test.use({ allowedConsole: /Failed to load resource|EventSource/ });

  test('the dot says so, and trading goes on', async ({ page, server, workstation }) => {
    await page.route('**/api/stream/prices?*', (route) => route.fulfill({ status: 500, body: 'no' }));
    await workstation.open(server.url);
    await expect(workstation.connection).toHaveAttribute('data-state', 'disconnected');
    await workstation.order('buy', '1', 'V');
    await expect(workstation.position('V')).toBeVisible();
  });
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('the page shows the prices it was rendered with', async ({ page, server }) => {
    await page.goto(server.url);
    await expect(page.getByTestId('watchlist-row')).toHaveCount(10);
    await expect(page.getByTestId('total-value')).toHaveText('$10,000.00');
    for (const price of await page.getByTestId('watchlist-price').allInnerTexts()) {
      expect(Number(price.replace(',', ''))).toBeGreaterThan(0);
    }
    expect(await page.getByTestId('sparkline').first().locator('polyline').getAttribute('points')).toContain(',');
  });
});
