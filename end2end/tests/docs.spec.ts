import { expect, test } from '../lib/test';

test('the API is read and tried on a page of its own, with nothing from elsewhere', async ({ page, server }) => {
  const printed: string[] = [];
  const elsewhere: string[] = [];
  page.on('console', (message) => printed.push(message.text()));
  page.on('request', (request) => {
    if (!request.url().startsWith(server.url)) elsewhere.push(request.url());
  });
  await page.goto(`${server.url}/api/docs`);
  const trade = page.locator('details', { hasText: '/api/portfolio/trade' }).filter({ hasText: 'market order' });
  await trade.locator('summary').click();
  await expect(trade).toContainText('insufficient_cash: Buying 100 AAPL costs $19,428.00');
  await trade.getByRole('button', { name: 'Try it' }).click();
  await expect(trade.locator('pre')).toContainText('200 OK');
  await expect(trade.locator('pre')).toContainText('"ticker": "NVDA"');

  const stream = page.locator('details', { hasText: '/api/stream/prices' });
  await stream.locator('summary').click();
  await stream.getByRole('button', { name: 'Try it' }).click();
  await expect(stream.locator('pre')).toContainText('"AAPL":{');
  await expect(stream.locator('pre')).toContainText('(closed after');
  expect(printed).toEqual([]);
  expect(elsewhere).toEqual([]);
});

test('the page of the API has the theme, says what each operation is, and asks before it removes anything', async ({ page, server }) => {
  await page.emulateMedia({ colorScheme: 'light' });
  await page.goto(`${server.url}/api/docs`);
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await expect.poll(background).toBe('rgb(242, 245, 248)');
  await page.evaluate(() => localStorage.setItem('theme', 'dark'));
  await page.reload();
  await expect.poll(background).toBe('rgb(11, 15, 20)');

  const reset = page.locator('details', { hasText: '/api/portfolio/reset' });
  await expect(reset.locator('summary .title')).not.toBeEmpty();
  await reset.locator('summary').click();
  const sent: string[] = [];
  page.on('request', (request) => sent.push(request.url()));
  await reset.getByRole('button', { name: 'Try it' }).click();
  const sure = reset.getByRole('button', { name: 'This removes data: press again to send it' });
  await expect(sure).toBeVisible();
  expect(sent).toEqual([]);
  await sure.click();
  await expect(reset.locator('pre')).toContainText('200 OK');
});
