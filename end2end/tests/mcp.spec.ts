import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { PROGRAM } from '../lib/server';
import { expect, test } from '../lib/test';

async function token(url: string, scopes: string[]): Promise<string> {
  const body = JSON.stringify({ name: 'the official client', scopes });
  const answer = await fetch(`${url}/api/tokens`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  return ((await answer.json()) as { token: string }).token;
}

/** What the official client makes of the server: its tools, a purchase, and what is held then. */
async function trade(transport: Transport) {
  const client = new Client({ name: 'finally-test', version: '1.0.0' });
  await client.connect(transport);
  const { tools } = await client.listTools();
  const bought = await client.callTool({ name: 'place_order', arguments: { ticker: 'NVDA', side: 'buy', type: 'market', quantity: 1 } });
  const { resources } = await client.listResources();
  const portfolio = await client.callTool({ name: 'get_portfolio', arguments: {} });
  const { prompts } = await client.listPrompts();
  await client.close();
  return { names: tools.map(({ name }) => name), bought, portfolio, resources: resources.length, prompts: prompts.length };
}

test('the official client trades over HTTP within its token, and no further', async ({ server, workstation }) => {
  const connect = async (scopes: string[]) => {
    const headers = { authorization: `Bearer ${await token(server.url, scopes)}` };
    return trade(new StreamableHTTPClientTransport(new URL(`${server.url}/mcp`), { requestInit: { headers } }));
  };
  const reader = await connect(['read']);
  expect(reader.names).toContain('place_order');
  expect(reader.bought).toMatchObject({ isError: true, content: [{ type: 'text', text: expect.stringContaining('"not_allowed"') }] });
  expect(reader.portfolio).toMatchObject({ isError: false, structuredContent: { positions: [] } });
  expect(reader.resources).toBeGreaterThan(3);
  expect(reader.prompts).toBeGreaterThan(3);

  const trader = await connect(['read', 'trade']);
  expect(trader.bought).toMatchObject({ isError: false, structuredContent: { status: 'filled', ticker: 'NVDA' } });
  // The open page follows.
  await expect(workstation.position('NVDA').getByTestId('position-quantity')).toHaveText('1');
});

test('the official client trades over standard input and output', async ({ server }) => {
  const env = { PORT: new URL(server.url).port, FINALLY_TOKEN: await token(server.url, ['read', 'trade']) };
  const { bought, portfolio } = await trade(new StdioClientTransport({ command: PROGRAM, args: ['--mcp'], env, cwd: '/tmp' }));
  expect(bought).toMatchObject({ isError: false, structuredContent: { status: 'filled' } });
  expect(portfolio).toMatchObject({ structuredContent: { positions: [{ ticker: 'NVDA' }] } });
});
