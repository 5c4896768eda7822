import { defineConfig } from '@playwright/test';
import config from '../playwright.config';
import { expect, test, Workstation } from '../lib/test';
import { FinallyServer } from '../lib/server';

const { launchOptions } = defineConfig(config).use!;

// A local host name on plain http: no secure context, and no locks.
test.use({ launchOptions: { ...launchOptions, args: [...launchOptions!.args!, '--host-resolver-rules=MAP nas.test 127.0.0.1'] } });

test('ten tabs on plain http beyond loopback all work, over two streams', async ({ context }) => {
  test.slow();
  const server = await FinallyServer.start({ ALLOWED_HOSTS: 'nas.test' });
  const url = `http://nas.test:${new URL(server.url).port}`;
  const tabs = [];
  for (let tab = 0; tab < 10; tab += 1) {
    const workstation = new Workstation(await context.newPage());
    await workstation.open(url);
    tabs.push(workstation);
  }
  expect(await tabs[0].page.evaluate(() => [isSecureContext, 'locks' in navigator])).toEqual([false, false]);
  for (const tab of tabs) await expect(tab.connection).toHaveAttribute('data-state', 'connected');
  const streams = async () => (await (await fetch(`${server.url}/metrics`)).text()).match(/finally_streams_open (\d+)/)![1];
  await expect.poll(streams).toBe('2');
  await tabs[9].order('buy', '3', 'V');
  await expect(tabs[9].toast('success')).toContainText('Bought 3 V');
  for (const tab of tabs) await expect(tab.position('V').getByTestId('position-quantity')).toHaveText('3');
  // The leading tab is closed.
  await tabs[0].page.close();
  await expect.poll(streams).toBe('2');
  const price = tabs[5].row('TSLA').getByTestId('watchlist-price');
  const before = await price.innerText();
  await expect(price).not.toHaveText(before);
  await server.stop();
});
