import { cents, expect, test } from '../lib/test';

test('the rail goes to a view, with its address, title and focus, and prices go on', async ({ page, server, workstation }) => {
  await expect(page.getByTestId('nav-trade')).toHaveAttribute('aria-current', 'page');
  await page.getByTestId('nav-account').click();
  await expect(page).toHaveURL(`${server.url}/account`);
  await expect(page).toHaveTitle('Account · FinAlly');
  await expect(page.getByTestId('account-view')).toBeFocused();
  await expect(page.getByTestId('nav-account')).toHaveAttribute('aria-current', 'page');
  await expect(page.getByTestId('watchlist')).toBeHidden();
  await expect(page.getByTestId('chat-panel')).toBeVisible();
  await expect(workstation.connection).toHaveAttribute('data-state', 'connected');
  await expect(page.getByTestId('account-view').getByRole('heading', { name: 'Copilot' })).toBeVisible();

  await page.getByTestId('nav-trade').click();
  await expect(page).toHaveURL(`${server.url}/`);
  await expect(page).toHaveTitle(/^\$10,000\.00 · FinAlly$/);
  await expect(page.locator('#view-trade')).toBeFocused();
  const price = workstation.row('TSLA').getByTestId('watchlist-price');
  await expect(price).not.toHaveText(await price.innerText());
});

test('back and forward go through views and tickers', async ({ page, server, workstation }) => {
  const chart = page.getByTestId('main-chart');
  const first = (await chart.getAttribute('data-ticker'))!;
  await workstation.symbol('NVDA').click();
  await expect(page).toHaveURL(`${server.url}/ticker/NVDA`);
  await workstation.symbol('V').click();
  await page.getByTestId('nav-account').click();
  await expect(page.getByTestId('account-view')).toBeVisible();

  await page.goBack();
  await expect(page).toHaveURL(`${server.url}/ticker/V`);
  await expect(chart).toHaveAttribute('data-ticker', 'V');
  await page.goBack();
  await expect(chart).toHaveAttribute('data-ticker', 'NVDA');
  await page.goBack();
  await expect(page).toHaveURL(`${server.url}/`);
  await expect(chart).toHaveAttribute('data-ticker', first);
  await page.goForward();
  await expect(chart).toHaveAttribute('data-ticker', 'NVDA');
  await page.goForward();
  await page.goForward();
  await expect(page).toHaveURL(`${server.url}/account`);
  await expect(page.getByTestId('account-view')).toBeVisible();
});

test('a view can be linked to, is rendered by the server, and opens the others', async ({ page, server, workstation }) => {
  const html = await (await fetch(`${server.url}/account`)).text();
  expect(html).toContain('data-testid="account-view"');
  expect(html).toContain('Start over');
  await workstation.open(`${server.url}/account`);
  await expect(page).toHaveTitle('Account · FinAlly');
  await page.getByTestId('account-view').getByRole('radio', { name: 'Light' }).check();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'light');
  // A letter that trades has no effect without a visible ticket.
  await page.evaluate(() => (document.activeElement as HTMLElement).blur());
  await page.keyboard.press('b');
  await expect(workstation.rows).toHaveCount(10);
  await expect(page.getByTestId('main-chart')).toHaveAttribute('data-loading', 'false');
  await expect(workstation.cash).toHaveText('$10,000.00');
  await workstation.order('buy', '1', 'AAPL');
  await expect(workstation.position('AAPL')).toBeVisible();
});

test('what was arranged in a view is there when one comes back', async ({ page, workstation }) => {
  await page.getByTestId('trade-quantity').fill('7');
  await page.getByRole('tab', { name: 'Trades' }).click();
  await expect(page.getByText('No trades yet.')).toBeVisible();
  await page.getByTestId('nav-account').click();
  await page.keyboard.press('p');
  await expect(page.getByTestId('trade-quantity')).toHaveValue('7');
  await expect(page.getByRole('tab', { name: 'Trades' })).toHaveAttribute('aria-selected', 'true');
  await expect(page.locator('.tv-lightweight-charts').first()).toBeVisible();
  expect(cents(await workstation.cash.innerText())).toBe(1_000_000);
});

test('an address that shows nothing says so', async ({ page, server }) => {
  const response = await page.goto(`${server.url}/accounts`);
  expect(response!.status()).toBe(404);
  await expect(page.getByText('There is no such page')).toBeVisible();
});

test.describe('on a phone', () => {
  test.use({ viewport: { width: 390, height: 844 } });

  test('the bar of five goes to views and panels', async ({ page, server, workstation }) => {
    await workstation.show('Account');
    await expect(page.getByTestId('account-view')).toBeVisible();
    await expect(page).toHaveURL(`${server.url}/account`);
    await workstation.show('Copilot');
    await expect(page.getByTestId('chat-panel')).toBeVisible();
    await expect(page.getByTestId('account-view')).toBeHidden();
    await workstation.show('Watch');
    await expect(page.getByTestId('watchlist')).toBeVisible();
    await expect(page).toHaveURL(`${server.url}/`);
    await workstation.show('Trade');
    await expect(page.getByTestId('trade-buy')).toBeVisible();
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
  });
});

test('a link to a ticker that is neither watched nor held says so, and offers to watch it', async ({ page, server, workstation }) => {
  await workstation.open(`${server.url}/ticker/XOM`);
  const toast = page.getByTestId('toast').filter({ hasText: 'XOM is neither watched nor held. AAPL is shown.' });
  await toast.getByRole('button', { name: 'Watch it' }).click();
  await expect(page.getByTestId('main-chart')).toHaveAttribute('data-ticker', 'XOM');
  await expect(workstation.row('XOM')).toBeVisible();

  const answer = await page.request.get(`${server.url}/ticker/no-ticker-at-all`);
  expect(answer.status()).toBe(404);
  expect(await answer.text()).toContain('There is no such page');
});

test('a token is made in the account view, shown once, used and revoked', async ({ page, server, workstation }) => {
  await workstation.open(`${server.url}/account`);
  await page.getByTestId('token-name').fill('my script');
  await page.getByTestId('token-scope-trade').check();
  await page.getByTestId('token-make').click();
  const secret = (await page.getByTestId('token-secret').textContent())!;
  expect(secret).toMatch(/^fin_[0-9a-f]{64}$/);
  await expect(page.getByTestId('token-row')).toContainText('my script');
  await expect(page.getByTestId('token-row')).toContainText('read, trade');

  const read = () => fetch(`${server.url}/api/portfolio`, { headers: { authorization: `Bearer ${secret}` } });
  expect((await read()).status).toBe(200);
  await workstation.open(`${server.url}/account`);
  await expect(page.getByTestId('token-row')).toContainText('last used');
  await expect(page.getByTestId('token-secret')).toHaveCount(0);
  await page.getByTestId('token-revoke').click();
  await expect(page.getByTestId('token-row')).toHaveCount(0);
  await expect(page.getByText('There are no tokens yet.')).toBeVisible();
  expect((await read()).status).toBe(401);
});
