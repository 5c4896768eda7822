import type { Page } from '@playwright/test';
import { expect, test, Workstation } from '../lib/test';

const separator = (page: Page, name: string) => page.getByRole('separator', { name: `Size of the ${name}` });

const size = async (page: Page, slot: string) => (await page.locator(`[data-slot="${slot}"]`).boundingBox())!;

test.describe('panels', () => {
  test('at 1440×900 all of them are there, and the page does not scroll', async ({ page, workstation }) => {
    await expect(workstation.rows).toHaveCount(10);
    for (const slot of ['watchlist', 'chart', 'ticket', 'positions', 'heatmap', 'equity', 'copilot']) {
      const box = await size(page, slot);
      expect(box.width, slot).toBeGreaterThan(100);
      expect(box.height, slot).toBeGreaterThan(40);
      expect(box.x + box.width, slot).toBeLessThanOrEqual(1440);
      expect(box.y + box.height, slot).toBeLessThanOrEqual(900);
    }
    expect(await page.evaluate(() => document.documentElement.scrollHeight - innerHeight)).toBeLessThanOrEqual(0);
  });

  test('a separator is dragged, and the size is remembered', async ({ page, workstation }) => {
    const before = await size(page, 'watchlist');
    const handle = (await separator(page, 'watchlist').boundingBox())!;
    const [x, y] = [handle.x + handle.width / 2, handle.y + 60];
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x + 60, y, { steps: 5 });
    await page.mouse.up();
    const after = await size(page, 'watchlist');
    expect(after.width).toBeCloseTo(before.width + 60, -1);
    await expect(separator(page, 'watchlist')).toHaveAttribute('aria-valuenow', String(Math.floor(after.width)));

    await page.reload();
    await workstation.hydrated();
    expect((await size(page, 'watchlist')).width).toBe(after.width);
    await separator(page, 'watchlist').dblclick({ position: { x: 4, y: 60 } });
    expect((await size(page, 'watchlist')).width).toBe(before.width);
  });

  test('separators are moved by keyboard, within their bounds', async ({ page, workstation }) => {
    const watchlist = separator(page, 'watchlist');
    const { width } = await size(page, 'watchlist');
    await watchlist.focus();
    await page.keyboard.press('ArrowRight');
    expect((await size(page, 'watchlist')).width).toBe(Math.floor(width) + 16);
    await page.keyboard.press('Shift+ArrowLeft');
    expect((await size(page, 'watchlist')).width).toBe(Math.floor(width) - 48);
    await page.keyboard.press('Home');
    expect((await size(page, 'watchlist')).width).toBe(200);
    await expect(watchlist).toHaveAttribute('aria-valuenow', '200');
    await page.keyboard.press('ArrowLeft');
    expect((await size(page, 'watchlist')).width).toBe(200);

    const row = separator(page, 'portfolio row');
    const { height } = await size(page, 'portfolio');
    await row.focus();
    await page.keyboard.press('ArrowUp');
    expect((await size(page, 'portfolio')).height).toBe(Math.floor(height) + 16);
    const copilot = separator(page, 'copilot');
    const copilotWidth = (await size(page, 'copilot')).width;
    await copilot.focus();
    await page.keyboard.press('ArrowLeft');
    expect((await size(page, 'copilot')).width).toBe(Math.floor(copilotWidth) + 16);
    expect(await workstation.page.evaluate(() => localStorage.getItem('layout'))).toContain('watchlist=200');
  });

  test('panels close and open, and that is remembered', async ({ page, workstation }) => {
    await separator(page, 'watchlist').focus();
    await page.keyboard.press('Enter');
    await expect(page.getByTestId('watchlist')).toBeHidden();
    await page.getByTestId('chat-toggle').click();
    await expect(page.locator('.copilot-content')).toBeHidden();
    await page.reload();
    await workstation.hydrated();
    await expect(page.getByTestId('watchlist')).toBeHidden();
    await expect(page.locator('.copilot-content')).toBeHidden();

    await page.getByRole('button', { name: 'Open the watchlist' }).click();
    await expect(page.getByTestId('watchlist')).toBeVisible();
    await page.getByTestId('chat-toggle').click();
    await expect(page.locator('.copilot-content')).toBeVisible();
    await separator(page, 'heatmap').focus();
    await page.keyboard.press('Enter');
    await expect(page.locator('[data-slot="heatmap"]')).toBeHidden();
    await page.keyboard.press('h');
    await expect(page.locator('[data-slot="heatmap"]')).toBeVisible();
  });

  test('nonsense in the storage changes nothing', async ({ page, workstation }) => {
    const { width } = await size(page, 'watchlist');
    await page.evaluate(() => {
      localStorage.setItem('layout', 'watchlist=-4 =3 copilot portfolio=1e9 x');
      localStorage.setItem('theme', 'sepia');
    });
    await page.reload();
    await workstation.hydrated();
    await expect.poll(async () => (await size(page, 'watchlist')).width).toBe(width);
    await expect(page.locator('html')).toHaveAttribute('data-theme', /^(dark|light)$/);
  });
});

test.describe('before the page wakes up', () => {
  // Chromium itself reports the blocked file.
  test.use({ allowedConsole: /Failed to load resource/ });

  test('what was remembered is there at the first paint', async ({ page, server, workstation }) => {
    await page.evaluate(() => localStorage.setItem('layout', 'watchlist=400 copilot=closed'));
    // Without the page's program: only the server's HTML and the first script.
    await page.route('**/pkg/*.wasm', (route) => route.abort());
    await page.route('**/pkg/*.js', (route) => route.fulfill({ contentType: 'text/javascript', body: 'export default async () => {}; export const hydrate = () => {};' }));
    await page.goto(server.url);
    expect((await size(page, 'watchlist')).width).toBe(400);
    await expect(page.locator('.copilot-content')).toBeHidden();
  });
});

test.describe('at 1024×768', () => {
  test.use({ viewport: { width: 1024, height: 768 } });

  test('the copilot is an edge, and opens over the others', async ({ page, workstation }) => {
    await expect(workstation.rows).toHaveCount(10);
    await expect(page.locator('.copilot-content')).toBeHidden();
    const chart = await size(page, 'chart');
    await page.getByTestId('chat-toggle').click();
    await expect(page.locator('.copilot-content')).toBeVisible();
    expect((await size(page, 'chart')).width).toBe(chart.width);
    await page.getByTestId('chat-toggle').click();
    await expect(page.locator('.copilot-content')).toBeHidden();
    expect(await page.evaluate(() => document.documentElement.scrollHeight - innerHeight)).toBeLessThanOrEqual(0);
  });
});

test.describe('at 390×844', () => {
  test.use({ viewport: { width: 390, height: 844 } });

  test('one panel shows at a time, and the bar switches between them', async ({ page, workstation }) => {
    const shown = () =>
      page.evaluate(() =>
        [...document.querySelectorAll<HTMLElement>('[data-slot]')]
          .filter((slot) => slot.dataset.slot !== 'portfolio' && slot.getClientRects().length > 0)
          .map((slot) => slot.dataset.slot),
      );
    await expect(workstation.totalValue).toBeVisible();
    expect(await shown()).toEqual(['chart', 'ticket']);
    const bar = page.getByRole('navigation', { name: 'Views' });
    await expect(bar.locator(':scope > :visible')).toHaveText(['Watch', 'Trade', 'Portfolio', 'Copilot', 'Library', 'Account']);
    for (const [word, slot] of [
      ['Watch', 'watchlist'],
      ['Positions', 'positions'],
      ['Heatmap', 'heatmap'],
      ['Equity', 'equity'],
      ['Copilot', 'copilot'],
    ]) {
      await workstation.show(word);
      expect(await shown()).toEqual([slot]);
      await expect(page.locator('nav [aria-current]').filter({ hasText: word })).toBeVisible();
      const box = await size(page, slot);
      expect(box.width).toBe(390);
      expect(box.height).toBeGreaterThan(500);
    }
    await workstation.show('Trade');
    expect(await shown()).toEqual(['chart', 'ticket']);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
  });
});

test.describe('the theme', () => {
  const background = (page: Page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);

  test('follows the system, live, until one is chosen', async ({ page, server, workstation }) => {
    await page.emulateMedia({ colorScheme: 'light' });
    await expect(page.locator('html')).toHaveAttribute('data-theme', 'light');
    expect(await background(page)).toBe('rgb(242, 245, 248)');
    await page.emulateMedia({ colorScheme: 'dark' });
    await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
    expect(await background(page)).toBe('rgb(11, 15, 20)');

    await page.getByRole('button', { name: 'Settings' }).click();
    await page.getByRole('radio', { name: 'Light' }).check();
    await expect(page.locator('html')).toHaveAttribute('data-theme', 'light');
    await workstation.open(server.url);
    await expect(page.locator('html')).toHaveAttribute('data-theme', 'light');
    await page.getByRole('button', { name: 'Settings' }).click();
    await expect(page.getByRole('radio', { name: 'Light' })).toBeChecked();
    await page.getByRole('radio', { name: 'System' }).check();
    await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  });

  test('is that of all tabs', async ({ context, page, server, workstation: _ }) => {
    const other = await context.newPage();
    await new Workstation(other).open(server.url);
    await page.getByRole('button', { name: 'Settings' }).click();
    await page.getByRole('radio', { name: 'Light' }).check();
    await expect(other.locator('html')).toHaveAttribute('data-theme', 'light');
    await other.getByRole('button', { name: 'Settings' }).click();
    await expect(other.getByRole('radio', { name: 'Light' })).toBeChecked();
    await other.getByRole('radio', { name: 'Dark' }).check();
    await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
    await expect(page.getByRole('radio', { name: 'Dark' })).toBeChecked();
  });

  test('never shows the other one first', async ({ page, server, workstation }) => {
    await page.evaluate(() => localStorage.setItem('theme', 'light'));
    await page.addInitScript(() => {
      const seen = ((window as any).seen = new Set<string>());
      const look = () => {
        if (document.body) seen.add(getComputedStyle(document.body).backgroundColor);
        requestAnimationFrame(look);
      };
      requestAnimationFrame(look);
    });
    await workstation.open(server.url);
    await expect.poll(() => page.evaluate(() => [...(window as any).seen])).toContain('rgb(242, 245, 248)');
    expect(await page.evaluate(() => [...(window as any).seen])).not.toContain('rgb(11, 15, 20)');
  });
});

test.describe('how closely rows stand', () => {
  const height = async (page: Page) => (await page.getByTestId('watchlist-row').first().boundingBox())!.height;

  test('is chosen, remembered, and that of all tabs', async ({ context, page, server, workstation }) => {
    test.slow();
    const other = await context.newPage();
    await new Workstation(other).open(server.url);
    const usual = await height(page);
    await page.getByRole('button', { name: 'Settings' }).click();
    await page.getByRole('radio', { name: 'Compact' }).check();
    await expect.poll(() => height(page)).toBeLessThan(usual * 0.7);
    await expect.poll(() => height(other)).toBeLessThan(usual * 0.7);
    await other.close();
    const compact = await height(page);
    await page.reload();
    expect(await height(page)).toBe(compact);
    await workstation.hydrated();
    expect(await height(page)).toBe(compact);
    await page.keyboard.press('Control+k');
    await expect(page.getByRole('combobox', { name: 'Ticker, order or command' })).toBeFocused();
    await page.keyboard.type('Rows: comfortable');
    await expect(page.locator('#palette-option-0')).toContainText('Rows: comfortable');
    await page.keyboard.press('Enter');
    await expect.poll(() => height(page)).toBe(usual);
  });
});

test.describe('the header', () => {
  const figure = (workstation: Workstation, id: string) => workstation.page.getByTestId(id);

  test('tells what the day and all days gained, with a sign and a shape; the title tells the value', async ({ page, workstation }) => {
    await expect(figure(workstation, 'day-pnl')).toHaveText('◆ $0.00 (0.00%)');
    await workstation.order('buy', '20', 'TSLA');
    await expect(workstation.position('TSLA')).toBeVisible();
    await expect(figure(workstation, 'total-pnl')).toHaveText(/^[▲▼] [+−]\$\d+\.\d\d \([+−]?\d+\.\d\d%\)$/);
    // On an account's first day both figures are the same.
    const [total, day, all, title] = await page.evaluate(() => {
      const text = (id: string) => document.querySelector(`[data-testid="${id}"]`)!.textContent!;
      return [text('total-value'), text('day-pnl'), text('total-pnl'), document.title];
    });
    expect(day).toBe(all);
    const gain = Number(all.split(' ')[1].replace(/[+$,]/g, '').replace('−', '-'));
    expect(Number(total.replace(/[$,]/g, ''))).toBeCloseTo(10_000 + gain, 2);
    expect(title).toMatch(/^\$[\d,]+\.\d\d · FinAlly$/);
  });

  test('the account starts over, once that is confirmed', async ({ page, workstation }) => {
    test.slow();
    await workstation.order('buy', '5', 'AAPL');
    await expect(workstation.position('AAPL')).toBeVisible();
    await page.getByRole('button', { name: 'Settings' }).click();
    await page.getByRole('button', { name: 'Reset the account…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Reset the account?' });
    await expect(dialog.getByRole('button', { name: 'Keep it' })).toBeFocused();
    await page.keyboard.press('Escape');
    await expect(dialog).toBeHidden();
    await expect(workstation.position('AAPL')).toBeVisible();

    await page.getByRole('button', { name: 'Settings' }).click();
    await page.getByRole('button', { name: 'Reset the account…' }).click();
    await dialog.getByRole('button', { name: 'Reset the account' }).click();
    await expect(dialog).toBeHidden();
    await expect(workstation.position('AAPL')).toHaveCount(0);
    await expect(workstation.cash).toHaveText('$10,000.00');
    await expect(figure(workstation, 'total-pnl')).toHaveText('◆ $0.00 (0.00%)');
  });

  test('the trades are taken along as a file', async ({ page, workstation }) => {
    await workstation.order('buy', '2', 'AAPL');
    await expect(workstation.position('AAPL')).toBeVisible();
    await page.getByRole('button', { name: 'Settings' }).click();
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Trades (CSV)' }).click()]);
    expect(download.suggestedFilename()).toBe('finally-trades.csv');
    const chunks = await (await download.createReadStream()).toArray();
    expect(Buffer.concat(chunks).toString()).toMatch(/\r\n[^,]+,AAPL,buy,2,/);
  });

  test('the account is taken along as a file', async ({ page, workstation }) => {
    await page.getByRole('button', { name: 'Settings' }).click();
    const started = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Account (JSON)' }).click();
    const download = await started;
    expect(download.suggestedFilename()).toBe('finally-account.json');
    const chunks = await (await download.createReadStream()).toArray();
    expect(JSON.parse(Buffer.concat(chunks).toString()).cash_balance).toBe(10_000);
    await expect(workstation.cash).toHaveText('$10,000.00');
  });
});
