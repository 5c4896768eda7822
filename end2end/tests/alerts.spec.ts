import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { alertRow, alertsOf, followsAlerts, isTrue, makeAlert, showAlerts } from '../lib/alerts';
import { away, chartMenu, type Pane, priceOf, pricePane } from '../lib/orders';
import { expect, test, Workstation } from '../lib/test';

const toastOf = (workstation: Workstation, words: string) => workstation.toast('success').filter({ hasText: words });

const badge = (page: Page) => page.getByRole('tab', { name: /^Alerts/ }).locator('.badge');

test('an alert is written in the form, changed, paused, resumed and deleted', async ({ page, server, workstation }) => {
  const price = await priceOf(server.url, 'NVDA');
  await workstation.symbol('NVDA').click();
  await showAlerts(page);
  await expect(page.getByTestId('alerts-empty')).toBeVisible();
  await page.getByTestId('alert-new').click();
  const value = page.getByTestId('alert-value');
  await expect(value).toBeFocused();
  await expect(page.getByTestId('alert-ticker')).toHaveValue('NVDA');

  await value.fill('1,850');
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('alert-problem')).toHaveText('1,850 may be 1850 or 1.850; write the one that you mean.');
  await value.fill('cheap');
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('alert-problem')).toHaveText('cheap is not a number.');
  expect((await alertsOf(server.url)).alerts).toEqual([]);

  const high = Math.round(price * 1.5);
  await value.fill(`${high},5`);
  await expect(page.getByTestId('alert-course')).toHaveText(`Fires when NVDA is above ${high}.5, once.`);
  await page.getByTestId('alert-frequency').selectOption('always');
  await page.getByTestId('alert-note').fill('Sell half?');
  await page.getByTestId('alert-save').click();
  await expect(toastOf(workstation, `Alert set: NVDA is above ${high}.5.`)).toBeVisible();
  await expect(page.getByTestId('alert-form')).toHaveCount(0);
  await expect(page.getByTestId('alert-new')).toBeFocused();
  const row = alertRow(page, 'active');
  await expect(row.getByTestId('alert-sentence')).toHaveText(`NVDA is above ${high}.5`);
  await expect(row.getByTestId('alert-state')).toHaveText('Waiting');
  await expect(row.getByTestId('alert-terms')).toHaveText('Always · not fired yet');
  await expect(row).toContainText('Sell half?');

  await row.getByTestId('alert-edit').click();
  await expect(value).toBeFocused();
  await value.fill(String(high));
  await page.getByTestId('alert-expires').fill('2030-01-02T10:30');
  await page.getByTestId('alert-save').click();
  await expect(row.getByTestId('alert-sentence')).toHaveText(`NVDA is above ${high}`);
  await expect(row.getByTestId('alert-terms')).toContainText('until 2030-01-02 10:30:00');
  await expect(row.getByTestId('alert-edit')).toBeFocused();
  await row.getByTestId('alert-edit').click();
  await page.getByTestId('alert-expires').fill('');
  await page.getByTestId('alert-save').click();
  await expect(row.getByTestId('alert-terms')).toHaveText('Always · not fired yet');

  await row.getByTestId('alert-pause').click();
  await expect(alertRow(page, 'paused').getByTestId('alert-state')).toHaveText('Paused by you');
  await alertRow(page, 'paused').getByTestId('alert-resume').click();
  await expect(row).toBeVisible();
  await row.getByTestId('alert-delete').click();
  await expect(page.getByTestId('alerts-empty')).toBeVisible();
  expect((await alertsOf(server.url)).alerts).toEqual([]);
});

test('the form has each subject, and refuses what never comes', async ({ page, server, workstation }) => {
  await workstation.symbol('NVDA').click();
  await showAlerts(page);
  await page.getByTestId('alert-new').click();
  const course = page.getByTestId('alert-course');
  await page.getByTestId('alert-subject').selectOption('rsi');
  await page.getByTestId('alert-value').fill('130');
  await expect(course).toHaveText('It is from 0 to 100: choose a value in between.');
  await page.getByTestId('alert-value').fill('30');
  await page.getByTestId('alert-comparison').selectOption('<');
  await page.getByTestId('alert-interval').selectOption('1h');
  await expect(course).toHaveText('Fires when RSI(14) of NVDA on closed 1h candles is below 30, once.');
  await page.getByTestId('alert-subject').selectOption('drawdown');
  await expect(page.getByTestId('alert-ticker')).toHaveCount(0);
  await expect(course).toHaveText('Fires when the drawdown in percent is below 30, once.');
  await page.getByTestId('alert-subject').selectOption('weight');
  await expect(course).toHaveText('Fires when the weight of NVDA in percent is below 30, once.');
  await page.getByTestId('alert-subject').selectOption('price');
  await page.getByTestId('alert-against').selectOption('sma');
  await page.getByTestId('alert-comparison').selectOption('crosses_above');
  await page.getByTestId('alert-period').fill('20');
  await expect(course).toHaveText('Fires when NVDA crosses above SMA(20) of NVDA on closed 1h candles, once.');
  await page.getByTestId('alert-save').click();
  await expect(alertRow(page, 'active')).toHaveCount(1);
  const [alert] = (await alertsOf(server.url)).alerts;
  expect(alert.condition.right).toEqual({ indicator: 'sma', ticker: 'NVDA', period: 20, interval: '1h', on: 'closed' });

  await page.getByTestId('alert-new').click();
  await page.getByTestId('alert-value').fill('900');
  await page.getByTestId('alert-expires').fill('2020-01-02T10:30');
  await page.getByTestId('alert-save').click();
  await expect(page.getByTestId('alert-problem')).toHaveText('The end is in the past.');
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('alert-form')).toHaveCount(0);
});

test('a firing is a toast, a badge and a line of the log, in each tab, and outlives a reload', async ({ context, page, server, workstation }) => {
  test.setTimeout(90_000);
  const other = new Workstation(await context.newPage());
  await other.open(server.url);
  await followsAlerts(page);
  await followsAlerts(other.page);
  await makeAlert(server.url, isTrue('NVDA'), { note: 'Look here' });
  await expect(toastOf(other, 'Alert: NVDA is above 0.01: NVDA was ')).toBeVisible();
  await expect(badge(other.page)).toHaveText('1 new');
  await page.bringToFront();
  await expect(toastOf(workstation, 'Look here')).toBeVisible();
  await expect(badge(page)).toHaveText('1 new');
  const bell = page.getByTestId('header-alerts');
  await expect(bell).toHaveAccessibleName('Alerts, 1 new');
  await expect(page).toHaveTitle(/^\(1\) \$/);

  await toastOf(workstation, 'Look here').getByRole('button', { name: 'Show' }).click();
  const line = page.getByTestId('firing');
  await expect(line).toHaveCount(1);
  await expect(line.getByTestId('firing-values')).toHaveText(/^NVDA was \d+\.\d\d$/);
  await expect(badge(page)).toBeHidden();
  await expect(bell).toHaveAccessibleName('Alerts');
  await expect.poll(async () => (await alertsOf(server.url)).unread).toBe(0);
  await expect(badge(other.page), 'the other tab follows').toBeHidden();
  await expect(alertRow(page, 'done').getByTestId('alert-state')).toHaveText('Fired, and ended');

  await page.reload();
  await workstation.hydrated();
  await bell.click();
  await expect(line).toHaveCount(1);
  await expect(line).toContainText('Look here');
  await expect(workstation.toast('success'), 'what was told is not told again').toHaveCount(0);
});

test('once is once, and always fires again after it was false', async ({ page, server, workstation }) => {
  const price = await priceOf(server.url, 'NVDA');
  const high = Number(away(price, 1.5));
  await showAlerts(page);
  await followsAlerts(page);
  await makeAlert(server.url, isTrue('NVDA'), { frequency: 'always' });
  await expect(page.getByTestId('firing')).toHaveCount(1);
  const row = alertRow(page, 'active');
  await expect(row.getByTestId('alert-state')).toHaveText('True now: fires again after it was false');
  await expect(row.getByTestId('alert-terms')).toContainText('fired once');
  const change = async (value: number) => {
    await row.getByTestId('alert-edit').click();
    await page.getByTestId('alert-value').fill(String(value));
    await page.keyboard.press('Enter');
    await expect(row.getByTestId('alert-sentence')).toHaveText(`NVDA is above ${value}`);
  };
  await change(high);
  await expect(row.getByTestId('alert-state')).toHaveText('Waiting');
  await change(0.02);
  await expect(page.getByTestId('firing')).toHaveCount(2);
  await expect(row.getByTestId('alert-terms')).toContainText('fired 2 times');
  expect((await alertsOf(server.url)).alerts[0].status).toBe('active');
});

test.describe('on the chart', () => {
  const line = (page: Page) => page.locator('[data-testid="chart-order"][data-field="alert"]');
  const only = async (url: string) => (await alertsOf(url)).alerts[0];

  test('the menu at a price sets an alert, whose line is dragged, moved by keys, and deleted', async ({ page, server, workstation }) => {
    test.setTimeout(90_000);
    await workstation.symbol('AAPL').click();
    await page.keyboard.press('4');
    const pane = await pricePane(page, server.url, 'AAPL');
    await chartMenu(page, pane.x + 120, pane.y + pane.now / 3);
    await page.getByRole('menuitem', { name: /^Alert at/ }).click();
    await expect(toastOf(workstation, 'Alert set: AAPL is above')).toBeVisible();
    const handle = line(page).getByTestId('chart-order-handle');
    await expect(handle).toContainText('Alert above');
    const before = (await only(server.url)).condition.right;

    const drag = async (place: (pane: Pane) => number) => {
      const pane = await pricePane(page, server.url, 'AAPL');
      const from = (await line(page).boundingBox())!.y;
      const box = (await handle.boundingBox())!;
      const grip = box.y + box.height / 2;
      await page.mouse.move(box.x + 10, grip);
      await page.mouse.down();
      await page.mouse.move(box.x + 10, grip + pane.y + place(pane) - from, { steps: 4 });
      await expect(page.getByTestId('chart-order-change')).toContainText('→');
      await expect(page.locator('.order-line.ghost')).toHaveCount(1);
    };
    await drag(({ now }) => now / 2);
    await page.keyboard.press('Escape');
    await expect(page.getByTestId('chart-order-change')).toHaveCount(0);
    await page.mouse.up();
    expect((await only(server.url)).condition.right).toBe(before);

    await drag(({ now }) => now / 2);
    await page.mouse.up();
    await expect.poll(async () => (await only(server.url)).condition.right).toBeLessThan(before);
    await expect(toastOf(workstation, 'Alert moved: AAPL is above')).toBeVisible();

    const dragged = (await only(server.url)).condition.right;
    await handle.focus();
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Enter');
    await expect.poll(async () => (await only(server.url)).condition.right).toBeCloseTo(dragged + 0.02, 4);

    // On the other side of the market it waits for the other side.
    await drag(({ now, below }) => now + below / 2);
    await page.mouse.up();
    await expect.poll(async () => (await only(server.url)).condition.op).toBe('<');
    await expect(handle).toContainText('Alert below');
    expect((await only(server.url)).firings).toBe(0);

    await line(page).getByTestId('chart-order-cancel').click();
    await expect(line(page)).toHaveCount(0);
    await expect.poll(async () => (await alertsOf(server.url)).alerts).toEqual([]);
  });

  test('a key sets one at a price that the arrow keys choose, with a way back', async ({ page, server, workstation }) => {
    await workstation.symbol('AAPL').click();
    await page.getByTestId('chart-orders').waitFor({ state: 'attached' });
    await page.keyboard.press('a');
    await expect(page.getByTestId('chart-placing')).toBeFocused();
    for (let step = 0; step < 5; step += 1) await page.keyboard.press('PageDown');
    await page.keyboard.press('Enter');
    await expect(toastOf(workstation, 'Alert set: AAPL is below')).toBeVisible();
    await expect.poll(async () => (await alertsOf(server.url)).alerts.length).toBe(1);
    await toastOf(workstation, 'Alert set').getByRole('button', { name: 'Undo' }).click();
    await expect.poll(async () => (await alertsOf(server.url)).alerts).toEqual([]);
  });
});

test('the watchlist and the chart open the form for their ticker', async ({ page, workstation }) => {
  await workstation.symbol('TSLA').focus();
  await page.keyboard.press('Shift+A');
  await expect(page.getByTestId('alert-ticker')).toHaveValue('TSLA');
  await expect(page.getByTestId('alert-value')).toBeFocused();
  await workstation.row('META').hover();
  await workstation.row('META').getByTestId('watchlist-alert').click();
  await expect(page.getByTestId('alert-ticker')).toHaveValue('META');
  await workstation.symbol('AAPL').click();
  await page.getByTestId('chart-alert').click();
  await expect(page.getByTestId('alert-ticker')).toHaveValue('AAPL');
});

test('the palette sets an alert in words', async ({ page, server, workstation }) => {
  const field = page.getByRole('combobox', { name: 'Ticker, order or command' });
  const type = async (words: string) => {
    await page.keyboard.press('Control+k');
    await field.fill(words);
    await page.keyboard.press('Enter');
  };
  await type('alert NVDA > 85000');
  await expect(toastOf(workstation, 'Alert set: NVDA is above 85000.')).toBeVisible();
  await type('alert NVDA below 1,5');
  await expect(toastOf(workstation, 'Alert set: NVDA is below 1.5.')).toBeVisible();
  await type('alert NVDA rsi < 1');
  await expect(toastOf(workstation, 'Alert set: RSI(14) of NVDA on closed 1m candles is below 1.')).toBeVisible();
  expect((await alertsOf(server.url)).alerts.map(({ status }) => status)).toEqual(['active', 'active', 'active']);
  await page.keyboard.press('Control+k');
  await field.fill('alert NVDA rsi > 130');
  await expect(page.getByRole('listbox', { name: 'Offers' }).getByRole('option').first()).toContainText('An RSI is from 0 to 100.');
  await page.keyboard.press('Escape');
  await type('alert V');
  await expect(page.getByTestId('alert-ticker')).toHaveValue('V');
});

test.describe('beyond the page', () => {
  /** Notes notifications and tones in place of the browser's; a person answers the question with `answer`. */
  const noteDesktop = (page: Page, answer: 'granted' | 'denied') =>
    page.addInitScript((answer) => {
      const noted = ((window as any).noted = { shown: [] as { title: string; body: string }[], tones: 0, asked: 0 });
      class NotedNotification {
        static get permission() {
          return localStorage.getItem('noted-permission') ?? 'default';
        }
        static async requestPermission() {
          noted.asked += 1;
          localStorage.setItem('noted-permission', answer);
          return answer;
        }
        constructor(title: string, { body }: { body: string }) {
          noted.shown.push({ title, body });
        }
        close() {}
      }
      (window as any).Notification = NotedNotification;
      const { createOscillator } = AudioContext.prototype;
      AudioContext.prototype.createOscillator = function () {
        noted.tones += 1;
        return createOscillator.call(this);
      };
    }, answer);
  const noted = (page: Page) => page.evaluate(() => (window as any).noted);
  const hide = (page: Page) =>
    page.evaluate(() => {
      Object.defineProperty(document, 'hidden', { get: () => true, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    });

  test('a firing is notified once while the page is hidden, after a person was asked', async ({ context, page, server, workstation }) => {
    test.setTimeout(90_000);
    await noteDesktop(page, 'granted');
    await workstation.open(server.url);
    const other = new Workstation(await context.newPage());
    await noteDesktop(other.page, 'granted');
    await other.open(server.url);
    await page.bringToFront();
    await showAlerts(page);
    expect((await noted(page)).asked, 'nobody is asked by itself').toBe(0);
    await page.getByTestId('alert-notify').click();
    await expect(page.getByTestId('alert-notify-state')).toHaveText('Notifies while the page is hidden');
    await page.getByRole('tab', { name: /^Positions/ }).click();
    await followsAlerts(page);
    await followsAlerts(other.page);

    await makeAlert(server.url, isTrue('NVDA'));
    await expect(toastOf(workstation, 'Alert: NVDA is above')).toBeVisible();
    expect((await noted(page)).shown, 'a page that is seen notifies nobody').toEqual([]);

    await hide(page);
    await hide(other.page);
    await makeAlert(server.url, isTrue('AAPL'), { note: 'Now' });
    const both = async () => [...(await noted(page)).shown, ...(await noted(other.page)).shown];
    await expect.poll(async () => (await both()).length).toBe(1);
    const [{ title, body }] = await both();
    expect(title).toBe('FinAlly alert');
    expect(body).toMatch(/^AAPL is above 0\.01: AAPL was \d+\.\d\d\. Now$/);
    await page.waitForTimeout(1_000);
    expect(await both(), 'once for several tabs').toHaveLength(1);
    expect((await alertsOf(server.url)).unread, 'nobody has looked').toBe(2);
  });

  test('a refusal is said in words, and the sound is off until it is wished', async ({ page, server, workstation }) => {
    await noteDesktop(page, 'denied');
    await workstation.open(server.url);
    await showAlerts(page);
    await page.getByTestId('alert-notify').click();
    await expect(page.getByTestId('alert-notify-state')).toContainText('Notifications are blocked');
    await followsAlerts(page);
    await makeAlert(server.url, isTrue('NVDA'));
    await expect(toastOf(workstation, 'Alert: NVDA is above')).toBeVisible();
    expect((await noted(page)).tones).toBe(0);
    await page.getByTestId('alert-sound').check();
    expect((await noted(page)).tones, 'as a trial').toBeGreaterThan(0);
    const before = (await noted(page)).tones;
    await makeAlert(server.url, isTrue('AAPL'));
    await expect.poll(async () => (await noted(page)).tones).toBeGreaterThan(before);
    await page.reload();
    await workstation.hydrated();
    await showAlerts(page);
    await expect(page.getByTestId('alert-sound')).toBeChecked();
  });
});

test.describe('when the server does not answer', () => {
  test.use({ allowedConsole: /Failed to load resource/ });

  test('alerts that cannot be read say so, and come back', async ({ page, workstation: _ }) => {
    test.slow();
    let isDown = true;
    await page.route(/\/api\/fn\/load_alerts/, (route) => (isDown ? route.fulfill({ status: 503, body: '{"detail":"Busy."}' }) : route.continue()));
    await page.reload();
    await page.locator('body[data-hydrated]').waitFor();
    await page.getByRole('tab', { name: /^Alerts/ }).click();
    await expect(page.getByText('The alerts could not be read.')).toBeVisible();
    isDown = false;
    await expect(page.getByTestId('alerts-empty')).toBeVisible({ timeout: 15_000 });
  });
});

test('an order with a condition is read by the page', async ({ page, server, workstation }) => {
  const order = {
    ticker: 'NVDA', side: 'buy', type: 'market', quantity: 1, time_in_force: 'gtc',
    condition: { left: { price: 'NVDA' }, op: '>', right: 85000 },
  };
  const answer = await fetch(`${server.url}/api/orders`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(order) });
  expect(answer.status).toBe(201);
  await page.getByRole('tab', { name: /^Orders/ }).click();
  await expect(page.getByTestId('order-state')).toHaveText('Waits for its condition');
  expect(await workstation.watched()).toContain('NVDA');
});

for (const [width, height] of [
  [1440, 900],
  [390, 844],
] as const) {
  test(`alerts keep nobody out at ${width}×${height}`, async ({ page, server, workstation }) => {
    test.slow();
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await workstation.open(server.url);
    await followsAlerts(page);
    await makeAlert(server.url, isTrue('NVDA'), { frequency: 'always', note: 'Take some off the table' });
    await makeAlert(server.url, { left: { price: 'AAPL' }, op: '<', right: 1 });
    if (width < 720) await workstation.show('Positions');
    await showAlerts(page);
    await expect(page.getByTestId('firing')).toHaveCount(1);
    await page.getByTestId('alert-new').click();
    await expect(page.getByTestId('alert-form')).toBeVisible();
    const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze();
    expect(violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 160)} ${node.failureSummary}`))).toEqual([]);
    const region = page.getByRole('region', { name: 'Alerts' });
    expect(await region.evaluate((it) => it.scrollWidth - it.clientWidth), 'nothing is cut off').toBeLessThanOrEqual(0);
  });
}

test('on a phone an alert is set, changed and deleted by finger', async ({ page, server, workstation }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await workstation.open(server.url);
  await workstation.show('Trade');
  await page.getByTestId('chart-alert').click();
  await page.getByTestId('alert-value').fill('85000');
  await page.getByTestId('alert-save').click();
  const row = alertRow(page, 'active');
  await expect(row).toBeVisible();
  await row.getByTestId('alert-edit').click();
  await page.getByTestId('alert-value').fill('86000');
  await page.getByTestId('alert-save').click();
  await expect(row.getByTestId('alert-sentence')).toHaveText(/ is above 86000$/);
  await row.getByTestId('alert-delete').click();
  await expect(page.getByTestId('alerts-empty')).toBeVisible();
  expect((await alertsOf(server.url)).alerts).toEqual([]);
});
