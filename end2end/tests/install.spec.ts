import { expect, test } from '../lib/test';

test('the page can be installed', async ({ page, server, workstation }) => {
  const address = await page.locator('link[rel="manifest"]').getAttribute('href');
  const manifest = await (await fetch(server.url + address)).json();
  expect(manifest).toMatchObject({ short_name: 'FinAlly', start_url: '/', display: 'standalone' });
  for (const icon of manifest.icons) {
    const response = await fetch(server.url + icon.src);
    expect(response.headers.get('content-type'), icon.src).toBe(icon.type);
  }
  await expect(workstation.rows).toHaveCount(10);
  const session = await page.context().newCDPSession(page);
  const { errors } = await session.send('Page.getAppManifest');
  expect(errors).toEqual([]);
});

test.describe('while the server is away', () => {
  // Chromium itself reports requests that fail while nothing listens.
  test.use({ allowedConsole: /Failed to load resource|net::ERR_|EventSource|error occurred when fetching the script/ });

  test('a page of its own says so, and nothing old is ever shown', async ({ page, server, workstation }) => {
    test.setTimeout(60_000);
    await page.evaluate(async () => {
      const registration = await navigator.serviceWorker.ready;
      return registration.active!.state;
    });
    const restarted = server.restart(6_000);
    await expect(workstation.connection).toHaveAttribute('data-state', /reconnecting|disconnected/);
    await page.reload({ waitUntil: 'commit' });
    await expect(page.getByRole('heading', { name: 'FinAlly is out of reach' })).toBeVisible();
    const again = await restarted;
    try {
      // It retries by itself.
      await workstation.hydrated();
      await expect(workstation.rows).toHaveCount(10);
      expect(await page.evaluate(() => caches.keys())).toEqual([]);
    } finally {
      await again.stop();
    }
  });
});
