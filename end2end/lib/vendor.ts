import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Settings } from './server';

/** What a snapshot is answered with. */
type Answer = 'OK' | 'DELAYED' | number;

/** A vendor of market data whose one price, and whose failures, are a test's. */
export class ScriptedVendor {
  /** `OK` and `DELAYED` as the vendor says it, or a status that is a failure. */
  answer: Answer = 'OK';
  price = 100;
  /** Tickers that no snapshot tells of. */
  readonly vanished = new Set<string>();

  private constructor(private readonly server: Server) {}

  static async start(): Promise<ScriptedVendor> {
    const server = createServer();
    const vendor = new ScriptedVendor(server);
    server.on('request', (request, response) => {
      const url = new URL(request.url!, 'http://vendor');
      const { answer } = vendor;
      if (typeof answer === 'number') return response.writeHead(answer).end('{}');
      if (!url.pathname.startsWith('/v2/snapshot/')) return response.end(JSON.stringify({ status: answer, resultsCount: 0 }));
      const known = url.searchParams.get('tickers')!.split(',').filter((ticker) => !vendor.vanished.has(ticker));
      const tickers = known.map((ticker) => vendor.entry(ticker));
      return response.end(JSON.stringify({ status: answer, tickers }));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return vendor;
  }

  /** What a server is started with to ask this vendor. */
  get settings(): Settings {
    const url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
    return { MASSIVE_API_KEY: 'key', MASSIVE_BASE_URL: url, MASSIVE_POLL_SECONDS: '0.2' };
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private entry(ticker: string): object {
    const lastTrade = { p: this.price, t: Date.now() * 1_000_000 };
    return { ticker, lastTrade, day: { o: 98, h: 200, l: 50, c: this.price, v: 1000 }, prevDay: { c: 80 } };
  }
}
