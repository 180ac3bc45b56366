import type { sendUnaryData, ServerDuplexStream, ServerReadableStream } from '@grpc/grpc-js';
import { encodeAppendAnswer, encodeBatchAnswer, type AppendPart, type BatchPart } from './append-codec.ts';
import { OpenCall } from './call.ts';
import type { AppendRequest, Outcome, ProposedEvent } from './events.ts';
import { invalidArgument, statusOf } from './statuses.ts';

export type Write = (request: AppendRequest, settle: (outcome: Outcome) => void) => void;

interface Limits {
  maxAppendBytes: number;
  maxEventBytes: number;
}

const eventSize = ({ data, metadata, type }: ProposedEvent): number => data.length + metadata.length + type.length;

/** Collects one append from its parts; holds no more than an append may be. */
class Collected {
  readonly #limits: Limits;
  readonly #events: ProposedEvent[] = [];
  #options: BatchPart['options'];
  #size = 0;
  #refused: Outcome | undefined;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  add({ options, events, malformed }: Pick<BatchPart, 'options' | 'events' | 'malformed'>): void {
    this.#options ??= options;
    if (malformed) this.#refused ??= { kind: 'refused', message: malformed };
    const { maxEventBytes, maxAppendBytes } = this.#limits;
    for (const event of events) {
      this.#size += event.data.length;
      if (eventSize(event) > maxEventBytes) this.#refused ??= { kind: 'too-large', limit: maxEventBytes };
      if (this.#size > maxAppendBytes) this.#refused ??= { kind: 'too-large', limit: maxAppendBytes };
      if (!this.#refused) this.#events.push(event);
    }
  }

  get stream(): string {
    return this.#options?.stream ?? '';
  }

  /** The append, or why it cannot be one. */
  finish(): AppendRequest | { refused: Outcome } {
    if (this.#refused) return { refused: this.#refused };
    if (!this.#options?.stream) return { refused: { kind: 'refused', message: 'An append needs the name of a stream' } };
    return { ...this.#options, events: this.#events };
  }
}

/** The two-way stream of appends: as many in flight as the client likes, each answered after its commit. */
export const serveBatchAppend = (duplex: ServerDuplexStream<BatchPart, Buffer>, write: Write, limits: Limits): OpenCall => {
  const call = new OpenCall(duplex);
  const open = new Map<string, Collected>();
  let unanswered = 0;
  let ended = false;
  const answer = (part: BatchPart, stream: string, outcome: Outcome): void => {
    // A client that reads no answers gets no more of its appends taken.
    if (!call.write(encodeBatchAnswer(part.correlation, stream, outcome))) duplex.pause();
    if (ended && unanswered === 0) call.end();
  };
  duplex.on('drain', () => duplex.resume());
  duplex.on('data', (part: BatchPart) => {
    const key = Buffer.from(part.correlation).toString('latin1');
    const collected = open.get(key) ?? new Collected(limits);
    collected.add(part);
    if (!part.final) return void open.set(key, collected);
    open.delete(key);
    const request = collected.finish();
    if ('refused' in request) return answer(part, collected.stream, request.refused);
    unanswered += 1;
    write(request, (outcome) => {
      unanswered -= 1;
      answer(part, request.stream, outcome);
    });
  });
  duplex.on('end', () => {
    ended = true;
    if (unanswered === 0) call.end();
  });
  return call;
};

/** One append a call; used by clients that send credentials with each. */
export const serveAppend = (
  source: ServerReadableStream<AppendPart, Buffer>,
  callback: sendUnaryData<Buffer>,
  context: { write: Write; limits: Limits },
): void => {
  const collected = new Collected(context.limits);
  source.on('data', ({ options, event }: AppendPart) => collected.add({ options, events: event ? [event] : [] }));
  source.on('end', () => {
    const request = collected.finish();
    const settle = (outcome: Outcome): void => {
      if (outcome.kind === 'written' || outcome.kind === 'wrong-expected-version') callback(null, encodeAppendAnswer(outcome));
      else callback(statusOf(collected.stream, outcome));
    };
    if ('refused' in request) settle(request.refused);
    else context.write(request, settle);
  });
  source.on('error', (error) => callback(invalidArgument(error.message)));
};
