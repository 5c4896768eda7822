import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const STREAM = '/api/stream/prices';
const EVENTS = '/api/events';

/** Stands between the browser and a server, and does to the price stream what networks do. */
export class Proxy {
  /** Streams that were asked for, those refused included. */
  streamsAsked = 0;
  /** Streams of the account's events that are open. */
  eventsOpen = 0;
  private refusal: number | undefined;
  private isStalled = false;
  private script: (() => string) | undefined;
  private readonly open = new Set<ServerResponse>();

  private constructor(
    private readonly server: Server,
    private readonly target: URL,
  ) {}

  static async start(target: string): Promise<Proxy> {
    const server = createServer();
    const proxy = new Proxy(server, new URL(target));
    server.on('request', (incoming, outgoing) => proxy.forward(incoming, outgoing));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  get streamsOpen(): number {
    return this.open.size;
  }

  /** Streams are answered with this status from now on; with none, as the server does. */
  refuseStreams(status?: number): void {
    this.refusal = status;
  }

  /** Open streams break off, without a word. */
  cut(): void {
    for (const response of this.open) response.destroy();
  }

  /** Open streams stay open, and say nothing more. */
  stall(isStalled: boolean): void {
    this.isStalled = isStalled;
  }

  /** Streams bring what `frame` writes, every half second, instead of what the server says. */
  replaceStreams(frame: () => string): void {
    this.script = frame;
  }

  /** Writes into the open streams, as the server might. */
  say(text: string): void {
    for (const response of this.open) response.write(text);
  }

  async stop(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }

  private forward(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const isStream = incoming.url?.split('?')[0] === STREAM;
    if (isStream) this.streamsAsked += 1;
    if (isStream && this.refusal) {
      outgoing.writeHead(this.refusal).end();
      return;
    }
    if (isStream && this.script) {
      this.play(this.script, outgoing);
      return;
    }
    const { hostname, port } = this.target;
    // The server only accepts its own host, and writes from its own origin.
    const headers = { ...incoming.headers, host: this.target.host };
    if (headers.origin) headers.origin = this.target.origin;
    const onward = request({ hostname, port, path: incoming.url, method: incoming.method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode!, answer.headers);
      if (incoming.url?.startsWith(EVENTS)) {
        this.eventsOpen += 1;
        outgoing.on('close', () => (this.eventsOpen -= 1));
      }
      if (!isStream) {
        answer.pipe(outgoing);
        return;
      }
      this.open.add(outgoing);
      answer.on('data', (chunk) => this.isStalled || outgoing.write(chunk));
      answer.on('end', () => outgoing.end());
    });
    onward.on('error', () => outgoing.destroy());
    outgoing.on('close', () => {
      this.open.delete(outgoing);
      onward.destroy();
    });
    incoming.pipe(onward);
  }

  private play(frame: () => string, outgoing: ServerResponse): void {
    outgoing.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
    this.open.add(outgoing);
    const write = () => outgoing.write(`data: ${frame()}\n\n`);
    write();
    const timer = setInterval(write, 500);
    outgoing.on('close', () => {
      this.open.delete(outgoing);
      clearInterval(timer);
    });
  }
}
