import { expect, type Locator, type Page } from '@playwright/test';
import type { Workstation } from './test';

/** What the price of a ticker is now, in dollars. */
export async function priceOf(url: string, ticker: string): Promise<number> {
  const { tickers } = await (await fetch(`${url}/api/watchlist`)).json();
  return tickers.find((entry: any) => entry.ticker === ticker).price;
}

/** The watched ticker whose price is highest in the range of its hourly candles: orders below it are in the chart's view. */
export async function highest(url: string): Promise<string> {
  const { tickers } = await (await fetch(`${url}/api/watchlist`)).json();
  const places = await Promise.all(
    tickers.map(async ({ ticker, price }: any) => {
      const { candles } = await (await fetch(`${url}/api/prices/${ticker}/candles?interval=1h&limit=60`)).json();
      const [low, high] = [Math.min(...candles.map((it: any) => it.low)), Math.max(...candles.map((it: any) => it.high))];
      return { ticker, place: (price - low) / (high - low) };
    }),
  );
  return places.reduce((best, next) => (next.place > best.place ? next : best)).ticker;
}

/** Opens the chart's menu at a point of the page. */
export async function chartMenu(page: Page, x: number, y: number): Promise<void> {
  await page.mouse.click(x, y, { button: 'right' });
  await expect(page.getByTestId('chart-menu')).toBeVisible();
}

/** The pane of the chart's prices, in pixels of the page: its left and top edge, and the last price from its top and from its bottom. */
export interface Pane {
  x: number;
  y: number;
  now: number;
  below: number;
}

/** Measures the pane before each press: the ticket below the chart grows and shrinks, and the market moves. */
export async function pricePane(page: Page, url: string, ticker: string): Promise<Pane> {
  await expect(page.getByTestId('main-chart')).toHaveAttribute('data-ticker', ticker);
  await expect(page.getByTestId('main-chart')).toHaveAttribute('data-loading', 'false');
  const pane = page.getByTestId('chart-orders');
  await pane.waitFor({ state: 'attached' });
  await expect.poll(() => pane.evaluate((it) => it.clientHeight)).toBeGreaterThan(100);
  const { x, y, height } = (await pane.boundingBox())!;
  const priceAt = async (at: number) => {
    await chartMenu(page, x + 120, y + at);
    const words = await page.getByRole('menuitem', { name: /^Limit at/ }).innerText();
    await page.keyboard.press('Escape');
    return Number(words.replace(/^Limit at |,/g, ''));
  };
  const [high, low] = [await priceAt(10), await priceAt(height - 10)];
  const now = 10 + ((high - (await priceOf(url, ticker))) / (high - low)) * (height - 20);
  return { x, y, now, below: height - now };
}

/** An order as REST has it. */
export async function orderOf(url: string, id: string): Promise<any> {
  return (await fetch(`${url}/api/orders/${id}`)).json();
}

/** `790.12`, so far from a price. */
export const away = (price: number, factor: number): string => (price * factor).toFixed(2);

/** Shows the tab of the orders. */
export async function showOrders(page: Page): Promise<void> {
  await page.getByRole('tab', { name: /^Orders/ }).click();
  await expect(page.getByTestId('orders-summary')).not.toBeEmpty();
}

/** Writes a limit order into the ticket, and places it. */
export async function placeLimit(workstation: Workstation, side: 'buy' | 'sell', quantity: string, ticker: string, limit: string): Promise<void> {
  const { page } = workstation;
  await page.getByTestId('trade-ticker').fill(ticker);
  await page.getByTestId('trade-quantity').fill(quantity);
  await page.getByTestId('order-type').selectOption('limit');
  await page.getByTestId('order-limit').fill(limit);
  await page.getByTestId(`trade-${side}`).click();
}

export function orderRow(page: Page, ticker: string, status: string): Locator {
  return page.locator(`[data-testid="order-row"][data-ticker="${ticker}"][data-status="${status}"]`);
}
