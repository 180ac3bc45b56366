import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Certificates } from './ca.ts';
import type { VirtualClock } from './clock.ts';
import type { FaultRule, Faults } from './faults.ts';
import type { Journal } from './journal.ts';
import { parseBody, readBody, TooLarge } from './body.ts';
import { Router, type Match } from './router.ts';
import type { StateFile } from './state.ts';
import type { Handler, Manners, VendorReply, VendorRequest } from './vendor-request.ts';
import { flat, lowerCased, send } from './wire.ts';

export type { Handler, Manners, VendorReply, VendorRequest } from './vendor-request.ts';

export interface ServerParts {
  certificates: Certificates;
  clock: VirtualClock;
  faults: Faults;
  journal: Journal;
  state: StateFile;
}

const GENERAL_FAULTS = new Set(['status', 'throttle', 'lost-before', 'lost-after', 'hang', 'delay']);
const isGeneral = (kind: string): boolean => GENERAL_FAULTS.has(kind);

const LOSSES = new Map<string, 'before' | 'after' | 'hang'>([
  ['lost-before', 'before'],
  ['lost-after', 'after'],
  ['hang', 'hang'],
]);

const hasEffect = (rule: FaultRule): boolean => rule.kind === 'delay' || rule.kind === 'lost-after' || rule.afterEffect === true;

interface Exchange {
  request: VendorRequest;
  reply: VendorReply | undefined;
  faults: string[];
  lost?: 'before' | 'after' | 'hang';
}

/** One HTTPS server that plays a vendor: routes, faults, journal. State is committed before an answer leaves. */
export class VendorServer {
  #router = new Router<Handler>();
  #server: Server;
  #next = 1;
  #port = 0;
  /** Requests being worked on. */
  inFlight = 0;

  constructor(
    readonly name: string,
    readonly parts: ServerParts,
    readonly manners: Manners,
  ) {
    this.#server = createServer(
      { cert: parts.certificates.cert, key: parts.certificates.key, keepAliveTimeout: 65_000 },
      (incoming, outgoing) => {
        this.#receive(incoming, outgoing).catch((error: unknown) => {
          console.error(`sandbox ${name}:`, error);
          outgoing.destroy();
        });
      },
    );
  }

  route(method: string, pattern: string, handler: Handler): this {
    this.#router.add(method, pattern, handler);
    return this;
  }

  /** Listens on localhost; takes a free port if the wished one is taken. */
  async listen(port = 0): Promise<number> {
    const wished = await this.#listen(port).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' && port !== 0) return this.#listen(0);
      throw error;
    });
    this.#port = wished;
    return wished;
  }

  get url(): string {
    return `https://localhost:${this.#port}`;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  /** Answers a request as if it had come over the wire, without faults, journal or `before`: the inside of a `$batch`. */
  async dispatch(
    outer: VendorRequest,
    inner: { method: string; url: string; headers?: Record<string, string>; body?: unknown },
  ): Promise<VendorReply> {
    const url = new URL(inner.url, outer.origin);
    const headers = { ...outer.headers, ...lowerCased(inner.headers ?? {}) };
    const rawBody = inner.body === undefined ? '' : JSON.stringify(inner.body);
    const parsed = { body: inner.body, malformed: false, rawBody };
    const { request, handler } = this.#request({ method: inner.method.toUpperCase(), url, headers, id: outer.id }, parsed);
    if (outer.actor !== undefined) request.actor = outer.actor;
    const reply = await this.#handle(request, handler);
    outer.effects.push(...request.effects);
    return reply;
  }

  #listen(port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, '127.0.0.1', () => {
        this.#server.off('error', reject);
        resolve((this.#server.address() as AddressInfo).port);
      });
    });
  }

  async #receive(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const startedAt = performance.now();
    const head = {
      method: incoming.method ?? 'GET',
      url: new URL(incoming.url ?? '/', `https://${incoming.headers.host ?? `localhost:${this.#port}`}`),
      headers: flat(incoming.headers),
      id: `req${(this.#next++).toString(36).padStart(8, '0')}${Math.random().toString(36).slice(2, 8)}`,
    };
    this.inFlight++;
    try {
      const exchange = await this.#exchange(incoming, head);
      this.parts.state.commit();
      this.#record(exchange, head.url, performance.now() - startedAt);
      if (exchange.lost !== 'hang') send(exchange.lost ? undefined : exchange.reply, outgoing);
    } finally {
      this.inFlight--;
    }
  }

  async #exchange(incoming: IncomingMessage, head: Head): Promise<Exchange> {
    const raw = await readBody(incoming).catch((error: unknown) => {
      if (error instanceof TooLarge) return undefined;
      throw error;
    });
    if (raw === undefined) {
      const { request } = this.#request(head, { body: undefined, malformed: true, rawBody: '' });
      return { request, reply: { status: 413 }, faults: [] };
    }
    const { request, handler } = this.#request(head, { ...parseBody(raw, head.headers['content-type'] ?? ''), rawBody: raw });
    const exchange: Exchange = { request, reply: undefined, faults: [] };
    await this.#play(exchange, handler);
    return exchange;
  }

  async #play(exchange: Exchange, handler: Handler): Promise<void> {
    const { request } = exchange;
    const rule = this.parts.faults.empty ? undefined : this.parts.faults.fire(this.#query(request), isGeneral);
    if (!rule) {
      exchange.reply = await this.#answer(request, handler);
      return;
    }
    exchange.faults.push(rule.id);
    if (rule.kind === 'delay') await this.parts.clock.sleep(rule.delayMs ?? 1000);
    if (hasEffect(rule)) exchange.reply = await this.#answer(request, handler);
    this.#distort(exchange, rule);
  }

  #distort(exchange: Exchange, rule: FaultRule): void {
    const { request } = exchange;
    const lost = LOSSES.get(rule.kind);
    if (lost) exchange.lost = lost;
    else if (rule.kind === 'throttle') exchange.reply = this.#finish(request, this.manners.throttled?.(request, rule) ?? { status: 429 });
    else if (rule.kind === 'status') {
      exchange.reply = this.#finish(request, { status: rule.status ?? 500, headers: rule.headers ?? {}, body: rule.body });
    }
  }

  async #answer(request: VendorRequest, handler: Handler): Promise<VendorReply> {
    try {
      const early = await this.manners.before?.(request);
      if (early) return this.#finish(request, early);
    } catch (error) {
      return this.#finish(request, this.#failed(error, request));
    }
    return this.#handle(request, handler);
  }

  async #handle(request: VendorRequest, handler: Handler): Promise<VendorReply> {
    let reply: VendorReply;
    try {
      reply = await handler(request);
    } catch (error) {
      reply = this.#failed(error, request);
    }
    return this.#finish(request, reply);
  }

  #failed(error: unknown, request: VendorRequest): VendorReply {
    const reply = this.manners.onError?.(error, request);
    if (reply) return reply;
    console.error(`sandbox ${this.name}: ${request.method} ${request.path}:`, error);
    return { status: 500, body: { error: 'the sandbox has a bug', message: String(error) } };
  }

  #finish(request: VendorRequest, reply: VendorReply): VendorReply {
    return this.manners.decorate?.(request, reply) ?? reply;
  }

  #request(head: Head, parsed: { body: unknown; malformed: boolean; rawBody: string }): { request: VendorRequest; handler: Handler } {
    const path = head.url.pathname;
    const { handler, pattern, params } = this.#match(head.method, path);
    const request: VendorRequest = {
      id: head.id,
      method: head.method,
      path,
      pattern,
      params,
      query: head.url.searchParams,
      headers: head.headers,
      ...parsed,
      origin: head.url.origin,
      receivedAt: this.parts.clock.now(),
      effects: [],
      created: (keyName, key) => {
        if (typeof key === 'string' && key !== '') this.parts.journal.count(`${this.name}.create.${keyName}.${key}`);
      },
      fault: (kind) => (this.parts.faults.empty ? undefined : this.parts.faults.fire(this.#query(request), (one) => one === kind)),
    };
    const actor = this.manners.identify?.(head.headers);
    if (actor !== undefined) request.actor = actor;
    return { request, handler };
  }

  #match(method: string, path: string): Match<Handler> {
    const match = this.#router.find(method, path);
    if (match !== undefined && match !== 'method') return match;
    const fallback = match === 'method' ? this.manners.methodNotAllowed : undefined;
    return { handler: fallback ?? this.manners.notFound, pattern: '', params: {} };
  }

  #query(request: VendorRequest): { server: string; method: string; path: string; actor: string | undefined } {
    return { server: this.name, method: request.method, path: request.path, actor: request.actor };
  }

  #record({ request, reply, faults, lost }: Exchange, url: URL, ms: number): void {
    const status = lost ? 0 : (reply?.status ?? 0);
    this.parts.journal.tally(`${this.name}.status.${lost ? `lost-${lost}` : status}`);
    this.parts.journal.add({
      at: this.parts.clock.iso(request.receivedAt),
      server: this.name,
      method: request.method,
      path: url.pathname + url.search,
      status,
      ...(request.actor === undefined ? {} : { actor: request.actor }),
      effects: request.effects,
      ...(lost ? { lost } : {}),
      faults,
      ms: Math.round(ms * 10) / 10,
    });
  }
}

interface Head {
  method: string;
  url: URL;
  headers: Record<string, string | undefined>;
  id: string;
}
