import type { Page } from '@playwright/test';
import { expect, test } from '../lib/test';

const SIZES = [
  { width: 1440, height: 900 },
  { width: 1920, height: 1080 },
  { width: 2560, height: 1440 },
  { width: 1024, height: 768 },
  { width: 390, height: 844 },
];

const HELD = ['AAPL', 'GOOGL', 'MSFT', 'AMZN', 'TSLA', 'NVDA', 'META', 'JPM'];

async function buyOneOfEach(url: string) {
  for (const ticker of HELD) {
    const body = JSON.stringify({ ticker, side: 'buy', quantity: 1 });
    const answer = await fetch(`${url}/api/portfolio/trade`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    expect(answer.status, `${ticker} is bought`).toBe(200);
  }
}

/** Texts that a box cuts off, without an ellipsis and without a way to scroll there. */
const cut = (page: Page) =>
  page.evaluate(() => {
    const found: string[] = [];
    const walker = document.createTreeWalker(document.querySelector('.app')!, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const text = walker.currentNode as Text;
      const parent = text.parentElement!;
      if (!text.data.trim() || !parent.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
      // Words for screen readers, and text in pictures.
      if (parent.closest('.visually-hidden, svg, canvas, option, [inert], .tv-lightweight-charts, .brand')) continue;
      const range = document.createRange();
      range.selectNodeContents(text);
      const box = range.getBoundingClientRect();
      if (box.width === 0 || box.height === 0) continue;
      for (let holder: HTMLElement | null = parent; holder && holder !== document.body; holder = holder.parentElement) {
        const style = getComputedStyle(holder);
        if (style.clipPath !== 'none') break;
        if (style.overflowX === 'auto' || style.overflowX === 'scroll') break;
        if (style.textOverflow === 'ellipsis') break;
        if (style.overflowX === 'visible') continue;
        const edge = holder.getBoundingClientRect();
        if (box.left < edge.left - 1 || box.right > edge.right + 1) found.push(`${text.data.trim()} in ${holder.className}: ${box.left}–${box.right} of ${edge.left}–${edge.right}`);
        break;
      }
    }
    return found;
  });

/** Figures of the tables and of the header over which something else lies. */
const covered = (page: Page) =>
  page.evaluate(() => {
    const found: string[] = [];
    for (const figure of document.querySelectorAll<HTMLElement>('.header .stat dd, [data-testid="positions-table"] td[data-testid], [data-testid="watchlist-price"], .figure')) {
      const box = figure.getBoundingClientRect();
      const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
      const holder = figure.closest('.scroll, .rows, .header, .ticket')?.getBoundingClientRect();
      if (!figure.checkVisibility() || !holder || box.width === 0) continue;
      // Scrolled out of view, or under a heading that sticks.
      if (y < holder.top + 28 && figure.closest('.scroll')) continue;
      if (y < holder.top || y > holder.bottom - (figure.closest('.scroll') ? 30 : 0)) continue;
      const top = document.elementFromPoint(x, y);
      // What shows only once it is pointed at covers nothing.
      if (top && getComputedStyle(top.closest('td') ?? top).opacity === '0') continue;
      if (top && !figure.contains(top) && !top.contains(figure) && !top.closest('.row .symbol')) found.push(`${figure.dataset.testid ?? figure.className}: ${top.className || top.tagName}`);
    }
    return found;
  });

for (const theme of ['dark', 'light'] as const) {
  for (const size of SIZES) {
    test(`at ${size.width}×${size.height}, ${theme}, no text is cut off and no figure is covered`, async ({ page, server, workstation }) => {
      await buyOneOfEach(server.url);
      await page.setViewportSize(size);
      await page.evaluate((theme) => localStorage.setItem('theme', theme), theme);
      await workstation.open(server.url);
      if (size.width < 700) await workstation.show('Positions');
      await expect(page.getByTestId('position-row').first()).toBeVisible();
      expect(await cut(page)).toEqual([]);
      expect(await covered(page)).toEqual([]);
    });
  }
}

test('a window of 1440×900 shows eight positions, each in one line and whole, beside the ticket', async ({ page, server, workstation }) => {
  await buyOneOfEach(server.url);
  await workstation.open(server.url);
  const rows = page.getByTestId('position-row');
  await expect(rows).toHaveCount(HELD.length);
  const { shown, heights } = await page.evaluate(() => {
    const scroll = document.querySelector('[data-testid="positions-table"]')!.closest('.scroll')!;
    const [head, foot] = ['thead', 'tfoot tr'].map((part) => scroll.querySelector(part)!.getBoundingClientRect());
    const boxes = [...scroll.querySelectorAll('[data-testid="position-row"]')].map((row) => row.getBoundingClientRect());
    return {
      shown: boxes.filter((box) => box.top >= head.bottom - 1 && box.bottom <= foot.top + 1).length,
      heights: boxes.map((box) => box.height),
    };
  });
  expect(shown).toBe(HELD.length);
  expect(Math.max(...heights)).toBeLessThan(30);
  const [chart, ticket] = [(await page.getByTestId('main-chart').boundingBox())!, (await page.locator('[data-slot="ticket"]').boundingBox())!];
  expect(ticket.x).toBeGreaterThanOrEqual(chart.x + chart.width);
});

test('the slots of the header keep still while numbers grow', async ({ page, workstation: _ }) => {
  const moved = await page.evaluate(() => {
    const places = () => [...document.querySelectorAll('.header .stat, .header-tools > *')].map((slot) => Math.round(slot.getBoundingClientRect().left));
    const figures = [...document.querySelectorAll<HTMLElement>('.header .stat dd')];
    const write = (amount: string, gain: string) => figures.forEach((figure) => (figure.textContent = figure.closest('.stat')!.querySelector('[data-testid$="pnl"]') ? gain : amount));
    write('$9,999.00', '▲ +$9.99 (+0.10%)');
    const before = places();
    write('$1,000,000.00', '▲ +$10,000.00 (+1.00%)');
    return { before, after: places() };
  });
  expect(moved.after).toEqual(moved.before);
});
