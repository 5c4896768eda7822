import type { Page } from '@playwright/test';
import { expect, test } from '../lib/test';

const left = async (page: Page, slot: string) => (await page.locator(`[data-slot="${slot}"]`).boundingBox())!.x;
const menu = (page: Page) => page.locator('#layout-menu');

test('panels are hidden and swapped, and that is remembered', async ({ page, workstation: _ }) => {
  await page.getByRole('button', { name: 'Layout', exact: true }).click();
  await menu(page).getByRole('checkbox', { name: 'Ticket' }).uncheck();
  await expect(page.locator('[data-slot="ticket"]')).toBeHidden();
  await menu(page).getByRole('button', { name: 'Move the heatmap to the left' }).click();
  expect(await left(page, 'heatmap')).toBeLessThan(await left(page, 'positions'));
  await page.reload();
  await expect(page.locator('[data-slot="ticket"]')).toBeHidden();
  expect(await left(page, 'heatmap')).toBeLessThan(await left(page, 'positions'));
});

test('a layout is kept under a name, used again and deleted', async ({ page, workstation }) => {
  await page.evaluate(() => localStorage.setItem('layout', 'ticket=closed order=heatmap.positions.equity'));
  await page.reload();
  await workstation.hydrated();
  await page.getByRole('button', { name: 'Layout', exact: true }).click();
  await menu(page).getByRole('textbox', { name: 'Name of the layout' }).fill('No  ticket');
  await menu(page).getByRole('button', { name: 'Save' }).click();
  await expect(page.getByTestId('saved-layout')).toHaveText(/No ticket/);
  await menu(page).getByRole('button', { name: 'Reset the layout' }).click();
  await expect(page.locator('[data-slot="ticket"]')).toBeVisible();
  expect(await left(page, 'positions')).toBeLessThan(await left(page, 'heatmap'));
  await menu(page).getByRole('button', { name: 'No ticket', exact: true }).click();
  await expect(page.locator('[data-slot="ticket"]')).toBeHidden();
  expect(await left(page, 'heatmap')).toBeLessThan(await left(page, 'positions'));
  expect(await page.evaluate(() => localStorage.getItem('layouts'))).toBe('No ticket\tticket=closed order=heatmap.positions.equity');
  await menu(page).getByRole('button', { name: 'Delete the layout No ticket' }).click();
  await expect(page.getByTestId('saved-layout')).toHaveCount(0);
});

test('a separator of a swapped panel sizes that panel', async ({ page, workstation: _ }) => {
  await page.getByRole('button', { name: 'Layout', exact: true }).click();
  await menu(page).getByRole('button', { name: 'Move the heatmap to the left' }).click();
  await page.keyboard.press('Escape');
  const width = async () => (await page.locator('[data-slot="heatmap"]').boundingBox())!.width;
  const before = await width();
  await page.getByRole('separator', { name: 'Size of the heatmap' }).focus();
  await page.keyboard.press('ArrowRight');
  expect(await width()).toBe(Math.floor(before) + 16);
});
