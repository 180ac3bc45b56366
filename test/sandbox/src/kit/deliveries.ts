import { rootCertificates } from 'node:tls';
import { Agent, request } from 'undici';
import type { VirtualClock } from './clock.ts';
import { hash, seeded } from './random.ts';

/** How what a vendor sends to its subscribers goes wrong. */
export interface DeliveryFaults {
  /** Share of events or notifications that are never sent. */
  lost?: number;
  /** Each one goes out so often. */
  repeat?: { min: number; max: number };
  /** Each copy waits so long (scaled), so that they arrive in another order. */
  delay?: { minMs: number; maxMs: number };
  /** What happens within so long (scaled) goes out in one request. */
  mergeMs?: number;
  /** Share of copies that carry a wrong secret or clientState. */
  wrongSecret?: number;
  /** Whoever checks the receiver is told that it failed. */
  verification?: 'fail';
  seed?: number;
}

/** One copy of something to send. */
export interface Copy {
  waitMs: number;
  forged: boolean;
}

export interface Posting {
  url: string;
  method?: 'GET' | 'POST';
  headers: Record<string, string>;
  body?: unknown;
  timeoutMs: number;
}

export interface Posted {
  /** 0: no answer in time. */
  status: number;
  text: string;
  ms: number;
}

const COPIES = 20;

/** Sends what vendors tell their subscribers, as faultily as it is told to. What waits to be sent is lost with the process. */
export class Deliveries {
  readonly #rules = new Map<string, { faults: DeliveryFaults; random: () => number }>();
  readonly #counts = new Map<string, number>();
  readonly #agent: Agent;

  constructor(
    readonly clock: VirtualClock,
    ca: string,
  ) {
    this.#agent = new Agent({ connect: { ca: [...rootCertificates, ca] } });
  }

  set(server: string, faults: DeliveryFaults): void {
    this.#rules.set(server, { faults, random: seeded(hash(`${server}/${faults.seed ?? 1}`)) });
  }

  clear(): void {
    this.#rules.clear();
  }

  faultsOf(server: string): DeliveryFaults {
    return this.#rules.get(server)?.faults ?? {};
  }

  /** The copies in which something goes out; none: it is lost. */
  copies(server: string): Copy[] {
    const { faults, random } = this.#rules.get(server) ?? { faults: {}, random: () => 1 };
    this.count(server, 'told');
    if (random() < (faults.lost ?? 0)) {
      this.count(server, 'lost');
      return [];
    }
    const { min, max } = faults.repeat ?? { min: 1, max: 1 };
    const many = Math.min(COPIES, min + Math.floor(Math.min(0.999, random()) * (max - min + 1)));
    const { minMs, maxMs } = faults.delay ?? { minMs: 0, maxMs: 0 };
    const copies = Array.from({ length: many }, () => ({
      waitMs: minMs + Math.min(1, random()) * (maxMs - minMs),
      forged: random() < (faults.wrongSecret ?? 0),
    }));
    if (many > 1) this.count(server, 'repeated', many - 1);
    const forged = copies.filter((copy) => copy.forged).length;
    if (forged > 0) this.count(server, 'forged', forged);
    return copies;
  }

  /** Sends one request and waits for the answer; a socket that breaks or takes too long is status 0. */
  async post(server: string, { url, method = 'POST', headers, body, timeoutMs }: Posting): Promise<Posted> {
    const startedAt = performance.now();
    const done = (status: number, text: string): Posted => {
      this.count(server, `answered ${status}`);
      return { status, text, ms: performance.now() - startedAt };
    };
    this.count(server, 'sent');
    try {
      const answer = await request(url, {
        method,
        headers,
        dispatcher: this.#agent,
        signal: AbortSignal.timeout(timeoutMs),
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      return done(answer.statusCode, await answer.body.text());
    } catch {
      return done(0, '');
    }
  }

  count(server: string, name: string, by = 1): void {
    const key = `${server} ${name}`;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + by);
  }

  /** What was told, lost, repeated, forged, sent and answered, by server. */
  report(server: string): Record<string, number> {
    const own = [...this.#counts].filter(([key]) => key.startsWith(`${server} `));
    return Object.fromEntries(own.map(([key, count]) => [key.slice(server.length + 1), count]));
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}
