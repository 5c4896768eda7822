import { expect, test, type Workstation } from '../lib/test';

const HELD = [
  ['4', 'AAPL'],
  ['2', 'MSFT'],
  ['8', 'V'],
] as const;

async function hold(workstation: Workstation, orders: readonly (readonly [string, string])[]): Promise<void> {
  for (const [quantity, ticker] of orders) {
    await workstation.order('buy', quantity, ticker);
    await expect(workstation.position(ticker)).toBeVisible();
  }
}

test('a tile for each position, as large as its weight', async ({ server, workstation }) => {
  const { page } = workstation;
  const hint = page.getByTestId('heatmap-hint');
  const tiles = page.getByTestId('heatmap-tile');
  await expect(hint).toContainText('Nothing is held yet');
  await expect(tiles).toHaveCount(0);
  await hold(workstation, HELD.slice(0, 1));
  await expect(hint).toContainText('with three or more');
  await hold(workstation, HELD.slice(1));
  await expect(hint).toHaveCount(0);
  await expect(tiles).toHaveCount(3);

  const portfolio = await (await page.request.get(`${server.url}/api/portfolio`)).json();
  const areas = async () => {
    const map = (await page.getByTestId('heatmap').boundingBox())!;
    const shares: Record<string, number> = {};
    for (const tile of await tiles.all()) {
      const box = (await tile.locator('.tile-colour').boundingBox())!;
      expect(box.x).toBeGreaterThanOrEqual(map.x - 1);
      expect(box.y).toBeGreaterThanOrEqual(map.y - 1);
      expect(box.x + box.width).toBeLessThanOrEqual(map.x + map.width + 1);
      expect(box.y + box.height).toBeLessThanOrEqual(map.y + map.height + 1);
      shares[(await tile.getAttribute('data-ticker'))!] = (box.width * box.height) / (map.width * map.height);
    }
    return shares;
  };
  // The tiles move for a moment.
  await expect(async () => {
    const shares = await areas();
    for (const { ticker, market_value } of portfolio.positions) {
      expect(shares[ticker]).toBeCloseTo(market_value / portfolio.positions_value, 1);
    }
    expect(Object.values(shares).reduce((sum, share) => sum + share)).toBeCloseTo(1, 1);
  }).toPass();

  await workstation.order('sell', '2', 'MSFT');
  await expect(tiles).toHaveCount(2);
  await expect(hint).toBeVisible();
});

test('a tile is chosen by pointer and by keyboard, and tells its figures', async ({ workstation }) => {
  const { page } = workstation;
  await hold(workstation, HELD);
  const tile = (ticker: string) => page.locator(`[data-testid="heatmap-tile"][data-ticker="${ticker}"]`);
  const tooltip = page.getByTestId('heatmap-tooltip');
  await expect(tooltip).toBeHidden();
  await tile('V').hover();
  await expect(tooltip).toBeVisible();
  await expect(tooltip).toContainText(/^VValue \$[\d,]+\.\d\dWeight \d+\.\d%[+−]?\$\d+\.\d\d \([+−]?\d+\.\d\d%\)$/);
  await tile('V').click();
  await expect(page.getByTestId('main-chart')).toHaveAttribute('data-ticker', 'V');

  await tile('MSFT').focus();
  await expect(tooltip).toContainText('MSFT');
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('main-chart')).toHaveAttribute('data-ticker', 'MSFT');
  await tile('AAPL').focus();
  await page.keyboard.press(' ');
  await expect(page.getByTestId('main-chart')).toHaveAttribute('data-ticker', 'AAPL');
  await expect(tile('AAPL')).toHaveAttribute('aria-label', /^AAPL, [+−]?\d+\.\d\d%, worth \$[\d,]+\.\d\d$/);
});

test('colours follow gain and loss, and words can be read on each of them', async ({ workstation }) => {
  const { page } = workstation;
  await hold(workstation, HELD);
  const tile = page.locator('[data-testid="heatmap-tile"][data-ticker="AAPL"]');
  await expect(async () => {
    const percent = Number((await tile.locator('.tile-percent').textContent())!.replace('−', '-').replace(/[+%]/g, ''));
    const opacity = Number(await tile.locator('.tile-colour').getAttribute('fill-opacity'));
    expect(opacity).toBeCloseTo(Math.min(Math.abs(percent) / 5, 1), 1);
    expect(await tile.locator('.tile-colour').getAttribute('class')).toContain(percent > 0 ? 'up' : percent < 0 ? 'down' : '');
  }).toPass();

  for (const theme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme: theme });
    const contrasts = await page.evaluate(() => {
      const probe = document.body.appendChild(document.createElement('i'));
      const channels = (token: string) => {
        probe.style.color = `var(${token})`;
        return getComputedStyle(probe).color.match(/\d+/g)!.map(Number);
      };
      const luminance = (rgb: number[]) => {
        const [red, green, blue] = rgb.map((channel) => {
          const share = channel / 255;
          return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
      };
      const [zero, words] = [channels('--heat-zero'), luminance(channels('--heat-text'))];
      const found: number[] = [];
      for (const full of [channels('--heat-up'), channels('--heat-down')]) {
        for (let step = 0; step <= 20; step += 1) {
          const mixed = luminance(zero.map((channel, index) => channel + ((full[index] - channel) * step) / 20));
          found.push((Math.max(words, mixed) + 0.05) / (Math.min(words, mixed) + 0.05));
        }
      }
      probe.remove();
      return found;
    });
    expect(Math.min(...contrasts), theme).toBeGreaterThanOrEqual(4.5);
  }
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('the tiles are there', async ({ page, server, request }) => {
    for (const [quantity, ticker] of HELD) {
      await request.post(`${server.url}/api/portfolio/trade`, { data: { ticker, side: 'buy', quantity: Number(quantity) } });
    }
    await page.goto(server.url);
    await expect(page.getByTestId('heatmap-tile')).toHaveCount(3);
    for (const tile of await page.getByTestId('heatmap-tile').all()) {
      const box = (await tile.locator('.tile-colour').boundingBox())!;
      expect(Math.min(box.width, box.height)).toBeGreaterThan(10);
    }
  });
});
