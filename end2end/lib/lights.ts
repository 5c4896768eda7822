import type { Page } from '@playwright/test';

/** What was seen of the light over prices. */
export interface Lights {
  /** How many prices were lit as they should be. */
  right: number;
  /** The tickers whose prices were lit, in the order of their first light. */
  tickers: string[];
  /** What was not as it should be, in words. */
  wrong: string[];
}

/**
 * Watches the light over the watchlist's prices from before the page's own script on: a price in sight is lit when it
 * has changed, and only then, in the colour of its change; and light never lies over another row than the one that it was lit for.
 */
export async function watchLights(page: Page): Promise<() => Promise<Lights>> {
  await page.addInitScript(() => {
    const seen = ((window as any).lights = { wrong: [] as string[], tickers: [] as string[], right: 0 });
    document.addEventListener('DOMContentLoaded', () => {
      const cells = () => [...document.querySelectorAll<HTMLElement>('[data-testid="watchlist-price"]')];
      const tickerOf = (cell: Element) => cell.closest('[data-ticker]')!.getAttribute('data-ticker')!;
      const drawing = document.querySelector('.lights svg')!;
      /** The prices that light lies over, with its colour. */
      const lit = () => {
        const origin = drawing.getBoundingClientRect();
        const places = cells().map((cell) => ({ cell, place: cell.getBoundingClientRect() }));
        return [...drawing.querySelectorAll('path')].flatMap((path) =>
          [...(path.getAttribute('d') ?? '').matchAll(/M\S+ ([^h]+)h/g)].map(([, y]) => {
            const top = Number(y) + origin.y;
            const found = places.find(({ place }) => Math.abs(place.y - top) < 1);
            return { direction: path.getAttribute('class')!, cell: found?.cell, ticker: found && tickerOf(found.cell) };
          }),
        );
      };
      if (lit().length > 0) seen.wrong.push('light in the first paint');

      const shown = new Map(cells().map((cell) => [cell, cell.textContent!]));
      let meant = new Set<string | undefined>();
      new MutationObserver((records) => {
        if (records.some(({ attributeName }) => attributeName === 'd')) {
          const now = lit();
          meant = new Set(now.map(({ ticker }) => ticker));
          const list = drawing.closest('.rows')!.getBoundingClientRect();
          for (const cell of cells()) {
            const { top, bottom } = cell.getBoundingClientRect();
            const isSeen = top >= list.top && bottom <= list.bottom && shown.has(cell);
            if (isSeen && shown.get(cell) !== cell.textContent && !meant.has(tickerOf(cell))) {
              seen.wrong.push(`${tickerOf(cell)} went from ${shown.get(cell)} to ${cell.textContent} and was not lit`);
            }
          }
          for (const { direction, cell, ticker } of now) {
            const [before, after] = [cell && shown.get(cell), cell?.textContent];
            if (!cell || !before) seen.wrong.push('light over no price');
            else if (before === after) seen.wrong.push(`${ticker} was lit at ${after} without a change`);
            else if ((Number(after) > Number(before) ? 'up' : 'down') !== direction)
              seen.wrong.push(`${ticker} went from ${before} to ${after} and was lit ${direction}`);
            else {
              seen.right += 1;
              if (!seen.tickers.includes(ticker!)) seen.tickers.push(ticker!);
            }
          }
        }
        for (const cell of cells()) shown.set(cell, cell.textContent!);
      }).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });

      const look = () => {
        if (Number(getComputedStyle(drawing).opacity) > 0) {
          for (const { ticker } of lit()) if (!meant.has(ticker)) seen.wrong.push(`${ticker} has the light of another row`);
        }
        requestAnimationFrame(look);
      };
      requestAnimationFrame(look);
    });
  });
  return () => page.evaluate(() => (window as any).lights);
}
