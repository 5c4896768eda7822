import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

/** The program under test: the release bundle, unless FINALLY_PROGRAM names another. */
export const PROGRAM = process.env.FINALLY_PROGRAM ?? path.resolve(import.meta.dirname, '../../dist/finally');

/** Environment variables. */
export type Settings = Record<string, string>;

/** One server process over a folder, and a database, of its own. */
export class FinallyServer {
  private constructor(
    private readonly child: ChildProcess,
    private readonly folder: string,
    private readonly settings: Settings,
    readonly url: string,
  ) {}

  /** With these variables besides, or instead of, the usual ones. */
  static async start(settings: Settings = {}): Promise<FinallyServer> {
    return FinallyServer.startIn(await mkdtemp(path.join(tmpdir(), 'finally-')), '0', settings);
  }

  private static async startIn(folder: string, port: string, settings: Settings): Promise<FinallyServer> {
    const child = spawn(PROGRAM, [], {
      cwd: folder,
      env: {
        ...process.env,
        PORT: port,
        DATABASE_URL: 'sqlite://db/finally.db',
        SIM_SEED: process.env.TEST_SEED ?? '42',
        LLM_MOCK: 'true',
        RATE_LIMIT: '0',
        SSE_MAX_PER_CLIENT: '0',
        RUST_LOG: 'warn',
        ...settings,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const url = await readyAddress(child);
    return new FinallyServer(child, folder, settings, url);
  }

  /** The same database and address, after `pauseMs` without a server; with these variables besides. */
  async restart(pauseMs: number, settings: Settings = {}): Promise<FinallyServer> {
    await this.end('SIGTERM');
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    return FinallyServer.startIn(this.folder, new URL(this.url).port, { ...this.settings, ...settings });
  }

  /** The process is killed at once (`kill -9`), and another one started over the same database and address; with these variables besides. */
  async crash(settings: Settings = {}): Promise<FinallyServer> {
    await this.kill();
    return FinallyServer.startIn(this.folder, new URL(this.url).port, { ...this.settings, ...settings });
  }

  /** Ends the process without warning; `crash` starts it anew. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  async stop(): Promise<void> {
    await this.end('SIGTERM');
    await rm(this.folder, { recursive: true, force: true });
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.kill(signal);
    await ended;
  }
}

/** Waits for the line that tells the address, and fails when the process ends before it. */
export async function readyAddress(child: ChildProcess): Promise<string> {
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the server ended with code ${code} before it was ready`);
  });
  const told = (async () => {
    for await (const line of createInterface({ input: child.stdout! })) {
      const address = line.match(/http:\/\/\S+/);
      if (address) return address[0];
    }
    return ended;
  })();
  const url = await Promise.race([told, ended]);
  ended.catch(() => {});
  const health = await fetch(`${url}/api/health`);
  if (!health.ok) throw new Error(`the server is not healthy: ${await health.text()}`);
  return url;
}
