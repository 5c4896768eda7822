import path from 'node:path';
import { FinallyServer } from '../lib/server';
import { test, Workstation } from '../lib/test';

const FOLDER = path.resolve(import.meta.dirname, '../../docs');

/** What was said to the copilot before the pictures are taken. */
const SAID = ['Buy 2 NVDA and watch XOM', 'buy 6 AAPL, buy 4 MSFT and buy 3 TSLA', 'sell 1 NVDA', 'How am I doing?', 'Buy 100 TSLA'];

test.use({
  // A fast market has moved by the time the pictures are taken.
  server: async ({}, use) => {
    const server = await FinallyServer.start({ SIM_TICK_MS: '100' });
    await use(server);
    await server.stop();
  },
});

for (const [name, width, height, colorScheme, view] of [
  ['wide-dark', 1440, 900, 'dark', undefined],
  ['wide-light', 1440, 900, 'light', undefined],
  ['phone-dark', 390, 844, 'dark', 'Trade'],
  ['phone-light', 390, 844, 'light', 'Copilot'],
] as const) {
  test(name, async ({ browser, server }) => {
    for (const message of SAID) {
      const headers = { 'content-type': 'application/json' };
      await fetch(`${server.url}/api/chat`, { method: 'POST', headers, body: JSON.stringify({ message }) });
      await new Promise((resolve) => setTimeout(resolve, 4_000));
    }
    const context = await browser.newContext({ viewport: { width, height }, colorScheme, deviceScaleFactor: 1 });
    const page = await context.newPage();
    await page.goto(`${server.url}/ticker/NVDA`);
    const workstation = new Workstation(page);
    await workstation.hydrated();
    if (view) await workstation.show(view);
    await page.waitForTimeout(3_000);
    await page.screenshot({ path: path.join(FOLDER, `${name}.png`) });
    await context.close();
  });
}
