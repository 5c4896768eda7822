import type { Page } from '@playwright/test';
import { test } from '../lib/test';

import { row } from './row';

/** What the browser's own observers saw of the first load. */
async function firstLoad(page: Page): Promise<{ paint: number; largest: number; shift: number }> {
  return page.evaluate(async () => {
    const seen: Record<string, any[]> = {};
    for (const type of ['largest-contentful-paint', 'layout-shift', 'paint']) {
      seen[type] = [];
      new PerformanceObserver((list) => seen[type].push(...list.getEntries())).observe({ type, buffered: true });
    }
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    return {
      paint: seen.paint.find(({ name }) => name === 'first-contentful-paint').startTime,
      largest: Math.max(...seen['largest-contentful-paint'].map(({ startTime }) => startTime)),
      shift: seen['layout-shift'].filter(({ hadRecentInput }) => !hadRecentInput).reduce((sum, { value }) => sum + value, 0),
    };
  });
}

for (const [width, height] of [
  [1440, 900],
  [1024, 768],
  [390, 844],
] as const) {
  test(`first load at ${width}×${height}`, async ({ page, server, workstation }) => {
    await page.setViewportSize({ width, height });
    await workstation.open(server.url);
    const { paint, largest, shift } = await firstLoad(page);
    row(`First load at ${width}×${height}`, `FCP ${paint.toFixed(0)} ms, LCP ${largest.toFixed(0)} ms, CLS ${shift.toFixed(4)}`);
  });
}
