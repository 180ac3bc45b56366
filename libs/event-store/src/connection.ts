import { EventStoreDBClient } from '@eventstore/db-client';
import { StreamsClient } from '@eventstore/db-client/generated/streams_grpc_pb.js';
import streamMessages, { type BatchAppendResp } from '@eventstore/db-client/generated/streams_pb.js';
import type { ClientDuplexStream } from '@grpc/grpc-js';
import { StoreMisuse } from './errors.ts';

/** Takes encoded `BatchAppendReq`s. */
export type BatchStream = ClientDuplexStream<Buffer, BatchAppendResp>;

const BATCH_APPEND = '/event_store.client.streams.Streams/BatchAppend';
const asItIs = (encoded: Buffer): Buffer => encoded;
const parseAnswer = (encoded: Buffer): BatchAppendResp => streamMessages.BatchAppendResp.deserializeBinary(encoded);

/**
 * The official client with one addition, made the way the client adds its own commands: the two-way stream of appends, given out as it is.
 * The client's `appendToStream` uses the same stream, but there a connection lost under load ends the process: writes that wait for
 * the stream to drain are rejected where nobody can catch it, and one failing stream rejects the appends of every other.
 */
class StoreClient extends EventStoreDBClient {
  openBatchStream(): Promise<BatchStream> {
    return this.GRPCStreamCreator(StreamsClient, 'appendToStream', (client) =>
      client.makeBidiStreamRequest(BATCH_APPEND, asItIs, parseAnswer, ...this.callArguments({}, { deadline: Infinity })),
    )();
  }

  async closeChannel(): Promise<void> {
    (await this.getChannel()).close();
  }
}

const createClient = (connectionString: string): StoreClient => {
  const client = EventStoreDBClient.connectionString(connectionString);
  // The factory makes an object of the base class whatever it is called on; the subclass adds methods and no state.
  return Object.setPrototypeOf(client, StoreClient.prototype) as StoreClient;
};

let current: Connection | undefined;

/** The one client of this process. */
export class Connection {
  readonly client: StoreClient;
  readonly timeoutMs: number;
  readonly #onClose: (() => Promise<void>)[] = [];
  #closed = false;

  private constructor(client: StoreClient, timeoutMs: number) {
    this.client = client;
    this.timeoutMs = timeoutMs;
  }

  /** Throws StoreMisuse while another connection of this process is open. */
  static open(connectionString: string, timeoutMs: number): Connection {
    if (current) throw new StoreMisuse('This process has an event store connection already: share it, or close it first');
    current = new Connection(createClient(connectionString), timeoutMs);
    return current;
  }

  get closed(): boolean {
    return this.#closed;
  }

  ensureOpen(): void {
    if (this.#closed) throw new StoreMisuse('The event store connection is closed');
  }

  /** Runs before the client goes, in the order of registration. */
  onClose(action: () => Promise<void>): void {
    this.#onClose.push(action);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const action of this.#onClose) await action();
    await this.client.dispose();
    await this.client.closeChannel().catch(() => undefined);
    if (current === this) current = undefined;
  }
}
