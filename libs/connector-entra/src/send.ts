import { mapFew, outcomeOf, Withheld } from '@muster/connector';
import type { BudgetSignal, Outcome, WriteOptions } from '@muster/connector';
import { costOf, retryAfterOf, sumOf } from './costs.ts';
import { answered, graphAnswer, unanswered } from './faults.ts';
import type { Attempt } from './faults.ts';
import type { Call } from './http.ts';
import { isWire } from './properties.ts';
import type { Wire } from './properties.ts';
import type { EntraSession, Request } from './session.ts';

/** One write for one item of a batch. */
export interface Sending {
  /** Which item of the caller's list this is. */
  index: number;
  request: Request & { method: Exclude<Request['method'], 'GET'> };
  what: string;
  values?: readonly unknown[];
}

/** Independent requests that one `$batch` takes. */
export const MOST_IN_A_BATCH = 20;
const BATCHES_AT_ONCE = 4;

const now = (): string => new Date().toISOString();

export const callFor = (options: WriteOptions, cost: Call['cost'], beforeSend?: Call['beforeSend']): Call => ({
  lane: options.lane ?? 'live',
  cost,
  signal: options.signal,
  write: true,
  beforeSend,
});

/** Asks the sender's fence; without one everything may leave. */
export const mayLeave = (options: WriteOptions, index: number): Promise<boolean> => options.mayBeSent?.(index) ?? Promise.resolve(true);

const bodyText = (body: unknown): string | undefined => (body === undefined ? undefined : JSON.stringify(body));

/** Sends one write by a request of its own. */
export const sendOne = async (
  session: EntraSession,
  { index, request, what, values }: Sending,
  options: WriteOptions,
): Promise<Outcome> => {
  const call = callFor(options, costOf(request.method, request.path), async () =>
    (await mayLeave(options, index)) ? bodyText(request.body) : 'withhold',
  );
  try {
    const answer = await session.write(request, { what, ...(values ? { values } : {}) }, call);
    return { result: 'done', ...(typeof answer['id'] === 'string' ? { id: answer['id'] } : {}), sentAt: call.sentAt ?? now(), at: now() };
  } catch (error) {
    return outcomeOf(error, call.sentAt);
  }
};

const describe = ({ request, index }: Sending): Wire => ({
  id: String(index),
  method: request.method,
  // Relative to the version root: Graph refuses a version here, which the SDK's own batch leaves in.
  url: request.path,
  ...(request.body === undefined ? {} : { body: request.body, headers: { 'Content-Type': 'application/json' } }),
});

const innerRetryAfter = (headers: unknown): number | undefined => {
  const entries = isWire(headers) ? Object.entries(headers) : [];
  const found = entries.find(([name]) => name.toLowerCase() === 'retry-after')?.[1];
  return retryAfterOf(typeof found === 'string' || typeof found === 'number' ? String(found) : undefined, Date.now());
};

const responsesOf = (answer: Wire): Wire[] => (Array.isArray(answer['responses']) ? answer['responses'] : []).filter(isWire);

/** A request inside that was throttled says how long to wait, though the batch around it was answered with 200. */
const throttledWithin = (text: string): BudgetSignal | undefined => {
  if (!text.includes('429')) return undefined;
  const answer: unknown = JSON.parse(text);
  const throttled = isWire(answer) ? responsesOf(answer).filter(({ status }) => Number(status) === 429) : [];
  if (throttled.length === 0) return undefined;
  const waits = throttled.flatMap(({ headers }) => innerRetryAfter(headers) ?? []);
  return { throttled: 'rate', ...(waits.length === 0 ? {} : { retryAfter: Math.max(...waits) }) };
};

interface Answered {
  connection: string;
  sentAt: string;
  permissionMissing: boolean;
}

const innerOutcome = (sending: Sending, answer: Wire | undefined, { connection, sentAt, permissionMissing }: Answered): Outcome => {
  const attempt: Attempt = { connection, what: sending.what, write: true, sent: true, permissionMissing, values: sending.values ?? [] };
  if (!answer)
    return { result: 'fault', fault: unanswered(new Error('the batch did not answer this request'), attempt), sentAt, at: now() };
  const status = Number(answer['status']);
  if (status >= 200 && status < 300) return { result: 'done', sentAt, at: now() };
  const error = isWire(answer['body']) ? answer['body']['error'] : undefined;
  attempt.retryAfter = innerRetryAfter(answer['headers']);
  return { result: 'fault', fault: answered(graphAnswer(status, error), attempt), sentAt, at: now() };
};

/** Sends up to twenty writes in one request. They are independent: each has its own answer, in any order. */
const sendBatch = async (session: EntraSession, sendings: readonly Sending[], options: WriteOptions): Promise<Outcome[]> => {
  const withheld = new Set<number>();
  const beforeSend = async (): Promise<unknown> => {
    const allowed = await Promise.all(sendings.map(({ index }) => mayLeave(options, index)));
    sendings.forEach(({ index }, at) => (allowed[at] ? undefined : withheld.add(index)));
    const leaving = sendings.filter(({ index }) => !withheld.has(index));
    return leaving.length === 0 ? 'withhold' : JSON.stringify({ requests: leaving.map(describe) });
  };
  const call = callFor(options, sumOf(sendings.map(({ request }) => costOf(request.method, request.path))), beforeSend);
  call.signalWithin = throttledWithin;
  try {
    const answer = await session.write(
      { method: 'POST', path: '/$batch', body: {} },
      { what: `${sendings.length} writes in one request` },
      call,
    );
    const responses = responsesOf(answer);
    const byId = new Map(responses.map((response) => [String(response['id']), response]));
    const permissionMissing = responses.some(({ status }) => status === 403) && (await session.permissions()).missing.length > 0;
    const how = { connection: session.config.name, sentAt: call.sentAt ?? now(), permissionMissing };
    return sendings.map((sending): Outcome =>
      withheld.has(sending.index) ? { result: 'withheld' } : innerOutcome(sending, byId.get(String(sending.index)), how),
    );
  } catch (error) {
    return sendings.map(({ index }): Outcome => outcomeOf(withheld.has(index) ? new Withheld() : error, call.sentAt));
  }
};

const chunksOf = <T>(items: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, chunk) => items.slice(chunk * size, (chunk + 1) * size));

/** Sends independent writes by the cheapest route, one outcome each, in order: one by itself, more in batches of twenty. */
export const sendAll = async (session: EntraSession, sendings: readonly Sending[], options: WriteOptions): Promise<Outcome[]> => {
  const [only] = sendings;
  if (sendings.length === 1 && only) return [await sendOne(session, only, options)];
  const chunks = await mapFew(chunksOf(sendings, MOST_IN_A_BATCH), BATCHES_AT_ONCE, (chunk) => sendBatch(session, chunk, options));
  return chunks.flat();
};
