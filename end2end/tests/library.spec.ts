import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect, test } from '../lib/test';

/** A report of a company that does not exist. */
const REPORT = `FORM 10-K
For the fiscal year ended December 31, 2025

Copper Kettle Corporation
(Exact name of registrant as specified in its charter)

Results of Operations

(Dollars in millions)   2025   2024
Revenue   $ 26,914   $ 16,675
Cost of revenue   9,439   6,279

Revenue rose because the company sold more kettles to hotels.
`;

const file = (name: string, text: string) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(text) });

async function openLibrary(page: Page): Promise<void> {
  await page.getByTestId('nav-library').click();
  await expect(page.getByTestId('library-total')).toHaveText('0');
}

async function add(page: Page, name: string, text: string): Promise<void> {
  await page.getByTestId('library-upload').setInputFiles(file(name, text));
}

test('a report goes in, is read while another view is shown, is found, and answers with its own lines', async ({ page, workstation }) => {
  await openLibrary(page);
  await expect(page.getByTestId('library-empty')).toBeVisible();
  await add(page, 'kettle.txt', REPORT);
  const row = page.getByTestId('document-row');
  await expect(row).toHaveCount(1);
  await page.getByTestId('nav-trade').click();
  await expect(page.getByTestId('library-view')).toBeHidden();
  await page.getByTestId('nav-library').click();
  await expect(row).toHaveAttribute('data-state', /searchable|done/);
  await expect(row).toContainText('Copper Kettle Corporation · 10-K · FY2025');

  await page.getByRole('tab', { name: 'Passages' }).click();
  await page.getByTestId('library-search-input').fill('kettles for hotels');
  await page.getByTestId('library-search-input').press('Enter');
  const hit = page.getByTestId('library-hit').first();
  await expect(hit.locator('mark').first()).toHaveText(/kettle|hotel/i);
  await expect(page).toHaveURL(/\/library\?q=kettles%20for%20hotels&tab=passages$/);

  await page.getByRole('tab', { name: 'Answer' }).click();
  await page.getByTestId('library-ask-input').fill('What was revenue in 2025?');
  await page.getByTestId('library-submit').click();
  const statement = page.getByTestId('statement').first();
  await expect(statement).toContainText('Revenue, 2025: $26,914 million.');
  await expect(statement).toHaveAttribute('data-support', 'cited');

  await statement.getByTestId('citation').first().click();
  await expect(page.locator('.reader-text tr.is-lit')).toContainText('26,914');
  await expect(page.getByTestId('reader-citation')).toContainText(/Citation \d of \d/);
  await expect(page.locator('.library-reader')).toContainText('the page’s own words');
  await expect(page).toHaveURL(/doc=.*&at=\d+-\d+.*&answer=/);
  const address = page.url();

  await page.goBack();
  await expect(page.locator('.reader-text')).toBeHidden();
  await page.goForward();
  await expect(page.locator('.reader-text tr.is-lit')).toBeVisible();
  await workstation.open(address);
  await expect(page.locator('.reader-text tr.is-lit')).toContainText('26,914');
  await expect(page.getByTestId('statement').first()).toContainText('26,914');

  await page.getByRole('tab', { name: /History/ }).click();
  await expect(page.locator('.library-history a')).toContainText('What was revenue in 2025?');
});

test('the same file again is known', async ({ page, workstation }) => {
  await openLibrary(page);
  await add(page, 'kettle.txt', REPORT);
  await expect(page.getByTestId('document-row')).toHaveAttribute('data-state', /searchable|done/);
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await add(page, 'again.txt', REPORT);
  await expect(workstation.toast('success')).toContainText('The library has it already: ');
  await expect(page.getByTestId('document-row')).toHaveCount(1);
});

test.describe('with a refusal in the console', () => {
  test.use({ allowedConsole: /Failed to load resource: the server responded with a status of 4\d\d/ });

  test('a file of no known kind is refused with its reason, and forgotten', async ({ page, workstation }) => {
    await openLibrary(page);
    await page.getByTestId('library-upload').setInputFiles({ name: 'a.zip', mimeType: 'application/zip', buffer: Buffer.from('PK\x03\x04 nothing') });
    const refused = page.getByTestId('upload-row');
    await expect(refused).toHaveAttribute('data-state', 'refused');
    await expect(refused.locator('.task-words')).not.toBeEmpty();
    await refused.getByRole('button', { name: 'Forget it' }).click();
    await expect(refused).toHaveCount(0);
    await expect(workstation.toast('error')).toHaveCount(0);
  });
});

test('the samples answer a question without a key', async ({ page, workstation }) => {
  await openLibrary(page);
  await page.getByTestId('library-samples').click();
  const rows = page.getByTestId('document-row');
  await expect(rows).toHaveCount(3);
  await expect(rows.filter({ hasText: 'annual report' })).toHaveAttribute('data-state', /searchable|done/);
  await expect(rows.filter({ hasText: 'annual report' })).toContainText('Lantern Works, Inc. · 10-K · FY2025');
  await page.getByRole('button', { name: /What was Lantern Works revenue/ }).click();
  await expect(page.getByTestId('statement').first()).toContainText('1,284.6');
  await page.getByTestId('statement').first().getByTestId('citation').first().click();
  await expect(page.locator('.reader-text tr.is-lit')).toContainText('1,284.6');
  await expect(workstation.toast('error')).toHaveCount(0);
});

test('what a document is can be changed, another tab follows, and it can be deleted', async ({ page, context, server, workstation }) => {
  await openLibrary(page);
  await add(page, 'kettle.txt', REPORT);
  const row = page.getByTestId('document-row');
  await expect(row).toHaveAttribute('data-state', /searchable|done/);
  const other = await context.newPage();
  await other.goto(`${server.url}/library`);
  await expect(other.getByTestId('document-row')).toHaveCount(1);
  await row.getByRole('link').click();
  await page.getByRole('button', { name: 'Details' }).click();
  const details = page.locator('.library-details');
  await details.getByLabel('Ticker').fill('ck');
  await details.getByLabel('Tags').fill('hotels, kitchen');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(row).toContainText('CK');
  await expect(other.getByTestId('document-row')).toContainText('CK');
  await page.getByRole('button', { name: 'Details' }).click();
  await page.getByRole('button', { name: 'Delete…' }).click();
  await page.getByRole('button', { name: 'Delete it for good' }).click();
  await expect(row).toHaveCount(0);
  await expect(other.getByTestId('document-row')).toHaveCount(0);
  await expect(workstation.toast('error')).toHaveCount(0);
});

for (const theme of ['dark', 'light'] as const) {
  test(`nothing in the library is hard to reach, ${theme}`, async ({ page, workstation }) => {
    await page.emulateMedia({ colorScheme: theme });
    await openLibrary(page);
    await page.getByTestId('library-samples').click();
    await expect(page.getByTestId('document-row')).toHaveCount(3);
    await page.getByRole('button', { name: /What was Lantern Works revenue/ }).click();
    await page.getByTestId('citation').first().click();
    await expect(page.locator('.reader-text .is-lit').first()).toBeVisible();
    await page.getByRole('button', { name: 'Details' }).click();
    await page.getByRole('button', { name: '+ Filter' }).click();
    const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']).analyze();
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)).toEqual([]);
    expect(workstation).toBeTruthy();
  });
}

test.describe('on a phone', () => {
  test.use({ viewport: { width: 390, height: 844 } });

  test('one column at a time, from a document to its lines', async ({ page, workstation }) => {
    await workstation.show('Library');
    await page.getByTestId('library-samples').click();
    await expect(page.getByTestId('document-row')).toHaveCount(3);
    await page.getByRole('button', { name: 'Ask', exact: true }).first().click();
    await page.getByTestId('library-ask-input').fill('What was Lantern Works net income in 2025?');
    await page.getByTestId('library-submit').click();
    await page.getByTestId('citation').first().click();
    await expect(page.locator('.reader-text .is-lit').first()).toBeVisible();
    await expect(page.getByTestId('library-ask-input')).toBeHidden();
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
  });
});
