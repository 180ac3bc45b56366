import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Received {
  method: string;
  url: URL;
  headers: IncomingMessage['headers'];
  body: unknown;
}

/** Whoever is told by a played vendor, for specs. It answers checks as both vendors want it and everything else with `status`. */
export class SpecReceiver {
  readonly received: Received[] = [];
  status = 200;
  slowMs = 0;
  /** false: checks are answered wrongly. */
  willing = true;

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {
    server.on('request', (request: IncomingMessage, response: ServerResponse) => void this.#answer(request, response));
  }

  static async open(): Promise<SpecReceiver> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new SpecReceiver(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}/told`);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** What was delivered, once there are so many of them. */
  async deliveries(least: number, withinMs = 5_000): Promise<Received[]> {
    const end = performance.now() + withinMs;
    for (;;) {
      const found = this.received.filter(({ method, url }) => method === 'POST' && !url.searchParams.has('validationToken'));
      if (found.length >= least) return found;
      if (performance.now() > end) throw new Error(`${found.length} instead of ${least} deliveries within ${withinMs} ms`);
      await sleep(10);
    }
  }

  forget(): void {
    this.received.length = 0;
    this.status = 200;
    this.slowMs = 0;
    this.willing = true;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', headers } = request;
    const url = new URL(request.url ?? '/', this.url);
    const raw = await text(request);
    this.received.push({ method, url, headers, body: raw === '' ? undefined : (JSON.parse(raw) as unknown) });
    if (this.slowMs > 0) await sleep(this.slowMs);
    const challenge = headers['x-okta-verification-challenge'];
    const token = url.searchParams.get('validationToken');
    if (token !== null) response.writeHead(200, { 'content-type': 'text/plain' }).end(this.willing ? token : 'no');
    else if (typeof challenge === 'string') response.writeHead(200).end(JSON.stringify({ verification: this.willing ? challenge : 'no' }));
    else response.writeHead(this.status).end();
  }
}
