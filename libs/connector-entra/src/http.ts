import { AsyncLocalStorage } from 'node:async_hooks';
import type { Context, Middleware } from '@microsoft/microsoft-graph-client';
import { Agent, request } from 'undici';
import { Withheld } from '@muster/connector';
import type { Budget, BudgetSignal, Cost, Lane } from '@muster/connector';
import { limitSignal } from './costs.ts';

/** One request of ours to Graph. */
export interface Call {
  lane: Lane;
  cost: Cost;
  signal: AbortSignal | undefined;
  write: boolean;
  /** Asked when the budget is granted: gives the body that may leave, or `withhold`. */
  beforeSend?: (() => Promise<unknown>) | undefined;
  /** What a good answer says about limits inside, as those of batches do. */
  signalWithin?: ((text: string) => BudgetSignal | undefined) | undefined;
  sentAt?: string;
  retryAfter?: number | undefined;
  /** What really went wrong: the SDK wraps errors of its middleware beyond recognition. */
  thrown?: unknown;
}

/** The call that runs in this asynchronous context. */
export const calls = new AsyncLocalStorage<Call>();

const PRIORITIES: Readonly<Record<Lane, string>> = { leaver: 'high', live: 'normal', batch: 'low' };

/** As much of a fetch response as the SDK looks at. */
const answerOf = (status: number, headers: ReadonlyMap<string, string>, text: string) => ({
  status,
  ok: status >= 200 && status < 300,
  headers: { get: (name: string): string | null => headers.get(name.toLowerCase()) ?? null },
  body: text,
  text: () => Promise.resolve(text),
  json: async () => (text === '' ? undefined : (JSON.parse(text) as unknown)),
});

const plainHeaders = (headers: Record<string, string | string[] | undefined>): Map<string, string> =>
  new Map(Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name.toLowerCase(), String(value)]])));

/**
 * The end of the SDK's middleware chain: waits for the budget, asks the fence, sends once over a kept connection with a time-out, tells the budget
 * what the headers say. Nothing is retried and no redirect is followed. The fetch of Node would cost several times the CPU.
 */
export class BudgetedHttp implements Middleware {
  readonly #budget: Budget;
  readonly #timeoutMs: number;
  readonly #agent: Agent;

  constructor(budget: Budget, timeoutMs: number) {
    this.#budget = budget;
    this.#timeoutMs = timeoutMs;
    this.#agent = new Agent({ connections: 64, keepAliveTimeout: 30_000, connect: { timeout: Math.min(timeoutMs, 10_000) } });
  }

  async execute(context: Context): Promise<void> {
    const call = calls.getStore();
    if (!call) throw new Error('a request left outside of a call');
    try {
      // The SDK reads no more of a response than is given here.
      context.response = (await this.#send(context, call)) as unknown as NonNullable<Context['response']>;
    } catch (error) {
      call.thrown = error;
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #send(context: Context, call: Call) {
    const permit = await this.#budget.acquire({ cost: call.cost, lane: call.lane, signal: call.signal });
    try {
      const body = call.beforeSend ? await call.beforeSend() : context.options?.body;
      if (body === 'withhold') throw new Withheld();
      call.sentAt = new Date().toISOString();
      const answer = await this.#request(context, call, body);
      const signal = (answer.ok && call.signalWithin?.(answer.body)) || limitSignal(answer.status, answer.headers.get, Date.now());
      call.retryAfter = signal.retryAfter;
      permit.settle(signal);
      return answer;
    } catch (error) {
      permit.settle();
      throw error;
    }
  }

  async #request(context: Context, call: Call, body: unknown) {
    const timeout = AbortSignal.timeout(this.#timeoutMs);
    const {
      statusCode,
      headers,
      body: stream,
    } = await request(String(context.request), {
      method: (context.options?.method ?? 'GET') as 'GET',
      headers: { ...(context.options?.headers as Record<string, string>), 'x-ms-throttle-priority': PRIORITIES[call.lane] },
      body: typeof body === 'string' ? body : null,
      dispatcher: this.#agent,
      signal: call.signal && !call.write ? AbortSignal.any([call.signal, timeout]) : timeout,
    });
    return answerOf(statusCode, plainHeaders(headers), await stream.text());
  }
}
