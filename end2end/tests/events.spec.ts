import type { Page } from '@playwright/test';
import { expect, test, Workstation } from '../lib/test';

/** As a script would. */
async function ask(url: string, method: string, path: string, body?: object): Promise<any> {
  const answer = await fetch(`${url}${path}`, { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  expect(answer.ok, `${method} ${path}: ${answer.status}`).toBe(true);
  return answer.status === 204 ? undefined : answer.json();
}

/** What a page that others change shows within so long. */
const SOON = { timeout: 1_500 };

const advise = (page: Page) => page.locator('.header').getByRole('radio', { name: 'Advise' });

test('what a script buys is in the open page, and can be sold there', async ({ page, server, workstation }) => {
  await expect(workstation.connection).toHaveAttribute('data-state', 'connected');
  await page.getByRole('tab', { name: 'Trades' }).click();
  const { cash_balance } = await ask(server.url, 'POST', '/api/portfolio/trade', { ticker: 'AAPL', side: 'buy', quantity: 5 });
  const cash = cash_balance.toLocaleString('en-US', { style: 'currency', currency: 'USD' });
  await expect(workstation.cash).toHaveText(cash, SOON);
  await expect(page.getByTestId('trade-row')).toHaveCount(1, SOON);
  await page.getByRole('tab', { name: 'Positions' }).click();
  await expect(workstation.position('AAPL').getByTestId('position-quantity')).toHaveText('5', SOON);
  await workstation.order('sell', '5', 'AAPL');
  await expect(workstation.toast('success')).toContainText('Sold 5 AAPL');
});

test('what a script does to the watchlist is in the open page', async ({ server, workstation }) => {
  await expect(workstation.connection).toHaveAttribute('data-state', 'connected');
  await ask(server.url, 'POST', '/api/watchlist', { ticker: 'XOM' });
  await expect(workstation.row('XOM')).toBeVisible(SOON);
  await ask(server.url, 'DELETE', '/api/watchlist/XOM');
  await expect(workstation.row('XOM')).toBeHidden(SOON);
});

test('an account that begins anew elsewhere does in the open page', async ({ server, workstation }) => {
  await workstation.order('buy', '2', 'V');
  await expect(workstation.position('V')).toBeVisible();
  await ask(server.url, 'POST', '/api/portfolio/reset');
  await expect(workstation.position('V')).toBeHidden(SOON);
  await expect(workstation.cash).toHaveText('$10,000.00', SOON);
});

test('what is said in one tab is heard in the other, once, and so are settings', async ({ context, page, server, workstation }) => {
  const other = new Workstation(await context.newPage());
  await other.open(server.url);
  await expect(other.connection).toHaveAttribute('data-state', 'connected');
  const messages = (tab: Workstation) => tab.page.getByTestId('chat-message');
  await other.page.getByTestId('chat-input').fill('buy 1 V and add XOM');
  await other.page.getByTestId('chat-input').press('Enter');
  await expect(messages(other)).toHaveCount(2);
  await expect(messages(workstation)).toHaveCount(2, SOON);
  await expect(messages(workstation).last().getByTestId('chat-action').first()).toHaveAttribute('data-status', 'executed');
  await expect(workstation.position('V')).toBeVisible(SOON);
  await expect(workstation.row('XOM')).toBeVisible(SOON);
  // The effect of its own request is not read twice.
  await page.waitForTimeout(800);
  await expect(messages(other)).toHaveCount(2);

  await ask(server.url, 'PATCH', '/api/settings', { autonomy: 'advise' });
  for (const tab of [page, other.page]) await expect(advise(tab)).toHaveAttribute('aria-checked', 'true', SOON);
  await ask(server.url, 'DELETE', '/api/chat');
  for (const tab of [workstation, other]) await expect(messages(tab)).toHaveCount(0, SOON);
});

test('a page of another build says so, and keeps what was typed over its reload', async ({ page, network, workstation }) => {
  await workstation.open(network.url);
  await expect(workstation.connection).toHaveAttribute('data-state', 'connected');
  const banner = page.getByTestId('update-banner');
  await expect(banner).toBeHidden();
  const { build } = await ask(network.url, 'GET', '/api/health');
  await expect(page.locator('html')).toHaveAttribute('data-build', build);
  network.say(`event: ping\ndata: {"build":"${build}"}\n\n`);
  await page.getByTestId('trade-ticker').fill('MSFT');
  await page.getByTestId('trade-quantity').fill('12');
  await page.getByTestId('chat-input').fill('How am I');
  await expect(banner).toBeHidden();
  network.say('event: ping\ndata: {"build":"0123456789abcdef"}\n\n');
  await expect(banner).toHaveText('FinAlly was updated: reload');
  // The page is told that it is offline, and shows both messages, one above the other.
  await page.evaluate(() => window.dispatchEvent(new Event('offline')));
  const offline = page.getByTestId('offline-banner');
  await expect(offline).toContainText('You are offline.');
  const [above, below] = [(await offline.boundingBox())!, (await banner.boundingBox())!];
  expect(above.y + above.height).toBeLessThanOrEqual(below.y + 1);
  await page.evaluate(() => window.dispatchEvent(new Event('online')));
  await expect(offline).toBeHidden();
  await page.getByTestId('update-reload').click();
  await expect(banner).toBeHidden();
  await workstation.hydrated();
  await expect(page.getByTestId('trade-ticker')).toHaveValue('MSFT');
  await expect(page.getByTestId('trade-quantity')).toHaveValue('12');
  await expect(page.getByTestId('chat-input')).toHaveValue('How am I');
});

test.describe('functions that are gone', () => {
  test.use({ allowedConsole: /Failed to load resource/ });

  test('are told as an update', async ({ page, workstation }) => {
    await page.route(/\/api\/fn\/place_order/, (route) => route.fulfill({ status: 404, body: '' }));
    await workstation.order('buy', '1', 'V');
    await expect(page.getByTestId('update-banner')).toContainText('FinAlly was updated');
    await expect(workstation.toast('error')).toContainText('FinAlly was updated');
  });
});
