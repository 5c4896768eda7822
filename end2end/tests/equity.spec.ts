import { drawn, noteDrawing, settled } from '../lib/chart';
import { cents, expect, test } from '../lib/test';

test.beforeEach(async ({ page }) => noteDrawing(page));

test('every range is read from the server, over the deposit', async ({ workstation }) => {
  const { page } = workstation;
  const chart = page.getByTestId('pnl-chart');
  await settled(chart);
  await expect(chart).toHaveAttribute('data-range', '1d');
  for (const range of ['1h', '1w', 'all', '1d']) {
    const answered = page.waitForResponse((response) => response.url().includes('/load_equity'));
    await page.locator(`[data-testid="equity-range"][data-choice="${range}"]`).click();
    expect((await answered).request().postDataJSON()).toEqual({ range });
    await expect(chart).toHaveAttribute('data-range', range);
    await settled(chart);
  }
  const { series, priceLines } = await drawn(page, 'pnl-chart');
  expect(series).toEqual([{ kind: 'Baseline', pane: 0 }]);
  expect(priceLines.filter(({ title }) => title === 'deposit').map(({ price }) => price)).toEqual([10_000]);
});

test('the last point and the figures follow the total value', async ({ workstation }) => {
  const { page } = workstation;
  await settled(page.getByTestId('pnl-chart'));
  await expect(page.getByTestId('equity-high')).toHaveText('$10,000.00');
  await expect(page.getByTestId('equity-drawdown')).toHaveText('0.00%');
  await workstation.order('buy', '40', 'AAPL');
  await expect(workstation.position('AAPL')).toBeVisible();
  await settled(page.getByTestId('pnl-chart'));
  const before = await drawn(page, 'pnl-chart');
  await expect.poll(async () => (await drawn(page, 'pnl-chart')).update).toBeGreaterThan(before.update + 4);
  expect((await drawn(page, 'pnl-chart')).setData).toBe(before.setData);

  const [total, high, drawdown] = await page.evaluate(() =>
    ['total-value', 'equity-high', 'equity-drawdown'].map((id) => document.querySelector(`[data-testid="${id}"]`)!.textContent!),
  );
  const lost = (cents(high) - cents(total)) / cents(high);
  expect(lost).toBeGreaterThanOrEqual(0);
  expect(Number(drawdown.replace('−', '-').replace('%', ''))).toBeCloseTo(-100 * lost, 1);
  const lines = (await drawn(page, 'pnl-chart')).priceLines;
  expect(lines.filter(({ title }) => title === 'high')).toHaveLength(1);
});

test('a long curve is shown as a whole, in a narrow panel too, and goes on', async ({ page, workstation }) => {
  const COUNT = 1_500;
  await workstation.order('buy', '20', 'AAPL');
  await expect(workstation.position('AAPL')).toBeVisible();
  await page.route(/\/api\/fn\/load_equity/, async (route) => {
    const response = await route.fetch();
    const at = (index: number) => new Date(Date.now() - (COUNT - index) * 400_000).toISOString();
    const snapshots = Array.from({ length: COUNT }, (_, index) => ({ total_value: 10_000 + (index % 100), recorded_at: at(index) }));
    await route.fulfill({ response, json: { ...(await response.json()), snapshots } });
  });
  await page.locator('[data-testid="equity-range"][data-choice="1w"]').click();
  await settled(page.getByTestId('pnl-chart'));
  const expectWhole = async () => {
    // Both ends at the same moment: while a resize is being drawn, one of them is of the size before.
    const isWhole = async () => {
      const { from, to } = (await drawn(page, 'pnl-chart')).visible!;
      // The library computes places in floats.
      return from <= 1e-6 && to >= COUNT - 1 - 1e-6;
    };
    await expect.poll(isWhole).toBe(true);
  };
  await expectWhole();
  await page.setViewportSize({ width: 1024, height: 768 });
  await expectWhole();
  const { update } = await drawn(page, 'pnl-chart');
  await expect.poll(async () => (await drawn(page, 'pnl-chart')).update).toBeGreaterThan(update);
  await expectWhole();
});

test.describe('when it cannot be read', () => {
  test.use({ allowedConsole: /Failed to load resource|net::ERR_/ });

  test('the panel says so, and reads on demand', async ({ page, workstation }) => {
    await settled(page.getByTestId('pnl-chart'));
    await page.route(/\/api\/fn\/load_equity/, (route) => route.abort());
    await page.locator('[data-testid="equity-range"][data-choice="1w"]').click();
    const alert = page.locator('.equity [role="alert"]');
    await expect(alert).toContainText('The equity curve could not be loaded. The server could not be reached.');
    await expect(workstation.connection).toHaveAttribute('data-state', 'connected');
    await page.unroute(/\/api\/fn\/load_equity/);
    await alert.getByRole('button', { name: 'Try again' }).click();
    await expect(alert).toHaveCount(0);
    await settled(page.getByTestId('pnl-chart'));
  });
});
