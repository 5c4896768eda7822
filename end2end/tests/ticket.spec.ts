import { cents, expect, test } from '../lib/test';

test('the estimate is what the order costs, and what stays', async ({ page, workstation }) => {
  await page.getByTestId('trade-quantity').fill('10');
  // Read at once: a tick may fall between two reads.
  const [price, cost, after, proceeds] = await page.evaluate(() => {
    const row = document.querySelector('[data-testid="watchlist-row"][data-ticker="AAPL"]')!;
    const text = (root: ParentNode, id: string) => root.querySelector(`[data-testid="${id}"]`)!.textContent!;
    return [
      text(row, 'watchlist-price'),
      text(document, 'trade-buy-estimate'),
      text(document, 'trade-buy-cash-after'),
      text(document, 'trade-sell-estimate'),
    ];
  });
  expect(cents(cost)).toBe(Math.round(Number(price) * 1_000));
  expect(cents(after)).toBe(1_000_000 - cents(cost));
  expect(proceeds).toBe(cost);
  await page.getByTestId('trade-quantity').fill('1000');
  await expect(page.getByTestId('trade-buy-cash-after')).toHaveText(/^−\$\d{3},\d{3}\.\d\d$/);
  await expect(page.getByTestId('trade-buy-cash-after')).toHaveClass(/down/);
  await expect(workstation.cash).toHaveText('$10,000.00');
});

test('a comma in a quantity is a decimal mark, and one in doubt is refused with both readings', async ({ page, workstation }) => {
  const quantity = page.getByTestId('trade-quantity');
  const buy = page.getByTestId('trade-buy');
  await quantity.fill('1,000');
  await expect(buy).toHaveAttribute('aria-disabled', 'true');
  await expect(buy).toHaveAccessibleDescription(/1,000 may be 1000 or 1\.000/);
  await buy.click({ force: true });
  await expect(workstation.toast('error')).toContainText('1000 or 1.000');
  await expect(workstation.cash).toHaveText('$10,000.00');
  const readings = page.getByTestId('trade-quantity-readings');
  await readings.getByRole('button', { name: '1.000' }).click();
  await expect(quantity).toHaveValue('1.000');
  await expect(quantity).toBeFocused();
  await expect(readings).toHaveCount(0);
  await quantity.fill('2,5');
  await buy.click();
  await expect(workstation.toast('success')).toContainText('Bought 2.5 AAPL');
});

test('all of the cash buys at once, and all of the holding sells', async ({ page, workstation }) => {
  await page.getByRole('button', { name: 'Max of the cash' }).click();
  const quantity = await page.getByTestId('trade-quantity').inputValue();
  expect(Number(quantity)).toBeGreaterThan(1);
  await page.getByTestId('trade-buy').click();
  await expect(workstation.position('AAPL').getByTestId('position-quantity')).toHaveText(quantity);
  const left = cents(await workstation.cash.innerText());
  expect(left).toBeGreaterThanOrEqual(0);
  expect(left).toBeLessThan(4_000);

  await page.getByRole('button', { name: '50 % of the holding' }).click();
  expect(Number(await page.getByTestId('trade-quantity').inputValue())).toBeCloseTo(Number(quantity) / 2, 5);
  await page.getByRole('button', { name: 'Max of the holding' }).click();
  await expect(page.getByTestId('trade-quantity')).toHaveValue(quantity);
  await page.getByTestId('trade-sell').click();
  await expect(workstation.position('AAPL')).toHaveCount(0);
  await expect(workstation.toast('success').filter({ hasText: `Sold ${quantity} AAPL` })).toContainText('realised');
});

test('what is not held has nothing to sell a part of', async ({ page, workstation: _ }) => {
  await expect(page.getByRole('button', { name: '25 % of the holding' })).toBeDisabled();
  await expect(page.getByRole('button', { name: '25 % of the cash' })).toBeEnabled();
  await expect(page.getByTestId('trade-sell')).toHaveAccessibleDescription('Selling 1 AAPL is not possible; you hold none.');
});

test('Escape leaves a field', async ({ page, workstation: _ }) => {
  for (const id of ['trade-ticker', 'trade-quantity']) {
    await page.getByTestId(id).focus();
    await page.keyboard.press('Escape');
    await expect(page.getByTestId(id)).not.toBeFocused();
  }
});

test('a trade lights its position up', async ({ page, workstation }) => {
  await page.evaluate(() => {
    (window as any).lit = [];
    document.querySelector('[data-testid="positions-table"]')!.addEventListener('animationstart', (event) => {
      (window as any).lit.push((event.target as Element).closest('tr')!.getAttribute('data-ticker'));
    });
  });
  await workstation.order('buy', '1', 'V');
  await expect(workstation.position('V')).toBeVisible();
  await workstation.order('buy', '1', 'JPM');
  await expect(workstation.position('JPM')).toBeVisible();
  await workstation.order('buy', '1', 'V');
  await expect(workstation.position('V').getByTestId('position-quantity')).toHaveText('2');
  await expect.poll(() => page.evaluate(() => [...new Set((window as any).lit)])).toEqual(['V', 'JPM']);
  // It ends, and does not restart with the next tick.
  await expect(page.locator('[data-lit]')).toHaveCount(0);
});

test.describe('when answers get lost', () => {
  test.use({ allowedConsole: /Failed to load resource|net::ERR_/ });

  test('an order in doubt is asked for, never traded again, and the doubt is shown', async ({ page, workstation }) => {
    let calls = 0;
    // The first order reaches the server; further ones do not, until allowed.
    await page.route(/\/api\/fn\/place_order/, async (route) => {
      calls += 1;
      if (calls === 1) await route.fetch();
      await route.abort('connectionreset');
    });
    await workstation.order('buy', '2', 'MSFT');
    const doubt = page.getByRole('status').filter({ hasText: 'still checking whether the order to buy 2 MSFT was filled' });
    await expect(doubt).toBeVisible();
    await expect(page.getByTestId('trade-buy')).toHaveAttribute('aria-disabled', 'true');
    await expect(workstation.toast('success')).toContainText('Bought 2 MSFT', { timeout: 20_000 });
    await expect(doubt).toBeHidden();
    await expect(workstation.position('MSFT').getByTestId('position-quantity')).toHaveText('2');
    expect(calls).toBe(4);
  });

  test('an order that never arrived is said to have traded nothing', async ({ page, workstation }) => {
    await page.route(/\/api\/fn\/place_order/, (route) => route.abort('connectionreset'));
    await workstation.order('buy', '2', 'MSFT');
    const toast = workstation.toast('error');
    await expect(toast).toContainText('The order to buy 2 MSFT got lost on its way; nothing was traded.', { timeout: 20_000 });
    await expect(workstation.cash).toHaveText('$10,000.00');
    await expect(page.getByTestId('trade-buy')).toHaveAttribute('aria-disabled', 'false');
  });

  test('an order whose every answer hangs is known within ten seconds', async ({ page, workstation }) => {
    await page.route(/\/api\/fn\/place_order/, async (route) => {
      // The request arrives; its response does not.
      await route.fetch();
    });
    await workstation.order('buy', '2', 'MSFT');
    await expect(workstation.toast('success')).toContainText('Bought 2 MSFT', { timeout: 10_000 });
    await expect(workstation.position('MSFT').getByTestId('position-quantity')).toHaveText('2');
  });

  test('an account that cannot be read says so in place, and comes back', async ({ page, workstation }) => {
    test.slow();
    let isDown = true;
    let refused = 0;
    await page.route(/\/api\/fn\/load_account/, (route) => {
      if (!isDown) return route.continue();
      refused += 1;
      return route.abort();
    });
    await workstation.order('buy', '2', 'MSFT');
    await expect(workstation.toast('success')).toContainText('Bought 2 MSFT');
    const failure = page.getByTestId('account-failure');
    await expect(failure).toContainText('The account could not be read; what is shown may be old.');
    const before = refused;
    await failure.getByRole('button', { name: 'Try again' }).click();
    await expect.poll(() => refused).toBeGreaterThan(before);
    // From here on it reconnects by itself, after at most fifteen seconds.
    isDown = false;
    await expect(workstation.position('MSFT')).toBeVisible({ timeout: 25_000 });
    await expect(failure).toHaveCount(0);
  });
});

test('arrow keys move the quantity by a share, with Shift by ten', async ({ page, workstation: _ }) => {
  const quantity = page.getByTestId('trade-quantity');
  await quantity.focus();
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Shift+ArrowUp');
  await expect(quantity).toHaveValue('12');
  await page.keyboard.press('ArrowDown');
  await expect(quantity).toHaveValue('11');
  await page.keyboard.press('Shift+ArrowDown');
  await page.keyboard.press('ArrowDown');
  await expect(quantity, 'an order is of more than nothing').toHaveValue('1');
});

test('why an order cannot be sent stands below its button, whole', async ({ page, workstation: _ }) => {
  await page.getByTestId('trade-quantity').fill('1000');
  const reason = page.locator('#trade-buy-reason');
  await expect(reason).toHaveText(/^Buying 1,000 \w+ costs \$[\d,.]+; you have \$10,000\.00\.$/);
  await expect(reason).toBeVisible();
  expect(await reason.evaluate((reason) => reason.scrollWidth <= reason.clientWidth && reason.scrollHeight <= reason.clientHeight)).toBe(true);
});

for (const [width, height] of [
  [1440, 900],
  [1024, 768],
  [390, 844],
] as const) {
  test(`the ticket fits at ${width}×${height}`, async ({ page, server, workstation }) => {
    await page.setViewportSize({ width, height });
    await workstation.open(server.url);
    for (const id of ['trade-ticker', 'trade-quantity', 'trade-buy', 'trade-sell', 'trade-buy-estimate', 'trade-sell-cash-after']) {
      const box = (await page.getByTestId(id).boundingBox())!;
      expect(box.x, id).toBeGreaterThanOrEqual(0);
      expect(box.x + box.width, id).toBeLessThanOrEqual(width);
      expect(box.y + box.height, id).toBeLessThanOrEqual(height);
    }
    const overlaps = await page.locator('.ticket-side').evaluateAll((sides) =>
      sides.flatMap((side) => {
        const parts = [...side.children].map((part) => ({ text: part.textContent, box: part.getBoundingClientRect(), lost: part.scrollWidth - part.clientWidth })).filter(({ box }) => box.width > 0);
        return parts.flatMap((one, index) => [
          ...(one.lost > 0 ? [`${one.text} is cut off`] : []),
          ...parts.slice(index + 1)
            .filter(({ box }) => one.box.left < box.right - 1 && box.left < one.box.right - 1 && one.box.top < box.bottom - 1 && box.top < one.box.bottom - 1)
            .map(({ text }) => `${one.text} lies over ${text}`),
        ]);
      }),
    );
    expect(overlaps).toEqual([]);
    const clipped = await page.locator('form.ticket').evaluate((form) => form.scrollWidth - form.clientWidth);
    expect(clipped, 'nothing in the ticket is cut off').toBeLessThanOrEqual(0);
  });
}

test('a toast stays while it is pointed at, and goes by Escape', async ({ page, workstation }) => {
  await page.clock.install();
  await workstation.order('buy', '1', 'V');
  const toast = workstation.toast('success');
  await expect(toast).toHaveRole('status');
  await toast.hover();
  await page.clock.fastForward(20_000);
  await page.clock.fastForward(5_000);
  await expect(toast).toBeVisible();
  await toast.getByRole('button', { name: 'Dismiss' }).focus();
  await page.keyboard.press('Escape');
  await expect(toast).toHaveCount(0);
});

test('nothing stands over the chart while there is nothing to note', async ({ page, workstation: _ }) => {
  await expect(page.getByTestId('main-chart')).toHaveAttribute('data-loading', 'false');
  await expect(page.locator('.ticket-note:visible')).toHaveCount(0);
});
