import type { Page, Request } from '@playwright/test';
import { expect, test } from '../lib/test';

/** The page never is idle, so that nothing is fetched ahead. */
const keepBusy = (page: Page) => page.addInitScript(() => (window.requestIdleCallback = () => 0));

const isPart = (url: URL) => /\/pkg\/parts_.*\.bin$/.test(url.pathname);

/** The parts that the page has asked for, by the names of their packs. */
function noteParts(page: Page): () => string[] {
  const asked: string[] = [];
  // Requests of an earlier document are not counted.
  page.on('framenavigated', () => asked.splice(0));
  page.on('request', (request: Request) => {
    const url = new URL(request.url());
    if (isPart(url)) asked.push(url.pathname);
  });
  return () => asked;
}

test('what is not seen at first is fetched when it is needed, once', async ({ page, server, workstation }) => {
  await keepBusy(page);
  const asked = noteParts(page);
  await workstation.open(server.url);
  const atFirst = asked().length;
  await page.getByRole('tab', { name: 'Trades' }).click();
  await expect(page.getByText('No trades yet.')).toBeVisible();
  expect(asked().length).toBeGreaterThan(atFirst);
  await page.keyboard.press('Control+k');
  await expect(page.getByRole('combobox', { name: 'Ticker, order or command' })).toBeFocused();
  await page.keyboard.type('nvda');
  await expect(page.getByRole('listbox', { name: 'Offers' }).getByRole('option').first()).toContainText('NVDA');
  await page.keyboard.press('Escape');
  const all = [...asked()];
  expect(new Set(all).size).toBe(all.length);
  await page.getByRole('tab', { name: 'Positions' }).click();
  await page.getByRole('tab', { name: 'Trades' }).click();
  await expect(page.getByText('No trades yet.')).toBeVisible();
  expect(asked().length).toBe(all.length);
});

test('an idle page fetches all of it ahead', async ({ page, server, workstation }) => {
  const asked = noteParts(page);
  await workstation.open(server.url);
  await expect.poll(() => asked().length).toBeGreaterThan(3);
  await expect(page.getByText('Loading…')).toHaveCount(0);
  await page.waitForLoadState('networkidle').catch(() => {});
  await page.route(isPart, (route) => route.abort());
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog', { name: 'Keyboard shortcuts' })).toContainText('Go to the buy button');
});

test.describe('a part that cannot be loaded', () => {
  // Chromium logs it.
  test.use({ allowedConsole: /Failed to load resource/ });

  test('says so, and is loaded with the next try', async ({ page, server, workstation }) => {
    await keepBusy(page);
    await workstation.open(server.url);
    await page.route(isPart, (route) => route.abort());
    await page.getByRole('tab', { name: 'Trades' }).click();
    const failure = page.getByTestId('part-failure');
    await expect(failure).toContainText('The list of trades could not be loaded.');
    await failure.getByRole('button', { name: 'Retry' }).click();
    await expect(failure).toBeVisible();
    await page.unroute(isPart);
    await failure.getByRole('button', { name: 'Retry' }).click();
    await expect(page.getByText('No trades yet.')).toBeVisible();
    await expect(failure).toHaveCount(0);
    // The rest of the page keeps working.
    await expect(page.locator('.stopped')).toHaveCount(0);
    await workstation.order('buy', '1', 'AAPL');
    await expect(page.getByTestId('trade-row')).toHaveCount(1);
  });

  test('because it is of another build says that the page was updated, and loses nothing typed', async ({ page, server, workstation }) => {
    await keepBusy(page);
    await workstation.open(server.url);
    await page.getByTestId('chat-input').fill('How am I doing?');
    await page.route(isPart, (route) => route.fulfill({ status: 404 }));
    await page.getByRole('tab', { name: 'Realised' }).click();
    const failure = page.getByTestId('part-failure');
    await expect(failure).toContainText('could not be loaded');
    await page.evaluate(() => dispatchEvent(new Event('gone')));
    await expect(failure).toContainText('FinAlly was updated:');
    await page.unroute(isPart);
    await failure.getByRole('button', { name: 'reload' }).click();
    await expect(failure).toHaveCount(0);
    await workstation.hydrated();
    await expect(page.getByTestId('chat-input')).toHaveValue('How am I doing?');
  });
});

test("the copilot's panel stands as the server rendered it until it is live, and keeps what is typed", async ({ page, server, workstation }) => {
  await keepBusy(page);
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  await page.route(isPart, async (route) => {
    await held;
    await route.continue();
  });
  await page.goto(server.url);
  await page.locator('body[data-hydrated]').waitFor();
  const panel = page.getByTestId('chat-panel');
  await expect(panel).toBeVisible();
  const before = (await panel.boundingBox())!;
  const words = await panel.innerText();
  await page.getByTestId('chat-input').click();
  await page.keyboard.type('How am ');
  release();
  await workstation.hydrated();
  await page.keyboard.type('I doing?');
  await expect(page.getByTestId('chat-input')).toHaveValue('How am I doing?');
  expect(await panel.boundingBox()).toEqual(before);
  expect(await panel.innerText()).toBe(words);
  await page.keyboard.press('Enter');
  await expect(page.locator('[data-testid="chat-message"][data-role="assistant"]')).toBeVisible();
});
