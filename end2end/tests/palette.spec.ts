import type { Page } from '@playwright/test';
import { expect, test } from '../lib/test';

const offers = (page: Page) => page.getByRole('listbox', { name: 'Offers' });

test.describe('the command palette', () => {
  test('keeps what is typed while it loads', async ({ page, server, workstation }) => {
    await page.addInitScript(() => (window.requestIdleCallback = () => 0));
    await workstation.open(server.url);
    let release = () => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    await page.route(/\/pkg\/parts_.*\.bin$/, async (route) => {
      await released;
      await route.continue();
    });
    await page.keyboard.press('Control+k');
    const field = page.getByRole('dialog', { name: 'Command palette' }).getByLabel('Ticker, order or command');
    await expect(field).toBeFocused();
    await page.keyboard.type('nv');
    // Enter chooses nothing that is not shown.
    await page.keyboard.press('Enter');
    release();
    await expect(page.getByRole('combobox', { name: 'Ticker, order or command' })).toBeFocused();
    await page.keyboard.type('da');
    await expect(field).toHaveValue('nvda');
    await page.getByRole('listbox', { name: 'Offers' }).getByRole('option').first().filter({ hasText: 'NVDA' }).waitFor();
    await page.keyboard.press('Enter');
    await expect(page).toHaveURL(/\/ticker\/NVDA$/);
  });

  test('selects any ticker by keyboard alone', async ({ page, workstation }) => {
    await page.keyboard.press('Control+k');
    const field = page.getByRole('combobox', { name: 'Ticker, order or command' });
    await expect(field).toBeFocused();
    await page.keyboard.type('nv');
    const option = offers(page).getByRole('option', { selected: true });
    await expect(option).toContainText('NVDA');
    await expect(field).toHaveAttribute('aria-activedescendant', (await option.getAttribute('id'))!);
    await page.keyboard.press('Enter');
    await expect(field).toBeHidden();
    await expect(page.getByTestId('main-chart')).toHaveAttribute('data-ticker', 'NVDA');
    await expect(workstation.row('NVDA')).toBeVisible();
  });

  test('fills the ticket, and Enter there trades', async ({ page, workstation }) => {
    await page.keyboard.press('Control+k');
    await expect(page.getByRole('combobox', { name: 'Ticker, order or command' })).toBeFocused();
    await page.keyboard.type('buy 5 nvda');
    await expect(offers(page).getByRole('option', { selected: true })).toContainText('Buy 5 NVDA');
    await page.keyboard.press('Enter');
    await expect(page.getByTestId('trade-ticker')).toHaveValue('NVDA');
    await expect(page.getByTestId('trade-quantity')).toHaveValue('5');
    await expect(page.getByTestId('trade-buy')).toBeFocused();
    await expect(workstation.position('NVDA')).toHaveCount(0);
    await page.keyboard.press('Enter');
    await expect(workstation.position('NVDA').getByTestId('position-quantity')).toHaveText('5');
  });

  test('takes an order by its size: dollars, all, half', async ({ page, workstation }) => {
    const field = page.getByRole('combobox', { name: 'Ticker, order or command' });
    const type = async (words: string, title: string) => {
      await page.keyboard.press('Control+k');
      await expect(field).toBeFocused();
      await page.keyboard.type(words);
      await expect(offers(page).getByRole('option', { selected: true })).toContainText(title);
      await page.keyboard.press('Enter');
      await expect(field).toBeHidden();
    };
    await type('buy $500 v', 'Buy $500.00 V');
    await expect(page.getByTestId('trade-quantity')).toHaveValue('500.00');
    await expect(page.getByTestId('trade-buy')).toBeFocused();
    // The form counts the shares first.
    await expect(page.getByTestId('trade-buy-estimate')).toHaveText(/^\$(499|500)\.\d\d$/);
    await page.keyboard.press('Enter');
    await expect(workstation.position('V')).toBeVisible();
    const held = (await workstation.position('V').getByTestId('position-quantity').textContent())!;

    await type('close v', `Sell ${held} V`);
    await expect(page.getByTestId('trade-quantity')).toHaveValue(held);
    await page.keyboard.press('Enter');
    await expect(workstation.position('V')).toHaveCount(0);
    await page.keyboard.press('Control+k');
    await page.keyboard.type('close v');
    await expect(offers(page).getByRole('option').first()).toContainText('You hold no V.');
  });

  test('refuses a doubtful number, and offers both readings', async ({ page, workstation: _ }) => {
    await page.keyboard.press('Control+k');
    await expect(page.getByRole('combobox', { name: 'Ticker, order or command' })).toBeFocused();
    await page.keyboard.type('buy 1,000 f');
    await expect(offers(page).getByRole('option', { selected: true })).toContainText('1,000 may be 1000 or 1.000');
    await page.keyboard.press('Enter');
    await expect(offers(page)).toBeVisible();
    await expect(offers(page).getByRole('option').nth(2)).toContainText('Buy 1 F');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await expect(page.getByTestId('trade-quantity')).toHaveValue('1000');
  });

  test('watches a ticker by its company, and selects it', async ({ page, workstation }) => {
    await page.keyboard.press('Control+k');
    await expect(page.getByRole('combobox', { name: 'Ticker, order or command' })).toBeFocused();
    await page.keyboard.type('exxon');
    await expect(offers(page).getByRole('option', { selected: true })).toContainText('XOM');
    await page.keyboard.press('Enter');
    await expect(workstation.row('XOM')).toBeVisible();
    await expect(page.getByTestId('main-chart')).toHaveAttribute('data-ticker', 'XOM');
  });

  test('opens again at once after Escape', async ({ page, workstation: _ }) => {
    await page.keyboard.press('Control+k');
    await expect(offers(page)).toBeVisible();
    // Both keys before the browser reports that the dialog has closed, as on a busy machine.
    await page.evaluate(() => {
      (document.querySelector('dialog[open]') as any).requestClose();
      window.dispatchEvent(new KeyboardEvent('keydown', { key: 'k', ctrlKey: true }));
    });
    await expect(offers(page)).toBeVisible();
    await page.keyboard.type('help');
    await expect(page.getByRole('combobox', { name: 'Ticker, order or command' })).toHaveValue('help');
  });

  test('runs settings and panels, wraps around, and closes on Escape with the focus back', async ({ page, workstation }) => {
    await workstation.row('V').getByRole('button').first().focus();
    await page.keyboard.press('Control+k');
    await expect(page.getByRole('combobox', { name: 'Ticker, order or command' })).toBeFocused();
    await page.keyboard.press('ArrowUp');
    await expect(offers(page).getByRole('option').last()).toHaveAttribute('aria-selected', 'true');
    await page.keyboard.press('ArrowDown');
    await expect(offers(page).getByRole('option').first()).toHaveAttribute('aria-selected', 'true');
    await page.keyboard.press('Escape');
    await expect(offers(page)).toBeHidden();
    await expect(workstation.row('V').getByRole('button').first()).toBeFocused();

    await page.keyboard.press('Control+k');
    await expect(page.getByRole('combobox', { name: 'Ticker, order or command' })).toBeFocused();
    await page.keyboard.type('theme light');
    await page.keyboard.press('Enter');
    await expect(page.locator('html')).toHaveAttribute('data-theme', 'light');
    await page.keyboard.press('Control+k');
    await expect(page.getByRole('combobox', { name: 'Ticker, order or command' })).toBeFocused();
    await page.keyboard.type('close the watchlist');
    await page.keyboard.press('Enter');
    await expect(page.getByTestId('watchlist')).toBeHidden();
    await page.keyboard.press('Control+k');
    await expect(page.getByRole('combobox', { name: 'Ticker, order or command' })).toBeFocused();
    await page.keyboard.type('nothing is called that');
    await expect(page.getByText('Nothing here is called that.')).toBeVisible();
  });
});

test('the help sheet lists the shortcuts, and they work', async ({ page, workstation }) => {
  await page.keyboard.press('?');
  const sheet = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
  await expect(sheet).toContainText('Show the heatmap');
  await expect(sheet).toContainText('Command palette');
  // An open dialog captures the keys.
  await page.keyboard.press('w');
  await page.keyboard.press('Escape');
  await expect(sheet).toBeHidden();
  await page.keyboard.press('h');
  await expect(page.locator('[data-slot="heatmap"]')).toBeFocused();
  // In a field, letters are text.
  await page.getByTestId('trade-ticker').fill('');
  await page.getByTestId('trade-ticker').pressSequentially('ph?');
  await expect(page.getByTestId('trade-ticker')).toHaveValue('ph?');
  await expect(sheet).toBeHidden();
  await expect(workstation.rows).toHaveCount(10);
});
