import type { Page } from '@playwright/test';
import { expect, test } from '../lib/test';

/** Changes that extensions and translations make to a page before its program takes it over. */
const INTRUSIONS: Record<string, string> = {
  'an element in <main>': `document.querySelector('main').prepend(intruder)`,
  'an element after the add-ticker field': `document.querySelector('[data-testid="watchlist-add-input"]').after(intruder)`,
  'an empty element in the ticket': `intruder.textContent = ''; document.querySelector('[data-testid="trade-buy"]').before(intruder)`,
  'an element at the head of <body>': `document.body.prepend(intruder)`,
  'an element at the end of <body>': `document.body.append(intruder)`,
  'a comment in the header': `document.querySelector('header').prepend(document.createComment('seen'))`,
  'an element in <head>': `document.head.prepend(document.createElement('style'))`,
  'an element beside <body>': `document.documentElement.append(intruder)`,
  'attributes everywhere': `for (const element of document.querySelectorAll('html, body, input, button')) element.setAttribute('data-seen', 'x')`,
  'an element taken away': `document.querySelector('[data-testid="watchlist-change"]').remove()`,
  'texts in another language': `for (const text of document.querySelectorAll('h2')) { const font = document.createElement('font'); font.textContent = 'Übersetzt'; text.firstChild.replaceWith(font) }`,
};

/** Buys a share with what stands in the page, and sees a price move. */
async function works(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await page.locator('body[data-hydrated]').waitFor();
  await expect(page.getByTestId('connection-status')).toHaveAttribute('data-state', 'connected');
  const price = page.locator('[data-ticker="NVDA"]').getByTestId('watchlist-price');
  const before = await price.textContent();
  await page.getByTestId('trade-ticker').fill('AAPL');
  await page.getByTestId('trade-quantity').fill('1');
  await page.getByTestId('trade-buy').click();
  await expect(page.locator('[data-testid="position-row"][data-ticker="AAPL"]')).toHaveCount(1);
  await expect(price).not.toHaveText(before!);
  await expect(page.locator('.stopped')).toHaveCount(0);
}

test('a page that nobody has touched is taken over as it stands', async ({ page, server }) => {
  await page.addInitScript(`{
    const observer = new MutationObserver(() => {
      const main = document.querySelector('body > noscript') && document.querySelector('main');
      if (!main) return;
      observer.disconnect();
      main.isServed = true;
    });
    observer.observe(document, { childList: true, subtree: true });
  }`);
  for (const ticker of ['NVDA', 'AAPL']) await page.request.post(`${server.url}/api/portfolio/trade`, { data: { ticker, side: 'buy', quantity: 2 } });
  await page.request.post(`${server.url}/api/chat`, { data: { message: 'buy 1 V & <b>' } });
  for (const path of ['/', '/ticker/NVDA']) {
    await page.goto(server.url + path);
    await page.locator('body[data-hydrated]').waitFor();
    expect(await page.evaluate(() => (document.querySelector('main') as any).isServed), path).toBe(true);
  }
});

for (const [name, intrude] of Object.entries(INTRUSIONS)) {
  test(`the page works with ${name} before it wakes up`, async ({ page, server }) => {
    const wrong: string[] = [];
    page.on('pageerror', (error) => wrong.push(error.message));
    // As soon as the whole page is parsed, before its program runs.
    await page.addInitScript(`{
      const observer = new MutationObserver(() => {
        if (!document.querySelector('body > noscript')) return;
        observer.disconnect();
        const intruder = document.createElement('div');
        intruder.textContent = 'An extension';
        ${intrude}
      });
      observer.observe(document, { childList: true, subtree: true });
    }`);
    await works(page, server.url);
    expect(wrong).toEqual([]);
  });
}

test('the page works where a proxy writes into its HTML', async ({ page, server }) => {
  await page.route(server.url, async (route) => {
    const response = await route.fetch();
    const html = (await response.text())
      .replace(/<main[^>]*>/, '$&<div>A proxy</div>')
      .replace(/<input[^>]*data-testid="watchlist-add-input"[^>]*>/, '$&<i></i>')
      .replace(/<body[^>]*>/, '$&<div>A banner</div>');
    await route.fulfill({ response, body: html });
  });
  await works(page, server.url);
  await expect(page.getByText('A banner'), 'what stands beside the page stays').toBeVisible();
});

test('a fault that the page does not notice before is noticed by its program, which says so', async ({ page, server }) => {
  // Pretends that the nodes are unchanged: hydration then binds to the wrong ones.
  await page.addInitScript(`
    const asServed = () => {
      sessionStorage.setItem('loads', 1 + Number(sessionStorage.getItem('loads')));
      document.querySelector('main').prepend(document.createElement('div'));
      return true;
    };
    Object.defineProperty(globalThis, 'isPageAsServed', { get: () => asServed, set() {} });
  `);
  await page.goto(server.url);
  const banner = page.getByRole('alert').filter({ hasText: 'The page has stopped working' });
  await expect(banner).toBeVisible();
  expect(await page.evaluate(() => sessionStorage.getItem('loads')), 'it tried once to build itself anew').toBe('2');
  await expect(page.locator('.app')).toHaveAttribute('inert', '');
  await Promise.all([page.waitForEvent('load'), banner.getByRole('button', { name: 'Reload' }).click()]);
});

test('a program that cannot be loaded leaves no page that looks alive', async ({ page, server }) => {
  await page.route('**/*.wasm', (route) => route.abort());
  await page.goto(server.url);
  await expect(page.getByRole('alert').filter({ hasText: 'could not be loaded' })).toBeVisible();
  await expect(page.locator('.app')).toHaveAttribute('inert', '');
});

test('figures that a translation has replaced are drawn anew when they change', async ({ page, workstation }) => {
  await workstation.order('buy', '3', 'NVDA');
  await expect(workstation.position('NVDA')).toBeVisible();
  const figures = ['total-value', 'watchlist-price', 'position-value', 'legend-close'].map((id) => page.getByTestId(id).first());
  const frozen = await page.evaluate(() => {
    const texts: Text[] = [];
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) texts.push(walk.currentNode as Text);
    for (const text of texts) {
      if (!text.data.trim() || text.parentElement!.closest('script, svg')) continue;
      // Like Chrome's translation.
      const font = document.createElement('font');
      font.append(document.createElement('font'));
      font.firstElementChild!.textContent = `${text.data}\u200b`;
      text.before(font);
      text.remove();
    }
    return document.querySelectorAll('font').length;
  });
  expect(frozen).toBeGreaterThan(100);
  for (const figure of figures) await expect(figure).not.toHaveText(/\u200b/);
  const before = await figures[0].textContent();
  await expect(figures[0]).not.toHaveText(before!);
  await expect(page.getByRole('heading', { name: 'Watchlist' })).toHaveText(/\u200b/);
});

test('what a tick or a trade writes is not for translation', async ({ page, workstation }) => {
  const written = page.evaluate(
    () =>
      new Promise<string[]>((resolve) => {
        const found = new Set<string>();
        const see = (node: Node) => {
          const element = node.parentElement ?? (node as Element);
          if (!element.closest?.('[translate="no"]')) found.add(`${element.outerHTML.slice(0, 120)}`);
        };
        new MutationObserver((records) => records.forEach(({ target }) => see(target))).observe(document.body, { characterData: true, subtree: true });
        setTimeout(() => resolve([...found]), 2_500);
      }),
  );
  await workstation.order('buy', '2', 'MSFT');
  await expect(workstation.position('MSFT')).toBeVisible();
  expect((await written).filter((element) => !/reason|connection-words|heat-hint/.test(element))).toEqual([]);
});
