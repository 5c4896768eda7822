import { expect, type Locator, type Page } from '@playwright/test';

/** What a condition looks like in JSON. */
type Comparison = { left: unknown; op: string; right: unknown };

/** Makes an alert as a script would. */
export async function makeAlert(url: string, condition: Comparison, more: object = {}): Promise<any> {
  const body = JSON.stringify({ condition, frequency: 'once', ...more });
  const answer = await fetch(`${url}/api/alerts`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  expect(answer.status, await answer.clone().text()).toBe(201);
  return answer.json();
}

/** A condition that a price of now fulfils: the alert fires with the next print. */
export const isTrue = (ticker: string): Comparison => ({ left: { price: ticker }, op: '>', right: 0.01 });

/** All alerts, and how many firings are unread. */
export async function alertsOf(url: string): Promise<{ alerts: any[]; unread: number }> {
  return (await fetch(`${url}/api/alerts`)).json();
}

/** The page has read the alerts once: what fires from now on is news. */
export async function followsAlerts(page: Page): Promise<void> {
  await page.waitForFunction(() => performance.getEntriesByType('resource').some(({ name }) => name.includes('load_alerts')));
  await page.waitForLoadState('networkidle').catch(() => {});
}

export async function showAlerts(page: Page): Promise<void> {
  await page.getByRole('tab', { name: /^Alerts/ }).click();
  await expect(page.getByTestId('alerts-summary')).not.toBeEmpty();
}

export function alertRow(page: Page, status: string): Locator {
  return page.locator(`[data-testid="alert-row"][data-status="${status}"]`);
}
