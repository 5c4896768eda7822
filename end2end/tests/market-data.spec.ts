import { FinallyServer } from '../lib/server';
import { test as base, expect, Workstation } from '../lib/test';
import { ScriptedVendor } from '../lib/vendor';

const test = base.extend<{ vendor: ScriptedVendor }>({
  vendor: async ({}, use) => {
    const vendor = await ScriptedVendor.start();
    await use(vendor);
    await vendor.stop();
  },
  server: async ({ vendor }, use) => {
    const server = await FinallyServer.start(vendor.settings);
    await use(server);
    await server.stop();
  },
});

test('prices that are late, or refused, are said in words, and the stream stays connected', async ({ page, vendor, workstation }) => {
  const { connection } = workstation;
  const price = workstation.row('AAPL').getByTestId('watchlist-price');
  await expect(connection).toHaveAttribute('data-market', 'live');
  await expect(price).toHaveText('100.00');
  await expect(workstation.row('AAPL').getByTestId('watchlist-change'), 'since the previous close').toContainText('+25.00%');

  vendor.answer = 'DELAYED';
  await expect(connection).toContainText('Delayed 15 min');
  await expect(connection).toHaveAttribute('title', /^Prices are delayed 15 min\./);
  await expect(price).not.toHaveAttribute('data-stale');

  const banner = page.getByTestId('offline-banner');
  vendor.answer = 500;
  await expect(banner).toContainText('Prices are as they were at ');

  vendor.answer = 'OK';
  vendor.price = 101;
  await expect(price).toHaveText('101.00');
  await expect(price).not.toHaveAttribute('data-stale');
  await expect(banner).toBeHidden();

  vendor.answer = 403;
  await expect(banner).toContainText('The key has no access to real-time snapshots: ');
  await expect(banner).toContainText('MASSIVE_API_KEY');
  await expect(connection).toHaveAttribute('data-state', 'connected');
  await expect(connection).toContainText('No new prices');
  await expect(price).toHaveAttribute('data-stale', 'true');
  await expect(price, 'the last price stays').toHaveText('101.00');
  await expect(page.getByTestId('trade-market-note')).toContainText('The key has no access');
  await expect(page.getByTestId('trade-buy')).toBeDisabled();
});
