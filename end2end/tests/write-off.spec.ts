import { FinallyServer } from '../lib/server';
import { test as base, expect } from '../lib/test';
import { ScriptedVendor } from '../lib/vendor';

/** A server that holds 3 XOM, bought on the simulator at any hour, and follows a vendor that does not know XOM. */
const test = base.extend<{ vendor: ScriptedVendor }>({
  vendor: async ({}, use) => {
    const vendor = await ScriptedVendor.start();
    vendor.vanished.add('XOM');
    await use(vendor);
    await vendor.stop();
  },
  server: async ({ vendor }, use) => {
    const simulated = await FinallyServer.start();
    const bought = await fetch(`${simulated.url}/api/portfolio/trade`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ticker: 'XOM', side: 'buy', quantity: 3 }),
    });
    expect(bought.status).toBe(200);
    const server = await simulated.restart(0, vendor.settings);
    await use(server);
    await server.stop();
  },
});

test('a position without a market is written off after a question, as a correction', async ({ page, workstation }) => {
  const position = workstation.position('XOM');
  const writeOff = position.getByTestId('position-write-off');
  await expect(position.getByTestId('position-quantity')).toHaveText('3');
  await expect(workstation.totalValue).toHaveAttribute('title', 'Not all prices in it are of now');
  const total = await workstation.totalValue.innerText();

  await position.hover();
  await writeOff.click();
  const question = page.getByRole('dialog', { name: 'Write the position off?' });
  await expect(question).toContainText('XOM has no market price. Its 3 shares leave the account at the last price known');
  await question.getByRole('button', { name: 'Keep it' }).click();
  await expect(question).toBeHidden();
  await expect(position).toBeVisible();

  await position.hover();
  await writeOff.click();
  await question.getByTestId('write-off-confirm').click();
  await expect(workstation.toast('success')).toContainText('XOM is written off. Cash is $');
  await expect(position).toHaveCount(0);
  await expect(workstation.cash).toHaveText(total);
  await expect(workstation.totalValue).toHaveText(total);
  await expect(page.getByTestId('day-pnl'), 'the day is still known').toContainText('$');

  await page.getByRole('tab', { name: 'Trades' }).click();
  const trades = page.getByTestId('trade-row');
  await expect(trades).toHaveCount(2);
  await expect(trades.first()).toContainText('Written off');
});
