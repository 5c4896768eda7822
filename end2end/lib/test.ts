import { test as base, expect, type Locator, type Page } from '@playwright/test';
import { Proxy } from './proxy';
import { FinallyServer } from './server';

export { expect };

type Fixtures = {
  /** A server of this test's own. */
  server: FinallyServer;
  /** Stands in front of that server, for tests that hurt the price stream. */
  network: Proxy;
  /** The page, opened and hydrated. */
  workstation: Workstation;
  /** What Chromium may print while this test runs; by default nothing at all. */
  allowedConsole: RegExp | undefined;
};

export const test = base.extend<Fixtures>({
  allowedConsole: [undefined, { option: true }],
  server: async ({}, use) => {
    const server = await FinallyServer.start();
    await use(server);
    await server.stop();
  },
  network: async ({ server }, use) => {
    const proxy = await Proxy.start(server.url);
    await use(proxy);
    await proxy.stop();
  },
  workstation: async ({ page, server, allowedConsole }, use) => {
    const printed: string[] = [];
    page.on('console', (message) => printed.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => printed.push(`uncaught: ${error.message}`));
    const workstation = new Workstation(page);
    await workstation.open(server.url);
    await use(workstation);
    expect(printed.filter((line) => !allowedConsole?.test(line))).toEqual([]);
  },
});

/** Waits until the page answers, and what is seen of it is live: parts of its program come by themselves. */
export async function hydrated(page: Page): Promise<void> {
  await page.locator('body[data-hydrated]').waitFor();
  await page.waitForFunction(() =>
    [...document.querySelectorAll<HTMLElement>('.part')].every((part) => part.dataset.partState === 'ready' || !part.parentElement!.checkVisibility()),
  );
}

/** The page in the words of its user. */
export class Workstation {
  constructor(readonly page: Page) {}

  async open(url: string): Promise<void> {
    await this.page.goto(url);
    await this.hydrated();
  }

  async hydrated(): Promise<void> {
    await hydrated(this.page);
  }

  /** On a phone: shows the panel, or the view, with this word. */
  async show(word: string): Promise<void> {
    const isTab = ['Positions', 'Heatmap', 'Equity'].includes(word);
    const views = this.page.getByRole('navigation', { name: 'Views' });
    await views.getByText(isTab ? 'Portfolio' : word, { exact: true }).click();
    if (isTab) await this.page.getByRole('navigation', { name: 'Portfolio' }).getByRole('button', { name: word }).click();
  }

  get totalValue(): Locator {
    return this.page.getByTestId('total-value');
  }

  get cash(): Locator {
    return this.page.getByTestId('cash-balance');
  }

  get connection(): Locator {
    return this.page.getByTestId('connection-status');
  }

  get rows(): Locator {
    return this.page.getByTestId('watchlist-row');
  }

  row(ticker: string): Locator {
    return this.page.locator(`[data-testid="watchlist-row"][data-ticker="${ticker}"]`);
  }

  /** The part of a watchlist row that chooses its ticker. */
  symbol(ticker: string): Locator {
    return this.row(ticker).getByRole('button', { name: new RegExp(`^${ticker.replace('.', '\\.')}\\b`) });
  }

  /** The watchlist's tickers, as they stand in the page. */
  async watched(): Promise<string[]> {
    return this.rows.evaluateAll((rows) => rows.map((row) => row.getAttribute('data-ticker')!));
  }

  async watch(ticker: string): Promise<void> {
    await this.page.getByTestId('watchlist-add-input').fill(ticker);
    await this.page.getByTestId('watchlist-add-button').click();
    await expect(this.row(ticker)).toBeVisible();
  }

  position(ticker: string): Locator {
    return this.page.locator(`[data-testid="position-row"][data-ticker="${ticker}"]`);
  }

  toast(kind: 'success' | 'error'): Locator {
    return this.page.locator(`[data-testid="toast"][data-kind="${kind}"]`);
  }

  /** The clock jumps ahead by this, as it does while a machine sleeps; timers go on as they were. */
  async sleep(ms: number): Promise<void> {
    await this.page.evaluate((ms) => {
      const now = Date.now.bind(Date);
      Date.now = () => now() + ms;
    }, ms);
  }

  async order(side: 'buy' | 'sell', quantity: string, ticker: string): Promise<void> {
    await this.page.getByTestId('trade-ticker').fill(ticker);
    await this.page.getByTestId('trade-quantity').fill(quantity);
    await this.page.getByTestId(`trade-${side}`).click();
  }
}

/** `$8,095.80` as 809580. */
export function cents(text: string): number {
  const amount = Number(text.replace(/[$,]/g, '').replace('−', '-'));
  expect(Number.isFinite(amount), `${text} is an amount of money`).toBe(true);
  return Math.round(amount * 100);
}
