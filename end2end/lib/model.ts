import { createServer, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

/** A reply of the form that FinAlly asks a language model for. */
export type Reply = {
  message: string;
  trades?: { ticker: string; side: 'buy' | 'sell'; quantity: number }[];
  watchlist_changes?: { ticker: string; action: 'add' | 'remove' }[];
};

/** An OpenAI-compatible server whose model says what a test tells it to, when the test tells it to. */
export class ScriptedModel {
  /** What it answers from now on; nothing: it thinks until `answer` is called. */
  reply: Reply | undefined;
  /** Answered instead of a reply. */
  failure: number | undefined;
  asked = 0;
  private waiting: ServerResponse[] = [];

  private constructor(private readonly server: Server) {}

  static async start(): Promise<ScriptedModel> {
    const server = createServer();
    const model = new ScriptedModel(server);
    server.on('request', (request, response) => {
      request.resume().on('end', () => {
        model.asked += 1;
        if (model.failure) response.writeHead(model.failure).end('{}');
        else if (model.reply) write(response, model.reply);
        else model.waiting.push(response);
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return model;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/v1`;
  }

  /** Ends the thinking. */
  answer(reply: Reply): void {
    this.waiting.splice(0).forEach((response) => write(response, reply));
  }

  /** Ends the thinking with this very text. */
  say(content: string): void {
    this.waiting.splice(0).forEach((response) => writeText(response, content));
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}

function write(response: ServerResponse, reply: Reply): void {
  writeText(response, JSON.stringify({ trades: [], watchlist_changes: [], ...reply }));
}

function writeText(response: ServerResponse, content: string): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ model: 'scripted', choices: [{ message: { role: 'assistant', content } }] }));
}
