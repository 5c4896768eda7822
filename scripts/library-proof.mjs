// Proves the library on one report, and prints a table: library-proof.mjs PROGRAM REPORT QUESTION
//
// Prices stream and a trade is placed every 100 ms, first for ten seconds on an idle server, then while the report is taken in.
// When a third of its pages are read the server is killed without warning and started again. Then the question is asked, each
// quotation compared with its page, and each acknowledged trade looked for. Ends with 1 if anything is not as it has to be.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

const [program, report, question] = process.argv.slice(2);
const IDLE_MS = 10_000;
const TRADE_EVERY_MS = 100;
const READ_MS_MAX = 600_000;

const folder = mkdtempSync(path.join(tmpdir(), 'finally-proof-'));
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const faults = [];
const check = (holds, words) => void (holds || faults.push(words));

let server;
let url;
let port = '0';

async function start() {
  const env = { ...process.env, PORT: port, DATABASE_URL: 'sqlite://db/finally.db', LLM_MOCK: 'true', RATE_LIMIT: '0', RUST_LOG: 'error' };
  server = spawn(program, [], { cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: server.stdout })) {
    const address = line.match(/http:\/\/\S+/);
    if (!address) continue;
    url = address[0].replace(/\/$/, '');
    port = new URL(url).port;
    return;
  }
  throw new Error('the server did not start');
}

const read = async (route) => (await fetch(`${url}${route}`)).json();
const post = (route, body) =>
  fetch(`${url}${route}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

/** Events of the price stream, and the longest pause between two, over all connections. */
const stream = { events: 0, pause: 0 };
async function listen(until) {
  let last = performance.now();
  try {
    const answer = await fetch(`${url}/api/stream/prices?tickers=AAPL`, { signal: until });
    for await (const piece of answer.body) {
      const now = performance.now();
      stream.events += (Buffer.from(piece).toString().match(/^data:/gm) ?? []).length;
      stream.pause = Math.max(stream.pause, now - last);
      last = now;
    }
  } catch {
    // The server was killed, or the proof is over.
  }
}

/** Places trades until told to stop; the milliseconds of each acknowledged one. */
const acknowledged = new Set();
let number = 0;
async function trade(isOver) {
  const times = [];
  while (!isOver()) {
    const id = `proof-${(number += 1)}`;
    const begun = performance.now();
    try {
      const answer = await post('/api/portfolio/trade', { ticker: 'AAPL', side: 'buy', quantity: 0.001, client_order_id: id });
      await answer.arrayBuffer();
      if (answer.ok) {
        times.push(performance.now() - begun);
        acknowledged.add(id);
      }
    } catch {
      // The server is away.
    }
    await sleep(Math.max(0, TRADE_EVERY_MS - (performance.now() - begun)));
  }
  return times;
}

const at = (times, share) => [...times].sort((one, other) => one - other)[Math.max(0, Math.ceil(times.length * share) - 1)] ?? NaN;
const memory = () => Number(readFileSync(`/proc/${server.pid}/status`, 'utf8').match(/VmRSS:\s+(\d+)/)[1]) / 1024;
const rows = [];
const tell = (what, figure) => rows.push(`| ${what} | ${figure} |`);
const milliseconds = (times) => `${at(times, 0.5).toFixed(1)} ms, p99 ${at(times, 0.99).toFixed(1)} ms (${times.length} trades)`;

async function takeIn() {
  const form = new FormData();
  form.append('file', new Blob([readFileSync(report)]), path.basename(report));
  const taken = await fetch(`${url}/api/library/documents`, { method: 'POST', body: form });
  check(taken.status === 202, `the report was answered with ${taken.status}`);
  return (await taken.json()).document.id;
}

/** Waits for a state of the document. */
async function wait(id, holds) {
  const end = performance.now() + READ_MS_MAX;
  let most = 0;
  while (performance.now() < end) {
    const document = await read(`/api/library/documents/${id}`);
    most = Math.max(most, memory());
    if (document.task.state === 'failed') throw new Error(document.task.error_text);
    if (holds(document)) return { document, most };
    await sleep(50);
  }
  throw new Error('the report was not read in ten minutes');
}

async function answer(id) {
  const begun = performance.now();
  const asked = await (await post('/api/library/answers', { question, document: id })).json();
  let made = asked;
  while (!made.finished_at) {
    await sleep(20);
    made = await read(`/api/library/answers/${asked.id}`);
  }
  tell('the answer', `${((performance.now() - begun) / 1000).toFixed(2)} s`);
  for (const statement of made.statements) {
    const [citation] = statement.citations;
    const place = citation ? ` (page ${citation.page}: “${citation.quote.replace(/\s+/g, ' ').slice(0, 80)}”)` : '';
    console.log(`- ${statement.text.slice(0, 160)}${statement.calculation ? ` [${statement.calculation}]` : ''} ${statement.support}${place}`);
    for (const { document, page, start, end, quote } of statement.citations) {
      const { text } = await read(`/api/library/documents/${document}/pages/${page}`);
      check(Buffer.from(text).subarray(start, end).toString() === quote, `a quotation is not what stands on page ${page}`);
    }
  }
  const exact = made.statements.filter(({ support, calculation }) => support === 'cited' && !calculation);
  check(exact.length >= 2, 'two years are not quoted');
  check(made.statements.some(({ support, calculation }) => support === 'cited' && calculation), 'no difference was computed');
}

try {
  await start();
  await read('/api/health');
  let stopped = new AbortController();
  let listening = listen(stopped.signal);
  const idleEnd = performance.now() + IDLE_MS;
  const idle = await trade(() => performance.now() > idleEnd);
  tell('memory before', `${memory().toFixed(0)} MB`);

  let isRead = false;
  const trading = trade(() => isRead);
  const begun = performance.now();
  const id = await takeIn();
  await wait(id, ({ task, state }) => state !== 'reading' || (task.stage === 'extract' && task.total && task.done * 3 > task.total));
  server.kill('SIGKILL');
  await listening;
  const away = performance.now();
  await start();
  tell('away after kill -9', `${(performance.now() - away).toFixed(0)} ms`);
  stopped = new AbortController();
  listening = listen(stopped.signal);
  const searchable = await wait(id, ({ state }) => state === 'searchable' || state === 'done');
  tell('searchable after', `${((performance.now() - begun) / 1000).toFixed(1)} s`);
  const done = await wait(id, ({ state }) => state === 'done');
  tell('done after', `${((performance.now() - begun) / 1000).toFixed(1)} s, ${done.document.pages} pages, ${done.document.segments} passages`);
  tell('memory at most', `${Math.max(searchable.most, done.most).toFixed(0)} MB`);
  await answer(id);
  isRead = true;
  const busy = await trading;
  stopped.abort();
  await listening;
  tell('a trade, idle', milliseconds(idle));
  tell('a trade, while it was taken in', milliseconds(busy));
  tell('prices', `${stream.events} events, longest pause ${stream.pause.toFixed(0)} ms`);
  const kept = new Set();
  for (let before = ''; before !== null; ) {
    const page = await read(`/api/portfolio/trades?limit=500${before && `&before=${before}`}`);
    page.trades.forEach((trade) => kept.add(trade.client_order_id));
    before = page.next_before;
  }
  const lost = [...acknowledged].filter((id) => !kept.has(id));
  check(lost.length === 0, `${lost.length} acknowledged trades are lost`);
  tell('trades acknowledged, and kept', `${acknowledged.size}, ${acknowledged.size - lost.length}`);
} catch (error) {
  faults.push(error.message);
} finally {
  server?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}
console.log(`\n| ${path.basename(report)} | figure |\n|---|---|\n${rows.join('\n')}`);
for (const fault of faults) console.error(`error: ${fault}`);
process.exit(faults.length ? 1 : 0);
