import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseBody, readBody } from './body.ts';
import { Router } from './router.ts';

export interface AdminRequest {
  params: Readonly<Record<string, string>>;
  query: URLSearchParams;
  body: unknown;
}

/** What a handler returns goes out as JSON with 200; `undefined` as 204. */
export type AdminHandler = (request: AdminRequest) => unknown;

/** Refuses an admin request with a status of its own. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** The sandbox's own control: plain HTTP on 127.0.0.1, on a port of its own. Vendors add their routes with `route`. */
export class AdminServer {
  #router = new Router<AdminHandler>();
  #server: Server;
  #port = 0;

  /** @param commit runs after each handler: what an answer reports is durable */
  constructor(readonly commit: () => void) {
    this.#server = createServer((incoming, outgoing) => {
      this.#receive(incoming, outgoing).catch((error: unknown) => answer(outgoing, 500, { error: String(error) }));
    });
  }

  route(method: string, pattern: string, handler: AdminHandler): this {
    this.#router.add(method, pattern, handler);
    return this;
  }

  async listen(port = 0): Promise<number> {
    this.#port = await new Promise<number>((resolve, reject) => {
      const listen = (wish: number): void => {
        this.#server.listen(wish, '127.0.0.1', () => resolve((this.#server.address() as AddressInfo).port));
      };
      this.#server.on('error', (error: NodeJS.ErrnoException) => {
        if (error.code === 'EADDRINUSE' && port !== 0) listen(0);
        else reject(error);
      });
      listen(port);
    });
    return this.#port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  async #receive(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const url = new URL(incoming.url ?? '/', 'http://127.0.0.1');
    const { body, malformed } = parseBody(await readBody(incoming), 'application/json');
    const match = this.#router.find(incoming.method ?? 'GET', url.pathname);
    if (malformed) return answer(outgoing, 400, { error: 'the body is not JSON' });
    if (match === undefined || match === 'method')
      return answer(outgoing, 404, { error: `no such admin route: ${incoming.method} ${url.pathname}` });
    try {
      const result = await match.handler({ params: match.params, query: url.searchParams, body });
      this.commit();
      answer(outgoing, result === undefined ? 204 : 200, result);
    } catch (error) {
      answer(outgoing, error instanceof Refused ? error.status : 500, { error: error instanceof Error ? error.message : String(error) });
    }
  }
}

function answer(outgoing: ServerResponse, status: number, body: unknown): void {
  outgoing.statusCode = status;
  if (body === undefined) {
    outgoing.end();
    return;
  }
  outgoing.setHeader('content-type', 'application/json');
  outgoing.end(JSON.stringify(body));
}

/** The body as an object; refused with 400 otherwise. */
export const record = (body: unknown): Record<string, unknown> => {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw new Refused(400, 'the body must be a JSON object');
  return body as Record<string, unknown>;
};
