import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Browser, CDPSession, Page } from '@playwright/test';
import { test } from '../lib/test';
import { widen } from '../lib/market';
import { row } from './row';

/** How long each page is watched, in all. */
const SECONDS = Number(process.env.FINALLY_MEASURE_SECONDS ?? 60);
/** The pages are watched in turns, so that whatever else the machine does falls on each of them. */
const TURNS = 4;

/** What keeps a click waiting so that it is felt. */
const LONG_MS = 50;

const VANILLA = path.resolve(import.meta.dirname, '../../benches/vanilla');

// Measurements do not fail on Chromium's messages.
test.use({ allowedConsole: /./ });

/** A page that is measured: its name, and how it is opened. */
type Subject = { name: string; open: (page: Page, url: string) => Promise<void> };

async function opened(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await page.locator('body[data-hydrated]').waitFor();
}

const subjects: Subject[] = [
  { name: 'the page', open: opened },
  {
    name: 'its rows alone',
    open: async (page, url) => {
      await page.addInitScript(() => localStorage.setItem('layout', 'copilot=closed heatmap=closed equity=closed'));
      await opened(page, url);
      // A hidden chart draws nothing.
      await page.evaluate(() => document.querySelector<HTMLElement>('[data-slot="chart"]')!.style.setProperty('display', 'none'));
    },
  },
  {
    name: 'vanilla rows',
    open: async (page, url) => {
      const home = await (await page.request.get(url)).text();
      const stylesheet = home.match(/\/pkg\/finally\.[^"]+\.css/)![0];
      const index = (await readFile(path.join(VANILLA, 'index.html'), 'utf8')).replace('STYLESHEET', stylesheet);
      await page.route('**/vanilla/', (route) => route.fulfill({ contentType: 'text/html', body: index }));
      await page.route('**/vanilla/page.js', (route) => route.fulfill({ path: path.join(VANILLA, 'page.js') }));
      await opened(page, `${url}/vanilla/`);
    },
  },
];

const KINDS = ['tasks', 'script', 'style', 'layout'] as const;

/** What a page's main thread has worked, in milliseconds and by kind. */
type Work = Record<(typeof KINDS)[number], number>;

async function work(session: CDPSession): Promise<Work> {
  const { metrics } = await session.send('Performance.getMetrics');
  const ms = (name: string) => metrics.find((metric) => metric.name === name)!.value * 1_000;
  return { tasks: ms('TaskDuration'), script: ms('ScriptDuration'), style: ms('RecalcStyleDuration'), layout: ms('LayoutDuration') };
}

/** A task of a page's main thread, in milliseconds: what it took by the clock, and what the thread worked in it. The rest
 * of the time the machine was busy elsewhere. */
type Task = { took: number; worked: number };

/** The tasks of a trace's pages. */
function tasksOf(trace: Buffer): Task[] {
  const events: TraceEvent[] = JSON.parse(trace.toString()).traceEvents;
  const threads = events.filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain');
  const isMain = ({ pid, tid }: TraceEvent) => threads.some((thread) => thread.pid === pid && thread.tid === tid);
  const tasks = events.filter((event) => event.name.endsWith('RunTask') && event.tdur !== undefined && isMain(event));
  return tasks.map(({ dur, tdur }) => ({ took: dur! / 1_000, worked: tdur! / 1_000 }));
}

type TraceEvent = { name: string; pid: number; tid: number; dur?: number; tdur?: number; args: { name?: string } };

/** What was seen of a subject, over all of its turns. */
class Watch {
  readonly tasks: Task[] = [];
  readonly spent: Work = { tasks: 0, script: 0, style: 0, layout: 0 };

  constructor(private readonly subject: Subject) {}

  get name(): string {
    return this.subject.name;
  }

  /** Opens the page alone in the browser, lets it wake up, and watches it: what it does then is what it does all day. */
  async turn(browser: Browser, url: string): Promise<void> {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    const page = await context.newPage();
    await this.subject.open(page, url);
    await page.waitForTimeout(4_000);
    const session = await context.newCDPSession(page);
    // The thread's own time excludes other programs' use of the machine.
    await session.send('Performance.enable', { timeDomain: 'threadTicks' });
    // Only the begin and end of each task, which costs next to nothing.
    await browser.startTracing(page, { categories: ['toplevel'] });
    const before = await work(session);
    await page.waitForTimeout((SECONDS / TURNS) * 1_000);
    const after = await work(session);
    for (const kind of KINDS) this.spent[kind] += after[kind] - before[kind];
    this.tasks.push(...tasksOf(await browser.stopTracing()));
    await context.close();
  }

  /** How many tasks were long, the longest, and the most that the thread worked in one. */
  get longTasks(): string {
    const long = this.tasks.filter(({ took }) => took > LONG_MS);
    const longest = this.tasks.reduce((most, task) => (task.took > most.took ? task : most));
    const hardest = Math.max(...this.tasks.map(({ worked }) => worked));
    const ms = (time: number) => `${time.toFixed(0)} ms`;
    return `tasks over ${LONG_MS} ms in ${SECONDS} s: ${long.length}, the longest ${ms(longest.took)} (${ms(longest.worked)} of them work), `
      + `the most work in one ${ms(hardest)}`;
  }

  get aSecond(): string {
    const { tasks, script, style, layout } = this.spent;
    const ms = (spent: number) => (spent / SECONDS).toFixed(1);
    return `${ms(tasks)} ms a second (script ${ms(script)}, style ${ms(style)}, layout ${ms(layout)})`;
  }
}

for (const tickers of [10, 100, 1_000]) {
  test(`${tickers} tickers at 2 frames a second`, async ({ browser, server }) => {
    test.setTimeout(300_000 + 4 * SECONDS * 1_000);
    await widen(server.url, tickers);
    const watches = subjects.map((subject) => new Watch(subject));
    for (let turn = 0; turn < TURNS; turn += 1) {
      for (const watch of watches) await watch.turn(browser, server.url);
    }
    for (const { name, aSecond, longTasks } of watches) {
      row(`${tickers} tickers, ${name}: main thread`, `${aSecond}; ${longTasks}`);
    }
    const [, rows, vanilla] = watches;
    row(`${tickers} tickers: rows against vanilla (bar 1.5)`, `${(rows.spent.tasks / vanilla.spent.tasks).toFixed(2)} ×`);
  });
}
