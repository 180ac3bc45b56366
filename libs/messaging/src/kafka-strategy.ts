import { prefixesOf } from '@muster/contracts';
import { START_POSITION, comparePositions } from '@muster/event-store';
import { withLease } from '@muster/read-store';
import type { Consumer as KafkaConsumer, EachBatchPayload, Kafka, KafkaMessage } from 'kafkajs';
import { buryUnreadable } from './dead-messages.ts';
import { LARGEST_BATCH } from './deliver-batch.ts';
import { CHECKPOINT } from './embedded-strategy.ts';
import { createKafka, ensureTopics } from './kafka-client.ts';
import { readRecords, type Record } from './kafka-records.ts';
import { toArrival, toMessage, type Message } from './message.ts';
import { topicsOf } from './nest-handlers.ts';
import { pause } from './pause.ts';
import { Pile } from './pile.ts';
import { readCheckpoint, writeCheckpoint } from './seen.ts';
import { BatchStrategy, type StrategyOptions } from './strategy.ts';

export interface KafkaStrategyOptions extends StrategyOptions {
  brokers: readonly string[];
  /** How long a consumer may be silent before its partitions go to others. Default 6,000. */
  sessionTimeoutMs?: number;
}

const HEARTBEAT_MS = 500;
const COMMIT_EVERY_MS = 250;
const MAX_PARTITIONS_AT_ONCE = 64;

/**
 * Consumes from Kafka. Everything that a fetch brings, over all partitions, is one transaction; offsets are committed after it, a few times a second and before
 * partitions move, since a repeat changes nothing. A consumer whose schema is new, or was lost, first reads the store itself:
 * topics forget after some days.
 */
export class KafkaStrategy extends BatchStrategy {
  readonly #kafka: Kafka;
  readonly #sessionTimeoutMs: number;
  readonly #pile = new Pile<Record>(LARGEST_BATCH, (records) => this.#deliverRecords(records));
  #running: Promise<void> | undefined;
  #joined = false;
  /** Aborts when partitions are about to move: what is not committed yet is left to its next owner. */
  #moving = new AbortController();
  #commit: (() => Promise<void>) | undefined;
  #committedAt = 0;
  #commitTimer: NodeJS.Timeout | undefined;

  constructor(options: KafkaStrategyOptions) {
    super(options);
    this.#kafka = createKafka({ brokers: options.brokers, clientId: `muster-${options.consumer}`, log: this.log });
    this.#sessionTimeoutMs = options.sessionTimeoutMs ?? 6_000;
  }

  protected begin(): void {
    this.#running = this.#run();
  }

  protected async end(): Promise<void> {
    this.#moving.abort();
    await this.#commitNow();
    await this.#running;
    clearTimeout(this.#commitTimer);
  }

  protected checkTransport(): Promise<void> {
    return this.#joined ? Promise.resolve() : Promise.reject(new Error('not a member of the consumer group at the moment'));
  }

  async #run(): Promise<void> {
    const { signal } = this.closing;
    for (let delay = 200; !signal.aborted; delay = Math.min(delay * 2, 5_000)) {
      try {
        await this.#catchUpIfNew(signal);
        await this.#consume(signal);
        delay = 200;
      } catch (error) {
        this.stumbled(error);
      }
      await pause(delay, signal);
    }
  }

  /** Consumes until the client gives up for good or we are asked to stop. */
  async #consume(signal: AbortSignal): Promise<void> {
    await ensureTopics(this.#kafka);
    if (signal.aborted) return;
    const client = this.#kafka.consumer({
      groupId: this.options.consumer,
      sessionTimeout: this.#sessionTimeoutMs,
      heartbeatInterval: HEARTBEAT_MS,
      rebalanceTimeout: 10_000,
      maxWaitTimeInMs: 500,
      maxBytesPerPartition: 512 * 1024,
      maxBytes: 4 * 1024 * 1024,
      allowAutoTopicCreation: false,
      retry: {
        initialRetryTime: 100,
        maxRetryTime: 2_000,
        retries: 10,
        // A client that restarts by itself may do so after it was closed, and hold its partitions for ever: we make a new one.
        restartOnFailure: () => Promise.resolve(false),
      },
    });
    const ended = this.#watch(client);
    const started = this.#start(client);
    started.catch(() => {});
    try {
      await Promise.race([started, ended]);
      await ended;
    } finally {
      this.#joined = false;
      // Once: a second call would cut the connection under the first one, which is just leaving the group.
      await client.disconnect().catch(() => {});
    }
  }

  async #start(client: KafkaConsumer): Promise<void> {
    await client.connect();
    await client.subscribe({ topics: topicsOf(this.consumer.handlers).map(({ name }) => name), fromBeginning: true });
    await client.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: MAX_PARTITIONS_AT_ONCE,
      eachBatch: (payload) => this.#takeBatch(payload),
    });
  }

  /** Rejects when the client will not come back by itself; resolves when we stop. */
  #watch(client: KafkaConsumer): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    client.on(client.events.GROUP_JOIN, () => {
      this.#moving = new AbortController();
      this.#joined = true;
      this.recovered();
    });
    client.on(client.events.REBALANCING, () => {
      this.#moving.abort();
      void this.#commitNow();
    });
    client.on(client.events.CRASH, ({ payload }) => {
      this.#joined = false;
      this.stumbled(payload.error);
      if (!payload.restart) reject(payload.error);
    });
    this.closing.signal.addEventListener('abort', () => resolve(), { once: true });
    promise.catch(() => {});
    return promise;
  }

  async #takeBatch(payload: EachBatchPayload): Promise<void> {
    // Whoever is given a batch is a member again.
    if (this.#moving.signal.aborted && !this.closing.signal.aborted) this.#moving = new AbortController();
    const moving = this.#moving;
    let missedBeat: Error | undefined;
    const beat = setInterval(() => {
      payload.heartbeat().catch((error: Error) => {
        // The group is changing: finish what runs, take up nothing more.
        missedBeat = error;
        moving.abort();
      });
    }, HEARTBEAT_MS);
    try {
      await this.#takeSlices(payload, moving.signal);
    } finally {
      clearInterval(beat);
    }
    this.#commit = async () => payload.commitOffsetsIfNecessary(payload.uncommittedOffsets());
    await this.#commitSometimes();
    if (missedBeat) throw missedBeat;
  }

  async #takeSlices({ batch, ...member }: EachBatchPayload, moving: AbortSignal): Promise<void> {
    for (let at = 0; at < batch.messages.length; at += LARGEST_BATCH) {
      if (!member.isRunning() || member.isStale() || moving.aborted) return;
      const slice = batch.messages.slice(at, at + LARGEST_BATCH);
      const done = await this.#pile.add(slice.map((record) => ({ topic: batch.topic, partition: batch.partition, record })));
      if (!done) return;
      member.resolveOffset((slice.at(-1) as KafkaMessage).offset);
    }
  }

  async #deliverRecords(records: Record[]): Promise<boolean> {
    const { signal } = this.#moving;
    for (let delay = 100; !signal.aborted; delay = Math.min(delay * 2, 5_000)) {
      try {
        const { arrivals, unreadable } = await readRecords(this.options.store.personalFields, records);
        await buryUnreadable(this.options.database.db, unreadable);
        if (unreadable.length > 0)
          this.log.error({ count: unreadable.length, topic: unreadable[0]?.topic }, 'records that are none of ours were put aside');
        return await this.deliver(arrivals, {}, signal);
      } catch (error) {
        this.stumbled(error);
        await pause(delay, signal);
      }
    }
    return false;
  }

  async #commitSometimes(): Promise<void> {
    clearTimeout(this.#commitTimer);
    if (this.closing.signal.aborted || Date.now() - this.#committedAt >= COMMIT_EVERY_MS) await this.#commitNow();
    else this.#commitTimer = setTimeout(() => void this.#commitNow(), COMMIT_EVERY_MS);
  }

  /** A commit that fails is made up for by the next one, or by a repeat that changes nothing. */
  async #commitNow(): Promise<void> {
    clearTimeout(this.#commitTimer);
    this.#committedAt = Date.now();
    await this.#commit?.().catch((error: unknown) => this.log.debug({ error: String(error) }, 'offsets were not committed'));
  }

  /** The first run on an empty schema: everything up to now comes from the store. One process of the group does it, the others wait. */
  async #catchUpIfNew(signal: AbortSignal): Promise<void> {
    const { database } = this.options;
    if ((await readCheckpoint(database.db, CHECKPOINT)) !== undefined) return;
    await withLease(database.db, 'catch-up', { signal }, async (lease) => {
      if ((await readCheckpoint(database.db, CHECKPOINT)) !== undefined) return;
      await this.#catchUp(AbortSignal.any([signal, lease.lost]));
      lease.lost.throwIfAborted();
    });
  }

  async #catchUp(signal: AbortSignal): Promise<void> {
    const { store, database } = this.options;
    const until = await store.headPosition();
    const prefixes = topicsOf(this.consumer.handlers).flatMap(prefixesOf);
    let batch: Message[] = [];
    const flush = async (): Promise<void> => {
      const done = await this.deliver(batch.map(toArrival), {}, signal);
      if (!done) signal.throwIfAborted();
      batch = [];
    };
    if (comparePositions(until, START_POSITION) > 0) {
      for await (const event of store.readAll({ until, prefixes })) {
        const message = toMessage(event);
        if (message) batch.push(message);
        if (batch.length >= LARGEST_BATCH) await flush();
      }
      await flush();
    }
    await writeCheckpoint(database.db, CHECKPOINT, until);
  }
}
