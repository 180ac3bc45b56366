import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** Stands where the console stands: hands what a vendor sends on to the service, with the internal token. It can be shut, and it can be slow. */
export class VendorDoor {
  /** Where the service answers; without it the door is shut: 503. */
  behind: { url: string; token: string } | undefined;
  slowMs = 0;
  readonly seen: { method: string; path: string; status: number; ms: number }[] = [];

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      this.#hand(request, response).catch(() => response.destroy());
    });
  }

  static async open(): Promise<VendorDoor> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new VendorDoor(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  async #hand(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url = '/', headers } = request;
    const startedAt = performance.now();
    const body = await text(request);
    if (this.slowMs > 0) await new Promise((resolve) => setTimeout(resolve, this.slowMs));
    const answer = this.behind
      ? await fetch(`${this.behind.url}${url}`, {
          method,
          headers: { ...handedOn(headers), authorization: `Bearer ${this.behind.token}` },
          ...(method === 'GET' ? {} : { body: body === '' ? '{}' : body }),
          signal: AbortSignal.timeout(20_000),
        })
      : new Response('', { status: 503 });
    this.seen.push({ method, path: url, status: answer.status, ms: performance.now() - startedAt });
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'application/json' });
    response.end(await answer.text());
  }
}

const handedOn = (headers: IncomingMessage['headers']): Record<string, string> => {
  const named = ['x-okta-verification-challenge', 'x-muster-hook-secret'].flatMap((name) =>
    typeof headers[name] === 'string' ? [[name, headers[name]] as const] : [],
  );
  return { 'content-type': 'application/json', ...Object.fromEntries(named) };
};
