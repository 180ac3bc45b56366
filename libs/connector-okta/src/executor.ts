import { AsyncLocalStorage } from 'node:async_hooks';
import { Agent } from 'node:https';
import { Agent as PlainAgent } from 'node:http';
import okta from '@okta/okta-sdk-nodejs';
import { Fault, Withheld } from '@muster/connector';
import type { Budget, Lane } from '@muster/connector';
import { bucketOf, limitSignal } from './buckets.ts';

/** One call of ours, which the SDK may turn into several requests. */
export interface Call {
  lane: Lane;
  signal: AbortSignal | undefined;
  write: boolean;
  /** Asked when the budget is granted; false keeps the request from leaving. */
  mayBeSent?: (() => Promise<boolean>) | undefined;
  /** When the last request of this call left. */
  sentAt?: string;
  /** Milliseconds that the last answer asked to wait. */
  retryAfter?: number | undefined;
}

/** What the SDK hands over, and what of node-fetch's answer is used here: the SDK ships no types for them. */
interface FetchRequest {
  url?: string;
  method?: string;
  headers?: Record<string, string>;
  body?: unknown;
  agent?: unknown;
  signal?: AbortSignal;
}

interface FetchAnswer {
  ok: boolean;
  status: number;
  headers: { get(name: string): string | null };
  clone(): FetchAnswer;
  text(): Promise<string>;
}

const TOKEN_PATH = '/oauth2/v1/token';

/** The call that runs in this asynchronous context; the SDK hands nothing through to its executor. */
export const calls = new AsyncLocalStorage<Call>();

/**
 * Carries the SDK's requests: waits for the budget, asks the fence, sends once with a time-out, tells the budget what the headers say. It never
 * retries. Answers of the token endpoint are checked here, as the SDK takes an error for a token.
 */
export class BudgetedExecutor extends okta.RequestExecutor {
  readonly #budget: Budget;
  readonly #options: { timeoutMs: number; timeFactor: number };
  readonly #agent: Agent | PlainAgent;

  constructor(budget: Budget, options: { timeoutMs: number; timeFactor: number; plain: boolean }) {
    super();
    this.#budget = budget;
    this.#options = options;
    this.#agent = options.plain ? new PlainAgent({ keepAlive: true, maxSockets: 100 }) : new Agent({ keepAlive: true, maxSockets: 100 });
  }

  override async fetch(request: FetchRequest): Promise<FetchAnswer> {
    const url = new URL(String(request.url));
    if (url.pathname === TOKEN_PATH) return this.#fetchToken(request);
    const call = calls.getStore();
    if (!call) throw new Error('a request left outside of a call');
    const bucket = bucketOf((request.method ?? 'GET').toUpperCase(), url.pathname);
    const permit = await this.#budget.acquire({ cost: { [bucket]: 1 }, lane: call.lane, signal: call.signal });
    try {
      if (call.mayBeSent && !(await call.mayBeSent())) throw new Withheld();
      call.sentAt = new Date().toISOString();
      const answer = await this.#send(request, call.write ? undefined : call.signal);
      const signal = limitSignal(answer.status, answer.headers, { now: Date.now(), timeFactor: this.#options.timeFactor });
      call.retryAfter = signal.retryAfter;
      permit.settle(signal);
      return answer;
    } catch (error) {
      permit.settle();
      throw error;
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  async #send(request: FetchRequest, signal: AbortSignal | undefined): Promise<FetchAnswer> {
    const timeout = AbortSignal.timeout(this.#options.timeoutMs);
    const either = signal ? AbortSignal.any([signal, timeout]) : timeout;
    const sent: FetchRequest = { ...plainRequest(request), agent: request.agent ?? this.#agent, signal: either };
    return super.fetch(sent);
  }

  async #fetchToken(request: FetchRequest): Promise<FetchAnswer> {
    const answer = await this.#send(request, undefined);
    if (answer.ok) return answer;
    const body = await answer.clone().text();
    const error = errorIn(body);
    if (answer.status === 400 && error === 'use_dpop_nonce') return answer;
    const retryAfter = limitSignal(answer.status, answer.headers, { now: Date.now(), timeFactor: this.#options.timeFactor }).retryAfter;
    throw tokenFault(answer.status, error, retryAfter);
  }
}

/** The SDK passes a request of its own class, whose fields do not survive a spread of the prototype's; only what fetch knows is taken over. */
const plainRequest = (request: FetchRequest): FetchRequest => ({
  url: String(request.url),
  method: request.method ?? 'GET',
  headers: request.headers ?? {},
  ...(request.body === undefined ? {} : { body: request.body }),
});

const errorIn = (body: string): string => {
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed !== 'object' || parsed === null) return '';
    if ('error' in parsed && typeof parsed.error === 'string') return parsed.error;
    return 'errorCode' in parsed && typeof parsed.errorCode === 'string' ? parsed.errorCode : '';
  } catch {
    return '';
  }
};

/** What a failed token request means: wrong credentials need a person, everything else passes. */
export const tokenFault = (status: number, error: string, retryAfter?: number): Fault => {
  if (status === 429) {
    return new Fault({
      code: 'target.throttled',
      kind: 'throttled',
      message: 'The token endpoint asks to slow down',
      remedy: 'Nothing to do: it is tried again.',
      vendorCode: error,
      ...(retryAfter === undefined ? {} : { retryAfter }),
    });
  }
  if (status >= 500 || status === 408) {
    return new Fault({
      code: 'target.unavailable',
      kind: 'transient',
      message: `The token endpoint failed with HTTP ${status}`,
      remedy: 'Nothing to do: it is tried again.',
      vendorCode: error,
    });
  }
  return new Fault({
    code: 'connection.unauthorised',
    kind: 'unauthorised',
    message: `The token endpoint refused the client (${error === '' ? `HTTP ${status}` : error})`,
    remedy: 'Check client id, private key and granted scopes of the service app.',
    vendorCode: error,
  });
};
