import AxeBuilder from '@axe-core/playwright';
import type { Locator, Page } from '@playwright/test';
import { history } from '../lib/performance';
import { cents, expect, test, type Workstation } from '../lib/test';

const figure = (page: Page, name: string) => page.locator(`[data-testid="figure"][data-name="${name}"]`);
const value = (page: Page, name: string) => figure(page, name).getByTestId('figure-value');
const range = (page: Page, key: string) => page.locator(`[data-testid="performance-range"][data-choice="${key}"]`);
const method = (page: Page, key: string) => page.locator(`[data-testid="lots-method"][data-choice="${key}"]`);

/** The server's own answers, with a long history in place of the account's. */
async function withHistory(page: Page): Promise<void> {
  await page.route(/\/api\/fn\/load_performance/, async (route) => {
    const response = await route.fetch();
    const asked = route.request().postDataJSON() as { range: string };
    await route.fulfill({ response, json: history(asked.range, await response.json()) });
  });
}

async function open(workstation: Workstation): Promise<void> {
  const { page } = workstation;
  if (await page.getByTestId('nav-performance').isVisible()) {
    await page.getByTestId('nav-performance').click();
  } else {
    await page.getByRole('navigation', { name: 'Views' }).getByText('Portfolio', { exact: true }).click();
    await page.getByRole('navigation', { name: 'Portfolio' }).getByRole('button', { name: 'Performance' }).click();
  }
  await expect(value(page, 'twr')).not.toHaveText('…');
}

async function money(locator: Locator): Promise<number> {
  return cents((await locator.innerText()).replace('+', ''));
}

async function deposit(page: Page, amount: string, kind = 'flow-deposit'): Promise<void> {
  await page.getByTestId(kind).check({ force: true });
  await page.getByTestId('flow-amount').fill(amount);
  await page.getByTestId('flow-submit').click();
}

test('opens from the rail, by its key and by its address, and a new account is told what it will show', async ({ page, server, workstation }) => {
  await open(workstation);
  await expect(page).toHaveURL(`${server.url}/performance`);
  await expect(page).toHaveTitle('Performance · FinAlly');
  await expect(page.getByTestId('performance-view')).toBeFocused();
  await expect(page.getByTestId('nav-performance')).toHaveAttribute('aria-current', 'page');
  await expect(page.getByTestId('performance-empty')).toContainText('Nothing was gained or lost yet');
  await expect(value(page, 'sharpe')).toHaveText('not enough data');
  await expect(page.getByTestId('figure')).toHaveCount(28);
  await page.getByTestId('nav-trade').click();
  await page.keyboard.press('r');
  await expect(page.getByTestId('performance-view')).toBeVisible();
  await workstation.open(`${server.url}/performance`);
  await expect(value(page, 'twr')).toHaveText('0.00%');
});

test('ranges change the figures, dates make a range of their own, and the choice stays', async ({ page, workstation }) => {
  await withHistory(page);
  await open(workstation);
  await expect(page.getByTestId('performance-span')).toContainText('214 days');
  const all = await value(page, 'twr').innerText();
  await range(page, '1m').click();
  await expect(page.getByTestId('performance-span')).toContainText('1 Nov 2026 to 30 Nov 2026 · 30 days');
  await expect(value(page, 'twr')).not.toHaveText(all);
  await expect(range(page, '1m')).toHaveAttribute('aria-pressed', 'true');
  await range(page, '1w').click();
  await expect(figure(page, 'volatility')).toContainText('short');
  await page.reload();
  await expect(page.getByTestId('performance-span')).toContainText('7 days');
  const asked = page.waitForRequest(/load_performance/);
  await page.getByTestId('performance-from').fill('2026-11-01');
  await page.getByTestId('performance-from').blur();
  expect((await asked).postDataJSON().range).toBe('2026-11-01,2026-11-30');
  await expect(range(page, '1w')).toHaveAttribute('aria-pressed', 'false');
});

test('the benchmark is a ticker that one chooses', async ({ page, workstation }) => {
  await open(workstation);
  const field = page.getByTestId('performance-benchmark');
  await expect(field).toHaveValue('SPY');
  const asked = page.waitForRequest(/load_performance/);
  await field.fill('nvda');
  await field.press('Enter');
  expect((await asked).postDataJSON().benchmark).toBe('NVDA');
  await expect(field).toHaveValue('NVDA');
  await expect(figure(page, 'benchmark_return')).toContainText('NVDA');
  await field.fill('not a ticker');
  await field.press('Enter');
  await expect(page.getByText('That is no ticker.')).toBeVisible();
});

test('a figure explains itself to a pointer and to a keyboard', async ({ page, workstation }) => {
  await withHistory(page);
  await open(workstation);
  const sharpe = figure(page, 'sharpe');
  await sharpe.hover();
  await expect(sharpe.getByRole('tooltip')).toContainText('Mean return ÷ standard deviation');
  await expect(sharpe.getByTestId('figure-inputs')).toHaveText('214 days, 68.25 periods a year.');
  await page.mouse.move(0, 0);
  await expect(page.getByRole('tooltip')).toHaveCount(0);
  await sharpe.getByRole('button').focus();
  await expect(sharpe.getByRole('tooltip')).toBeVisible();
  await expect(sharpe.getByRole('button')).toHaveAttribute('aria-describedby', 'why-sharpe');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('tooltip')).toHaveCount(0);
  await page.keyboard.press('Tab');
  await expect(figure(page, 'sortino').getByRole('tooltip')).toBeVisible();
});

test('the contribution adds up to the gain, and each picture has its table', async ({ page, workstation }) => {
  await withHistory(page);
  await open(workstation);
  for (const by of ['ticker', 'who']) {
    await page.locator(`[data-testid="contribution-by"][data-choice="${by}"]`).click();
    const gains = await page.getByTestId('contribution-row').locator('td:nth-of-type(2)').allInnerTexts();
    expect(gains.length).toBeGreaterThan(1);
    const sum = gains.map((gain) => cents(gain.replace('+', ''))).reduce((all, gain) => all + gain);
    expect(sum).toBe(await money(page.getByTestId('contribution-total').locator('td').first()));
  }
  for (const [name, rows] of [
    ['chart', 214],
    ['calendar', 214],
    ['histogram', 12],
  ] as const) {
    const panel = page.locator(`.performance-${name}`);
    const toggle = page.getByTestId(`${name}-as-table`);
    await toggle.click();
    await expect(toggle).toHaveAttribute('aria-pressed', 'true');
    expect(await panel.locator('.performance-table tbody tr').count()).toBeGreaterThanOrEqual(rows);
    await toggle.click();
    await expect(panel.locator('.performance-table')).toHaveCount(0);
  }
  await expect(page.getByTestId('months').locator('tbody tr')).toHaveCount(1);
  await expect(page.getByTestId('calendar').locator('rect')).toHaveCount(214);
});

test('a deposit is seen in the figures, in the list and in another tab, and is no gain', async ({ page, context, server, workstation }) => {
  await open(workstation);
  const other = await context.newPage();
  await other.goto(`${server.url}/performance`);
  await expect(other.getByTestId('flow-row')).toHaveCount(1);

  await page.getByTestId('flow-note').fill('Savings');
  await deposit(page, '2500');
  await expect(workstation.toast('success')).toContainText('Deposited $2,500.00. Cash is $12,500.00.');
  await expect(page.getByTestId('flow-row')).toHaveCount(2);
  await expect(page.getByTestId('flow-row').first()).toContainText('Savings');
  await expect(page.getByTestId('flows-sum')).toHaveText('+$12,500.00');
  await expect(workstation.cash).toHaveText('$12,500.00');
  await expect(value(page, 'twr')).toHaveText('0.00%');
  await expect(figure(page, 'mwr')).toContainText('+$2,500.00');
  await expect(other.getByTestId('flow-row')).toHaveCount(2);
  await expect(figure(other, 'mwr')).toContainText('+$2,500.00');
  await expect(page.getByTestId('flow-amount')).toHaveValue('');

  await deposit(page, '500', 'flow-withdraw');
  await expect(workstation.cash).toHaveText('$12,000.00');
  await expect(page.getByTestId('flow-row')).toHaveCount(3);
});

test('what cannot be recorded is refused in words, and stays typed', async ({ page, workstation }) => {
  await open(workstation);
  for (const [amount, words] of [
    ['', 'Write an amount'],
    ['1,000', 'write the one that you mean'],
    ['0', 'above 0'],
  ]) {
    await deposit(page, amount);
    await expect(page.getByTestId('flow-refusal')).toContainText(words);
  }
  await deposit(page, '20000', 'flow-withdraw');
  await expect(page.getByTestId('flow-refusal')).toContainText('$10,000.00');
  await expect(page.getByTestId('flow-amount')).toHaveValue('20000');
  await expect(workstation.cash).toHaveText('$10,000.00');
});

test.describe('an answer that is lost', () => {
  test.use({ allowedConsole: /Failed to load resource/ });

  test('is asked for again under the same name, so that a deposit is recorded once', async ({ page, workstation }) => {
    await open(workstation);
    const names: string[] = [];
    await page.route(/\/api\/fn\/record_flow/, async (route) => {
      names.push((route.request().postDataJSON() as { flow: { client_flow_id: string } }).flow.client_flow_id);
      if (names.length > 1) return route.continue();
      await route.fetch();
      await route.abort();
    });
    await deposit(page, '100');
    await expect(workstation.toast('success')).toContainText('Deposited $100.00.');
    await expect(workstation.cash).toHaveText('$10,100.00');
    expect(names).toHaveLength(2);
    expect(new Set(names).size).toBe(1);
  });
});

test('lots by each method add up to the same, and say which method they are of', async ({ page, workstation }) => {
  for (const quantity of ['3', '2']) {
    await workstation.order('buy', quantity, 'NVDA');
    await expect(workstation.toast('success').first()).toBeVisible();
    await expect(workstation.position('NVDA').getByTestId('position-quantity')).toHaveText(quantity === '3' ? '3' : '5');
    const price = workstation.row('NVDA').getByTestId('watchlist-price');
    await expect(price).not.toHaveText(await price.innerText());
  }
  await workstation.order('sell', '4', 'NVDA');
  await expect(workstation.position('NVDA').getByTestId('position-quantity')).toHaveText('1');
  await open(workstation);
  const sums: number[] = [];
  for (const [key, words] of [
    ['fifo', 'First in, first out'],
    ['lifo', 'Last in, first out'],
    ['hifo', 'Highest cost first'],
    ['average', 'Average cost'],
  ]) {
    await method(page, key).click();
    await expect(page.getByTestId('lots-method-shown')).toHaveText(words);
    sums.push((await money(page.getByTestId('lots-realised'))) - (await money(page.getByTestId('lots-cost'))));
  }
  expect(new Set(sums).size).toBe(1);
  await method(page, 'fifo').click();
  await expect(page.getByTestId('open-lot')).toHaveCount(1);
  await page.locator('[data-testid="lots-shown"][data-choice="closed"]').click();
  await expect(page.getByTestId('closed-lot')).toHaveCount(2);
  await expect(page.getByTestId('export-lots.csv')).toHaveAttribute('href', '/api/exports/lots.csv?method=fifo');
});

test('the exports are files of what is shown', async ({ page, workstation }) => {
  await open(workstation);
  await range(page, '1m').click();
  await expect(page.getByTestId('export-days.csv')).toHaveAttribute('href', '/api/exports/days.csv?range=1m');
  for (const file of ['days.csv', 'lots.csv', 'flows.csv', 'trades.csv']) {
    const saved = page.waitForEvent('download');
    await page.getByTestId(`export-${file}`).click();
    expect((await saved).suggestedFilename()).toBe(`finally-${file}`);
  }
});

test('on paper it is a statement that adds up', async ({ page, workstation }) => {
  await withHistory(page);
  await open(workstation);
  await page.emulateMedia({ media: 'print' });
  const statement = page.getByTestId('statement');
  await expect(statement).toBeVisible();
  await expect(page.getByTestId('figure').first()).toBeHidden();
  const line = async (name: string) => money(statement.getByRole('row', { name: new RegExp(`^${name}`) }).first().locator('td'));
  const parts = [await line('Opening value'), await line('Deposits'), await line('Withdrawals'), await line('Gain')];
  expect(parts.reduce((sum, part) => sum + part)).toBe(await line('Closing value'));
  const { height } = (await statement.boundingBox())!;
  expect(height).toBeLessThan(1_000);
});

test.describe('a server that cannot answer', () => {
  test.use({ allowedConsole: /Failed to load resource/ });

  test('is told, and asked again', async ({ page, workstation }) => {
    await page.route(/\/api\/fn\/load_performance/, (route) => route.abort());
    await page.getByTestId('nav-performance').click();
    const error = page.getByTestId('performance-error');
    await expect(error).toContainText('The performance could not be read.');
    await page.unroute(/\/api\/fn\/load_performance/);
    await error.getByRole('button', { name: 'Try again' }).click();
    await expect(value(page, 'twr')).toHaveText('0.00%');
    await expect(error).toBeHidden();
  });
});

for (const [width, height] of [
  [1440, 900],
  [390, 844],
] as const) {
  for (const colorScheme of ['dark', 'light'] as const) {
    test(`nothing keeps people out at ${width}×${height}, ${colorScheme}`, async ({ page, server, workstation }) => {
      test.slow();
      await page.setViewportSize({ width, height });
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await withHistory(page);
      await workstation.open(server.url);
      await open(workstation);
      await page.getByTestId('histogram-as-table').click();
      await figure(page, 'twr').getByRole('button').focus();
      const { violations } = await new AxeBuilder({ page }).include('#view-performance').withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']).analyze();
      const found = violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 160)} ${node.failureSummary}`));
      expect(found).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
    });
  }
}
