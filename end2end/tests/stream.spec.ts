import type { Page } from '@playwright/test';
import { expect, test, Workstation } from '../lib/test';

/** Whether every price shown is the server's, both read within one tick. */
async function expectServersPrices(page: Page): Promise<void> {
  await expect(async () => {
    const wrong = await page.evaluate(async () => {
      const shown = () =>
        Object.fromEntries(
          [...document.querySelectorAll<HTMLElement>('[data-testid="watchlist-row"]')].map((row) => [
            row.dataset.ticker!,
            Number(row.querySelector('[data-testid="watchlist-price"]')!.textContent!.replace(',', '')),
          ]),
        );
      const before = shown();
      const { tickers } = await (await fetch('/api/watchlist')).json();
      const after = shown();
      return tickers.filter(({ ticker, price }: any) => price !== before[ticker] && price !== after[ticker]).map(({ ticker }: any) => ticker);
    });
    expect(wrong).toEqual([]);
  }).toPass({ timeout: 10_000 });
}

test.describe('a stream in a bad network', () => {
  // Chromium itself reports broken connections.
  test.use({ allowedConsole: /Failed to load resource|net::ERR_|EventSource|error occurred when fetching the script/ });

  test('is taken up again when it was cut, with the server’s prices', async ({ page, network, workstation }) => {
    await workstation.open(network.url);
    await expect(workstation.connection).toHaveAttribute('data-state', 'connected');
    network.refuseStreams(503);
    network.cut();
    await expect(workstation.connection).not.toHaveAttribute('data-state', 'connected');
    network.refuseStreams();
    await expect(workstation.connection).toHaveAttribute('data-state', 'connected', { timeout: 20_000 });
    await expectServersPrices(page);
  });

  test('brings the account and the watchlist up to date when it is back', async ({ network, server, workstation }) => {
    await workstation.open(network.url);
    await expect(workstation.connection).toHaveAttribute('data-state', 'connected');
    network.refuseStreams(503);
    network.cut();
    await expect(workstation.connection).not.toHaveAttribute('data-state', 'connected');
    const post = (path: string, body: object) =>
      fetch(`${server.url}${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
    expect((await post('/api/watchlist', { ticker: 'XOM' })).status).toBe(201);
    expect((await post('/api/portfolio/trade', { ticker: 'V', side: 'buy', quantity: 3 })).status).toBe(200);
    network.refuseStreams();
    await expect(workstation.position('V').getByTestId('position-quantity')).toHaveText('3', { timeout: 25_000 });
    await expect(workstation.row('XOM')).toBeVisible();
  });

  test('is tried at once when the browser has a network again', async ({ page, network, workstation }) => {
    network.refuseStreams(503);
    await workstation.open(network.url);
    // The waits have become longer than this test's timeouts below.
    await expect.poll(() => network.streamsAsked, { timeout: 30_000 }).toBeGreaterThan(5);
    network.refuseStreams();
    await page.evaluate(() => window.dispatchEvent(new Event('online')));
    await expect(workstation.connection).toHaveAttribute('data-state', 'connected', { timeout: 3_000 });
  });

  test('is given up and opened again when it falls silent', async ({ page, network, workstation }) => {
    await workstation.open(network.url);
    await expect(workstation.connection).toHaveAttribute('data-state', 'connected');
    network.stall(true);
    // No event comes for as long as a server may be silent, and then the stream counts as dead.
    await workstation.sleep(14_000);
    network.say('event: ping\ndata: {}\n\n');
    await page.waitForTimeout(100);
    await workstation.sleep(14_000);
    await page.waitForTimeout(2_500);
    await expect(workstation.connection).toHaveAttribute('data-state', 'connected');
    await workstation.sleep(10_000);
    await expect(workstation.connection).toHaveAttribute('data-state', 'reconnecting');
    await expect(workstation.connection).toHaveAttribute('title', /The price stream fell silent/);
    network.stall(false);
    await expect(workstation.connection).toHaveAttribute('data-state', 'connected', { timeout: 20_000 });
    await expectServersPrices(page);
  });

  test('is opened again at once when the machine was asleep and the page is shown again', async ({ page, network, workstation }) => {
    await workstation.open(network.url);
    await expect(workstation.connection).toHaveAttribute('data-state', 'connected');
    network.stall(true);
    const asked = network.streamsAsked;
    await page.evaluate(() => {
      const now = Date.now.bind(Date);
      Date.now = () => now() + 3_600_000;
      document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
    });
    network.stall(false);
    await expect.poll(() => network.streamsAsked, { timeout: 1_500 }).toBe(asked + 1);
    await expect(workstation.connection).toHaveAttribute('data-state', 'connected');
    await expectServersPrices(page);
  });

  test('ends with a word, which the tooltip says', async ({ network, workstation }) => {
    await workstation.open(network.url);
    await expect(workstation.connection).toHaveAttribute('data-state', 'connected');
    await expect(workstation.connection).toHaveAttribute('title', 'Prices are live. Source: Simulator.');
    network.refuseStreams(500);
    network.say('event: error\ndata: {"code":"busy","detail":"The market feed has failed."}\n\n');
    await expect(workstation.connection).toHaveAttribute('title', /^The market feed has failed\. Prices are as they were last/);
    await expect(workstation.connection).toHaveAttribute('data-state', 'disconnected');
  });

  for (const status of [500, 429]) {
    test(`that is answered ${status} dims the prices, and trading goes on`, async ({ page, network, workstation }) => {
      network.refuseStreams(status);
      await workstation.open(network.url);
      await expect(workstation.connection).toHaveAttribute('data-state', 'disconnected');
      await expect(workstation.connection).toHaveAttribute('title', /^The server refuses the price stream/);
      await expect(page.locator('.app')).toHaveAttribute('data-live', 'false');
      const colour = (testId: string) => page.getByTestId(testId).first().evaluate((element) => getComputedStyle(element).color);
      expect(await colour('watchlist-price')).toBe('rgb(123, 139, 157)');
      await workstation.order('buy', '2', 'V');
      await expect(workstation.position('V').getByTestId('position-quantity')).toHaveText('2');

      const attempts = network.streamsAsked;
      await expect.poll(() => network.streamsAsked, { timeout: 15_000 }).toBeGreaterThan(attempts);
      network.refuseStreams();
      await expect(workstation.connection).toHaveAttribute('data-state', 'connected', { timeout: 25_000 });
      await expect(page.locator('.app')).toHaveAttribute('data-live', 'true');
      expect(await colour('watchlist-price')).not.toBe('rgb(123, 139, 157)');
    });
  }

  test('is not there without a network, and the page says so', async ({ context, page, workstation }) => {
    await expect(workstation.connection).toHaveAttribute('data-state', 'connected');
    await context.setOffline(true);
    await expect(page.getByTestId('offline-banner')).toContainText('You are offline');
    await context.setOffline(false);
    await expect(page.getByTestId('offline-banner')).toBeHidden();
  });
});

test.describe('tabs', () => {
  test('share one stream, and hand it over when its tab is closed', async ({ context, page, network, workstation }) => {
    // Five pages load in sequence.
    test.slow();
    await workstation.open(network.url);
    await expect(workstation.connection).toHaveAttribute('data-state', 'connected');
    const others = [];
    for (let tab = 0; tab < 3; tab += 1) {
      const other = new Workstation(await context.newPage());
      await other.open(network.url);
      await expect(other.connection).toHaveAttribute('data-state', 'connected');
      others.push(other);
    }
    expect([network.streamsOpen, network.eventsOpen]).toEqual([1, 1]);
    const price = others[2].row('TSLA').getByTestId('watchlist-price');
    const before = await price.innerText();
    await expect(price).not.toHaveText(before);
    await expectServersPrices(others[1].page);

    const asked = network.streamsAsked;
    await page.close();
    await expect.poll(() => network.streamsAsked).toBe(asked + 1);
    await expect.poll(() => network.streamsOpen).toBe(1);
    for (const other of others) {
      await expect(other.connection).toHaveAttribute('data-state', 'connected');
      await expectServersPrices(other.page);
    }
  });

  test('have a stream each where the browser cannot share', async ({ context, network, workstation }) => {
    await context.addInitScript(() => Object.defineProperty(window, 'BroadcastChannel', { value: undefined }));
    await workstation.open(network.url);
    const other = new Workstation(await context.newPage());
    await other.open(network.url);
    await expect(workstation.connection).toHaveAttribute('data-state', 'connected');
    await expect(other.connection).toHaveAttribute('data-state', 'connected');
    expect(network.streamsOpen).toBe(2);
  });

  test('get the streams when the one that has them sleeps, and give them back when it wakes', async ({ context, page, network, workstation }) => {
    test.slow();
    await workstation.open(network.url);
    await expect(workstation.connection).toHaveAttribute('data-state', 'connected');
    const other = new Workstation(await context.newPage());
    await other.open(network.url);
    await expect(other.connection).toHaveAttribute('data-state', 'connected');
    const asked = network.streamsAsked;
    // A dialog blocks its page's program, like sleep does.
    const shown = page.waitForEvent('dialog');
    await page.evaluate(() => void setTimeout(() => alert('asleep'), 0));
    const dialog = await shown;
    await expect.poll(() => network.streamsAsked, { timeout: 20_000 }).toBe(asked + 1);
    await expect(other.connection).toHaveAttribute('data-state', 'connected');
    await expectServersPrices(other.page);
    await dialog.accept();
    await expect.poll(() => [network.streamsOpen, network.eventsOpen]).toEqual([1, 1]);
    await expectServersPrices(other.page);
    await expectServersPrices(page);
  });

  test('that nobody sees take in the newest frame alone, now and then', async ({ page, server, workstation }) => {
    await page.addInitScript(() => {
      const state = ((window as any).hide = { hidden: false });
      Object.defineProperty(document, 'hidden', { get: () => state.hidden });
    });
    await workstation.open(server.url);
    await expect(workstation.connection).toHaveAttribute('data-state', 'connected');
    const changes = () =>
      page.evaluate(async () => {
        let count = 0;
        const observer = new MutationObserver((records) => (count += records.length));
        observer.observe(document.querySelector('[data-testid="watchlist"]')!, { subtree: true, childList: true, characterData: true });
        await new Promise((resolve) => setTimeout(resolve, 2_000));
        observer.disconnect();
        return count;
      });
    expect(await changes()).toBeGreaterThan(10);
    await page.evaluate(() => ((window as any).hide.hidden = true));
    // Pending work from before it was hidden is still drawn.
    await page.waitForTimeout(600);
    expect(await changes()).toBe(0);
    await page.evaluate(() => {
      (window as any).hide.hidden = false;
      document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
    });
    await expectServersPrices(page);
  });
});
