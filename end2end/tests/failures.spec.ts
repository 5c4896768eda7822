import { expect, test, Workstation } from '../lib/test';
import { FinallyServer } from '../lib/server';

// Chromium itself reports each unsuccessful response.
test.use({ allowedConsole: /Failed to load resource/ });

/** A problem as the server's guards answer it. */
const problem = (status: number, code: string, detail: string, headers: Record<string, string> = {}) => ({
  status,
  headers: { 'content-type': 'application/problem+json', ...headers },
  body: JSON.stringify({ type: `urn:finally:problem:${code}`, title: code, status, detail, code, request_id: '7' }),
});

for (const [status, code, detail] of [
  [421, 'wrong_host', 'This server does not answer for nas. If it should, start it with ALLOWED_HOSTS=nas.'],
  [403, 'cross_site', 'A page of another site may not ask for this; TRUSTED_ORIGINS names the sites that may.'],
  [408, 'request_timeout', 'The request was not complete in time; nothing was changed.'],
  [413, 'body_too_large', "The request's body is larger than 64 KiB."],
] as const) {
  test(`an order that is refused with ${status} says why, and is not sent again`, async ({ page, workstation }) => {
    let sent = 0;
    await page.route('**/api/fn/place_order*', (route) => {
      sent += 1;
      return route.fulfill(problem(status, code, detail));
    });
    await workstation.order('buy', '1', 'AAPL');
    await expect(workstation.toast('error')).toContainText(detail);
    expect(sent).toBe(1);
  });
}

test('a proxy that refuses without a word is named', async ({ page, workstation }) => {
  await page.route('**/api/fn/place_order*', (route) => route.fulfill({ status: 413, contentType: 'text/html', body: '<h1>413</h1>' }));
  await workstation.order('buy', '1', 'AAPL');
  await expect(workstation.toast('error')).toContainText('The server, or a proxy before it, refuses this (status 413).');
});

test('a question waits as long as the server asks, and says so', async ({ page, workstation }) => {
  const asked: number[] = [];
  await page.route('**/api/fn/load_trades*', (route) => {
    asked.push(Date.now());
    return asked.length === 1 ? route.fulfill(problem(429, 'too_many_requests', 'Too many requests.', { 'retry-after': '3' })) : route.continue();
  });
  await page.getByRole('tab', { name: /Trades/ }).click();
  await expect(page.getByTestId('offline-banner')).toContainText('the server asked this page to wait 3 s');
  await expect(page.getByText('No trades yet.')).toBeVisible();
  await expect(page.getByTestId('offline-banner')).toBeHidden();
  expect(asked).toHaveLength(2);
  expect(asked[1] - asked[0]).toBeGreaterThanOrEqual(3_000);
  await expect(workstation.toast('error')).toHaveCount(0);
});

test('an order is not sent into a limit', async ({ page, workstation }) => {
  let sent = 0;
  await page.route('**/api/fn/place_order*', (route) => {
    sent += 1;
    return route.fulfill(problem(429, 'too_many_requests', 'Too many requests.', { 'retry-after': '30' }));
  });
  await workstation.order('buy', '1', 'AAPL');
  await expect(workstation.toast('error')).toContainText('Too many requests; try again in 30 s.');
  // Two clicks in one place within half a second count as one.
  await page.waitForTimeout(600);
  await workstation.order('buy', '1', 'AAPL');
  await expect(workstation.toast('error')).toHaveCount(2);
  await expect(workstation.toast('error').last()).toContainText(/try again in (2\d|30) s/);
  expect(sent).toBe(1);
});

test('a message that meets the limit is not lost', async ({ page, workstation }) => {
  await page.route('**/api/fn/send_message*', (route) => route.fulfill(problem(429, 'too_many_requests', 'Too many requests.', { 'retry-after': '20' })));
  await page.getByTestId('chat-input').fill('How am I doing?');
  await page.getByTestId('chat-send').click();
  await expect(page.locator('.trouble')).toContainText('try again in 20 s');
  await expect(page.getByTestId('chat-input')).toHaveValue('How am I doing?');
  await expect(workstation.connection).toHaveAttribute('data-state', 'connected');
});

test('a page under a tight limit comes to rest', async ({ page }) => {
  const server = await FinallyServer.start({ RATE_LIMIT: '2' });
  try {
    const refused: number[] = [];
    page.on('response', (response) => response.status() === 429 && refused.push(Date.now()));
    await new Workstation(page).open(server.url);
    await page.getByRole('tab', { name: /Trades/ }).click();
    await expect(page.getByText('No trades yet.')).toBeVisible();
    await expect(page.getByTestId('offline-banner')).toBeHidden();
    expect(refused.length).toBeLessThan(6);
  } finally {
    await server.stop();
  }
});
