import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { ScriptedModel } from '../lib/model';
import { FinallyServer } from '../lib/server';
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

/** What axe finds in the page as it stands. */
async function violations(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']).analyze();
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}

test('a document is dropped on a ticker, which shows it in Trade and opens it', async ({ page, workstation }) => {
  await openLibrary(page);
  await add(page, 'kettle.txt', REPORT);
  const row = page.getByTestId('document-row');
  await expect(row).toHaveAttribute('data-state', /searchable|done/);
  await expect(page.getByTestId('library-attach')).toHaveCount(0);
  await row.hover();
  await page.mouse.down();
  await page.mouse.move(500, 300, { steps: 5 });
  const target = page.locator('[data-testid="library-ticker"][data-ticker="NVDA"]');
  await expect(target).toBeVisible();
  const box = (await target.boundingBox())!;
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2, { steps: 5 });
  await expect(target).toHaveAttribute('data-over', 'true');
  await page.mouse.move(box.x + box.width / 2 + 2, box.y + box.height / 2);
  await page.mouse.up();
  await expect(page.getByTestId('library-attach')).toHaveCount(0);
  await expect(row).toContainText('NVDA');

  await page.getByTestId('nav-trade').click();
  await expect(page.getByTestId('ticker-documents')).toHaveCount(0);
  await workstation.symbol('NVDA').click();
  await expect(page.getByTestId('ticker-documents')).toHaveText('1 document');
  await page.getByTestId('ticker-documents').click();
  await expect(page.getByTestId('ticker-document')).toContainText('Copper Kettle Corporation · 10-K · FY2025');
  expect(await violations(page)).toEqual([]);
  await page.getByTestId('ticker-document').getByRole('link').click();
  await expect(page).toHaveURL(/\/library\?doc=/);
  await expect(page.getByTestId('reader-text')).toContainText('company sold more kettles to hotels');
  await expect(workstation.toast('error')).toHaveCount(0);
});

test('a drag that is given up attaches nothing, and the keyboard has the field', async ({ page, workstation: _ }) => {
  await openLibrary(page);
  await add(page, 'kettle.txt', REPORT);
  const row = page.getByTestId('document-row');
  await expect(row).toHaveAttribute('data-state', /searchable|done/);
  await row.hover();
  await page.mouse.down();
  await page.mouse.move(500, 300, { steps: 5 });
  await expect(page.getByTestId('library-attach')).toBeVisible();
  await page.mouse.move(520, 600, { steps: 5 });
  await page.mouse.up();
  await expect(page.getByTestId('library-attach')).toHaveCount(0);
  await expect(row).not.toContainText('NVDA');
  await row.getByRole('link').focus();
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Details' }).press('Enter');
  await page.locator('.library-details').getByLabel('Ticker').fill('nvda');
  await page.keyboard.press('Enter');
  await expect(row).toContainText('NVDA');
});

/** A report of some hundred pages, with its figures on the last one. */
function longReport(): string {
  const line = (number: number) => `Line ${number} of the notes: unit ${number} of the works made ${number * 7} kettles.\n`;
  return REPORT.split('Results of Operations')[0] + Array.from({ length: 20_000 }, (_, number) => line(number)).join('') + '\nResults of Operations' + REPORT.split('Results of Operations')[1];
}

test.describe('whatever happens meanwhile', () => {
  // The page asks a server that is away.
  test.use({ allowedConsole: /Failed to load resource|ERR_CONNECTION|ERR_INCOMPLETE|ERR_EMPTY_RESPONSE|error occurred when fetching the script/ });

  test('a long report outlives another view and a kill of the server, and its figures are computed', async ({ page, server, workstation }) => {
    test.slow();
    await openLibrary(page);
    await add(page, 'long.txt', longReport());
    const row = page.getByTestId('document-row');
    await expect(row).toHaveCount(1);
    await expect(page.getByTestId('task-row')).toHaveAttribute('data-state', /queued|running/);
    await page.getByTestId('nav-trade').click();
    await expect(page.getByTestId('library-view')).toBeHidden();
    await page.getByTestId('nav-library').click();
    await expect(row).toBeVisible();
    const again = await server.crash();
    try {
      // The page follows by itself.
      await expect(row).toHaveAttribute('data-state', /searchable|done/, { timeout: 60_000 });
      await expect(page.getByTestId('library-total')).toHaveText('1');
      await page.getByTestId('library-ask-input').fill('What was revenue in fiscal 2025 and 2024, and how much did it change?');
      await page.getByTestId('library-submit').click();
      const statements = page.getByTestId('statement');
      await expect(statements.nth(0)).toContainText('Revenue, 2025: $26,914 million.');
      await expect(statements.nth(1)).toContainText('Revenue, 2024: $16,675 million.');
      await expect(statements.nth(2)).toContainText('+$10,239 million');
      await expect(statements.nth(2)).toContainText('26,914 - 16,675 = 10239');
      await statements.nth(1).getByTestId('citation').click();
      const lit = page.locator('.reader-text tr.is-lit');
      await expect(lit).toHaveCount(1);
      await expect(lit).toContainText('26,914');
      await expect(lit).toContainText('16,675');
      await expect(page.locator('.library-reader')).toContainText('the page’s own words');
      expect(workstation).toBeTruthy();
    } finally {
      await again.stop();
    }
  });
});

/** The library over a model that does what the test says. */
const scripted = test.extend<{ model: ScriptedModel }>({
  model: async ({}, use) => {
    const model = await ScriptedModel.start();
    await use(model);
    await model.stop();
  },
  server: async ({ model }, use) => {
    const server = await FinallyServer.start({ LLM_MOCK: 'false', LLM_BASE_URL: model.url, LLM_TIMEOUT_SECONDS: '20' });
    await use(server);
    await server.stop();
  },
});

const QUESTION = 'What was revenue in 2025?';

async function ask(page: Page, question: string): Promise<void> {
  await page.getByTestId('library-ask-input').fill(question);
  await page.getByTestId('library-submit').click();
}

scripted.describe('with a model', () => {
  scripted.use({ allowedConsole: /Failed to load resource|ERR_CONNECTION|ERR_INCOMPLETE|ERR_EMPTY_RESPONSE|error occurred when fetching the script/ });

  scripted('an answer that a stop cut off says so, is followed again, and can be asked anew', async ({ page, server, model, workstation }) => {
    test.slow();
    await openLibrary(page);
    await add(page, 'kettle.txt', REPORT);
    await expect(page.getByTestId('document-row')).toHaveAttribute('data-state', /searchable|done/);
    await ask(page, QUESTION);
    await expect(page.getByTestId('answer-running')).toBeVisible();
    await expect.poll(() => model.asked).toBe(1);
    expect(await violations(page)).toEqual([]);
    await server.kill();
    await expect(page.locator('.library-phase.is-cut')).toContainText('The answer was cut off; connecting again…');
    expect(await violations(page)).toEqual([]);
    const again = await server.crash();
    try {
      await expect(page.locator('.library-answers .panel-error')).toContainText('The server stopped before the answer was whole.', { timeout: 30_000 });
      expect(await violations(page)).toEqual([]);
      await page.getByRole('button', { name: 'Ask again' }).click();
      await expect.poll(() => model.asked).toBe(2);
      const row = 'Revenue   $ 26,914   $ 16,675';
      const told = [
        { text: 'Revenue was $26,914 million in 2025.', cites: [{ s: 'S1', quote: row }] },
        { text: 'It rose by 99%.', cites: [{ s: 'S1', quote: row }] },
      ];
      model.say(told.map((line) => JSON.stringify(line)).join('\n'));
      const statements = page.getByTestId('statement');
      await expect(statements).toHaveCount(2);
      await expect(statements.nth(0)).toHaveAttribute('data-support', 'cited');
      await expect(statements.nth(1)).toHaveAttribute('data-support', 'doubtful');
      await expect(statements.nth(1)).toContainText('99 not found in the sources.');
      await statements.nth(0).getByTestId('citation').hover();
      await expect(statements.nth(0).locator('.citation-quote')).toHaveText('Revenue $ 26,914 $ 16,675');
      expect(await violations(page)).toEqual([]);
      await ask(page, QUESTION);
      await expect(page.getByTestId('answer-running')).toBeVisible();
      await page.getByTestId('answer-running').getByRole('button', { name: 'Cancel' }).click();
      await expect(page.locator('.library-phase')).toContainText('Cancelled.');
      expect(await violations(page)).toEqual([]);
      expect(workstation).toBeTruthy();
    } finally {
      await again.stop();
    }
  });
});

test.describe('with a file that cannot be read', () => {
  test.use({ allowedConsole: /Failed to load resource: the server responded with a status of 4\d\d/ });

  test('nothing keeps people out of the library’s other states', async ({ page, workstation }) => {
    test.slow();
    await openLibrary(page);
    await expect(page.getByTestId('library-empty')).toBeVisible();
    expect(await violations(page), 'empty').toEqual([]);
    await page.getByTestId('library-upload').setInputFiles([
      { name: 'broken.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.7 and nothing that a reader could use') },
      { name: 'a.zip', mimeType: 'application/zip', buffer: Buffer.from('PK\x03\x04 nothing') },
      file('kettle.txt', REPORT),
    ]);
    const failed = page.locator('[data-testid="task-row"][data-state="failed"]');
    await expect(failed).toContainText('broken.pdf');
    await expect(page.getByTestId('upload-row')).toHaveAttribute('data-state', 'refused');
    expect(await violations(page), 'failed and refused').toEqual([]);
    await page.getByRole('tab', { name: 'Passages' }).click();
    await page.getByTestId('library-search-input').fill('kettles');
    await page.getByTestId('library-search-input').press('Enter');
    await expect(page.getByTestId('library-hit').first()).toBeVisible();
    expect(await violations(page), 'hits').toEqual([]);
    await page.getByRole('button', { name: 'Words', exact: true }).click();
    await page.getByTestId('library-search-input').fill('penguins');
    await page.getByTestId('library-search-input').press('Enter');
    await expect(page.getByTestId('library-hit')).toHaveCount(0);
    expect(await violations(page), 'no hit').toEqual([]);
    await page.getByRole('tab', { name: 'Answer' }).click();
    await ask(page, 'How many penguins live in Antarctica?');
    await expect(page.getByTestId('statement')).toContainText('The library does not say.');
    expect(await violations(page), 'not said').toEqual([]);
    await page.getByRole('tab', { name: /History/ }).click();
    await expect(page.locator('.library-history a')).toHaveCount(1);
    expect(await violations(page), 'history').toEqual([]);
    expect(workstation).toBeTruthy();
  });
});
