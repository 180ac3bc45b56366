import { randomUUID } from 'node:crypto';
import sharedMessages, { type WrongExpectedVersion } from '@eventstore/db-client/generated/shared_pb.js';
import type { Status } from '@eventstore/db-client/generated/status_pb.js';
import type { BatchAppendResp } from '@eventstore/db-client/generated/streams_pb.js';
import type { BatchStream, Connection } from './connection.ts';
import { AccessDenied, AppendTooLarge, StoreFault, StoreTimeout, StoreUnavailable, StreamDeleted } from './errors.ts';
import { toPortError } from './faults.ts';
import { encodePosition } from './positions.ts';
import { encodeAppend, type AppendRequest } from './wire.ts';

export type AppendAnswer =
  | { outcome: 'appended'; revision: number; position: string | undefined }
  | { outcome: 'conflict'; actual: number | undefined };

interface Waiting {
  stream: string;
  resolve: (answer: AppendAnswer) => void;
  reject: (error: Error) => void;
}

/** The append stream of one connection, and what waits for an answer on it. */
class Lane {
  readonly #grpc: BatchStream;
  readonly #waiting = new Map<string, Waiting>();
  #drained: Promise<void> | undefined;
  dead = false;

  constructor(grpc: BatchStream) {
    this.#grpc = grpc;
    grpc.on('data', (answer: BatchAppendResp) => this.#onAnswer(answer));
    grpc.on('error', (error) => this.#die(error));
    grpc.on('end', () => this.#die(undefined));
    grpc.on('close', () => this.#die(undefined));
  }

  async send(request: AppendRequest, onSent: () => void): Promise<AppendAnswer> {
    while (this.#drained) await this.#drained;
    if (this.dead) throw new StoreUnavailable('The connection was lost');
    const correlation = randomUUID();
    const { promise, resolve, reject } = Promise.withResolvers<AppendAnswer>();
    const timer = setTimeout(() => {
      this.#waiting.delete(correlation);
      reject(new StoreTimeout('The event store did not answer in time'));
    }, request.timeoutMs);
    this.#waiting.set(correlation, { stream: request.stream, resolve, reject });
    onSent();
    if (!this.#grpc.write(encodeAppend(correlation, request))) this.#waitForDrain();
    return promise.finally(() => clearTimeout(timer));
  }

  end(): void {
    if (!this.dead) this.#grpc.end();
  }

  get idle(): boolean {
    return this.#waiting.size === 0;
  }

  #waitForDrain(): void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#drained = promise;
    const done = (): void => {
      this.#grpc.off('drain', done).off('close', done).off('error', done);
      this.#drained = undefined;
      resolve();
    };
    this.#grpc.once('drain', done).once('close', done).once('error', done);
  }

  #onAnswer(answer: BatchAppendResp): void {
    const correlation = answer.getCorrelationId()?.getString() ?? '';
    const waiting = this.#waiting.get(correlation);
    // Unknown: the caller has given up already.
    if (!waiting) return;
    this.#waiting.delete(correlation);
    try {
      waiting.resolve(decode(answer, waiting.stream));
    } catch (error) {
      waiting.reject(error as Error);
    }
  }

  #die(error: Error | undefined): void {
    this.dead = true;
    const reason = error ? toPortError(error, 'append') : new StoreUnavailable('The event store ended the append stream');
    for (const { reject } of this.#waiting.values()) reject(reason);
    this.#waiting.clear();
  }
}

/** Sends appends over one two-way stream, as many in flight as are asked for; answers are matched by correlation id. Never sends twice by itself. */
export class Appender {
  readonly #connection: Connection;
  #lane: Promise<Lane> | undefined;

  constructor(connection: Connection) {
    this.#connection = connection;
    connection.onClose(() => this.#close());
  }

  /** `onSent` is called just before the request leaves: from then on its outcome may be unknown. */
  async send(request: AppendRequest, onSent: () => void): Promise<AppendAnswer> {
    const lane = await this.#openLane();
    return lane.send(request, onSent);
  }

  async #openLane(): Promise<Lane> {
    const held = await this.#lane;
    if (held && !held.dead) return held;
    this.#lane ??= this.#start();
    return this.#lane;
  }

  #start(): Promise<Lane> {
    const starting = this.#connection.client.openBatchStream().then((grpc) => {
      const lane = new Lane(grpc);
      grpc.once('error', forget).once('close', forget).once('end', forget);
      return lane;
    });
    const forget = (): void => {
      if (this.#lane === starting) this.#lane = undefined;
    };
    starting.catch(forget);
    return starting;
  }

  async #close(): Promise<void> {
    const lane = await this.#lane?.catch(() => undefined);
    if (!lane) return;
    const deadline = Date.now() + this.#connection.timeoutMs;
    while (!lane.idle && !lane.dead && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5));
    lane.end();
  }
}

const appended = (success: BatchAppendResp.Success): AppendAnswer => {
  const position = success.getPosition();
  return {
    outcome: 'appended',
    revision: Number(success.getCurrentRevision()),
    position: position
      ? encodePosition({ commit: BigInt(position.getCommitPosition()), prepare: BigInt(position.getPreparePosition()) })
      : undefined,
  };
};

const conflict = (details: WrongExpectedVersion | null): AppendAnswer => ({
  outcome: 'conflict',
  actual: details?.hasCurrentStreamRevision() ? Number(details.getCurrentStreamRevision()) : details?.hasCurrentNoStream() ? -1 : undefined,
});

const NAMESPACE = 'event_store.client.';
const WRONG_EXPECTED_VERSION = `${NAMESPACE}WrongExpectedVersion`;
const TOO_LARGE = `${NAMESPACE}MaximumAppendSizeExceeded`;

const decode = (answer: BatchAppendResp, stream: string): AppendAnswer => {
  const success = answer.getSuccess();
  return success ? appended(success) : refused(answer.getError(), stream);
};

type Details = ReturnType<Status['getDetails']>;

/** Why the store refused, by the type of the details. A conflict is an answer, everything else is thrown. */
const REFUSALS: Readonly<Record<string, (stream: string, details: Details) => AppendAnswer>> = {
  [WRONG_EXPECTED_VERSION]: (_, details) =>
    conflict(details?.unpack((bytes) => sharedMessages.WrongExpectedVersion.deserializeBinary(bytes), WRONG_EXPECTED_VERSION) ?? null),
  [`${NAMESPACE}StreamDeleted`]: (stream) => {
    throw new StreamDeleted(stream);
  },
  [`${NAMESPACE}AccessDenied`]: (stream) => {
    throw new AccessDenied(`The event store refused to write to ${stream}: check user, password and access lists of the connection string`);
  },
  [TOO_LARGE]: (stream, details) => {
    const limit = details
      ?.unpack((bytes) => sharedMessages.MaximumAppendSizeExceeded.deserializeBinary(bytes), TOO_LARGE)
      ?.getMaxappendsize();
    throw new AppendTooLarge(stream, undefined, limit);
  },
  [`${NAMESPACE}Timeout`]: (stream) => {
    throw new StoreTimeout(`The event store did not commit an append to ${stream} in time`);
  },
  // A server that is still starting.
  'google.protobuf.Empty': () => {
    throw new StoreUnavailable('The event store is not ready yet');
  },
};

const refused = (status: Status | undefined, stream: string): AppendAnswer => {
  const details = status?.getDetails();
  const type = details?.getTypeName() ?? '';
  const refuse = REFUSALS[type];
  if (refuse) return refuse(stream, details);
  throw new StoreFault(`The event store refused an append to ${stream}: ${status?.getMessage() || type || 'no reason given'}`);
};
