import { expect, type Locator, type Page } from '@playwright/test';
import type { Workstation } from './test';

/** What the price of a ticker is now, in dollars. */
export async function priceOf(url: string, ticker: string): Promise<number> {
  const { tickers } = await (await fetch(`${url}/api/watchlist`)).json();
  return tickers.find((entry: any) => entry.ticker === ticker).price;
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
