import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect, test } from '../lib/test';

/** What axe finds that keeps people out, each with the elements it is about. */
async function barriers(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']).analyze();
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 160)} ${node.failureSummary}`));
}

for (const [width, height] of [
  [1440, 900],
  [1024, 768],
  [390, 844],
] as const) {
  for (const colorScheme of ['dark', 'light'] as const) {
    test(`nothing keeps people out at ${width}×${height}, ${colorScheme}`, async ({ page, server, workstation }) => {
      // Each scan covers the whole page.
      test.slow();
      await page.setViewportSize({ width, height });
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await workstation.open(server.url);
      await workstation.order('buy', '2', 'NVDA');
      await expect(workstation.toast('success')).toBeVisible();
      expect(await barriers(page)).toEqual([]);

      if (width < 720) {
        for (const view of ['Watch', 'Positions', 'Heatmap', 'Equity', 'Copilot', 'Account', 'Trade']) {
          await workstation.show(view);
          expect(await barriers(page), view).toEqual([]);
        }
      }
      await page.keyboard.press('Control+k');
      await page.getByRole('listbox', { name: 'Offers' }).waitFor();
      expect(await barriers(page), 'palette').toEqual([]);
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: 'Settings' }).click();
      expect(await barriers(page), 'settings').toEqual([]);
      await page.getByRole('button', { name: 'Keyboard shortcuts' }).click();
      await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
      expect(await barriers(page), 'help').toEqual([]);
    });
  }
}
