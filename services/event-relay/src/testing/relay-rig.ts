import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fromHeaders, keySubject, personalFields, topicMap, topics, type Envelope } from '@muster/contracts';
import { spawnEventNode, type SpawnedEventNode } from '@muster/event-node/testing';
import { EventStore, type NewEvent } from '@muster/event-store';
import { createKafka, messagingTables, type Log } from '@muster/messaging';
import { openReadStore, PgKeyRing, type ReadStore } from '@muster/read-store';
import { startTemporaryPostgres } from '@muster/read-store/testing';
import type { Consumer } from 'kafkajs';
import { openKafkaPublisher, type Publisher } from '../adapters/publisher.ts';
import { relayEvents, type Relaying } from '../relay-events.ts';
import { topicsOf } from '../subscribers.ts';
import { relayTables } from '../tables.ts';

export const silent: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** A message as a consumer got it. */
export interface Seen {
  topic: string;
  key: string;
  envelope: Envelope;
  value: Record<string, unknown> | null;
}

export interface RunningRelay {
  stop(): Promise<void>;
  readonly troubles: unknown[];
}

/** A broker, as a spec starts it: services know no deployment. */
export interface Broker {
  readonly brokers: string;
  readonly pid: number;
  readonly ended: Promise<unknown>;
  stop(): Promise<void>;
}

type StartKafka = (options: { dataDir: string }) => Promise<Broker>;

/** The relay on an event store, a database and a broker of its own, and a consumer of every topic. */
export class RelayRig {
  readonly seen: Seen[] = [];
  readonly #running: RunningRelay[] = [];
  readonly #subscribers: readonly { name: string }[];
  #close: (() => Promise<unknown>)[] = [];
  #folder = '';
  #broker: Broker | undefined;
  #store: EventStore | undefined;
  #database: ReadStore | undefined;

  private constructor(
    private readonly startKafka: StartKafka,
    subscribers: readonly { name: string }[],
  ) {
    this.#subscribers = subscribers;
  }

  /** @param subscribers whose topics stand from the start, so that the consumer sees them */
  static async build(startKafka: StartKafka, subscribers: readonly { name: string }[] = []): Promise<RelayRig> {
    const rig = new RelayRig(startKafka, subscribers);
    try {
      await rig.#build();
      return rig;
    } catch (error) {
      await rig.close();
      throw error;
    }
  }

  get store(): EventStore {
    if (!this.#store) throw new Error('the rig is not built');
    return this.#store;
  }

  get database(): ReadStore {
    if (!this.#database) throw new Error('the rig is not built');
    return this.#database;
  }

  async #build(): Promise<void> {
    this.#folder = await mkdtemp(join(tmpdir(), 'muster-relay-'));
    this.#close.push(() => rm(this.#folder, { recursive: true, force: true }));
    const postgres = await startTemporaryPostgres();
    this.#close.push(() => postgres.stop());
    const node: SpawnedEventNode = await spawnEventNode({ dataDir: join(this.#folder, 'events') });
    this.#close.push(() => node.stop());
    await this.startBroker();
    this.#close.push(async () => this.#broker?.stop());
    const masterKeyFile = join(this.#folder, 'master.key');
    const keyRing = await PgKeyRing.open({ url: postgres.url, masterKeyFile, createMasterKeyIfMissing: true });
    this.#close.push(() => keyRing.close());
    const store = EventStore.connect({ connectionString: node.connectionString, keyRing, privacy: { personalFields, keySubject } });
    this.#store = store;
    this.#close.push(() => store.close());
    const database = await openReadStore({ url: postgres.url, schema: 'event_relay', migrations: [...messagingTables, ...relayTables] });
    this.#database = database;
    this.#close.push(() => database.close());
    const first = await this.publisher();
    await first.close();
    const consumer = await this.#consume();
    this.#close.push(() => consumer.disconnect());
  }

  async #consume(): Promise<Consumer> {
    const kafka = createKafka({ brokers: [this.broker.brokers], clientId: 'spec', log: silent });
    const consumer = kafka.consumer({ groupId: 'spec', sessionTimeout: 6_000 });
    await consumer.connect();
    await consumer.subscribe({ topics: [...topics, ...topicsOf(this.#subscribers)].map(({ name }) => name), fromBeginning: true });
    await consumer.run({
      eachMessage: ({ topic, message }) => {
        const value = message.value && (JSON.parse(message.value.toString()) as Record<string, unknown>);
        this.seen.push({ topic, key: String(message.key), envelope: fromHeaders(message.headers ?? {}), value });
        return Promise.resolve();
      },
    });
    return consumer;
  }

  get broker(): Broker {
    if (!this.#broker) throw new Error('the broker is not started');
    return this.#broker;
  }

  /** Again, after it was killed. */
  async startBroker(): Promise<void> {
    this.#broker = await this.startKafka({ dataDir: join(this.#folder, 'kafka') });
  }

  publisher(): Promise<Publisher> {
    return openKafkaPublisher({ brokers: [this.broker.brokers], log: silent, topics: topicsOf(this.#subscribers) });
  }

  /** Starts a relay; it runs until it is stopped, at the latest by `stopRelays`. */
  start(overrides: Partial<Relaying> = {}): RunningRelay {
    const closing = new AbortController();
    const troubles: unknown[] = [];
    const { store, database } = this;
    const done = relayEvents({
      store,
      database,
      log: silent,
      signal: closing.signal,
      openPublisher: () => this.publisher(),
      onState: (trouble) => troubles.push(trouble),
      ...overrides,
    });
    const stop = async (): Promise<void> => {
      closing.abort();
      await done;
    };
    const relay = { stop, troubles };
    this.#running.push(relay);
    return relay;
  }

  async stopRelays(): Promise<void> {
    for (const relay of this.#running.splice(0)) await relay.stop();
  }

  async close(): Promise<void> {
    await this.stopRelays();
    for (const close of this.#close.splice(0).toReversed()) await close();
  }

  /** What came about a stream on the topics of the topic map. */
  about(stream: string): Seen[] {
    return this.seen.filter(({ topic, envelope }) => !topic.startsWith('muster.subscriber.') && envelope.stream === stream);
  }

  eventsOf(stream: string): Seen[] {
    return this.about(stream).filter(({ topic }) => topic !== topicMap.identityState.name);
  }

  statesOf(stream: string): Seen[] {
    return this.about(stream).filter(({ topic }) => topic === topicMap.identityState.name);
  }
}

export async function until(what: string, condition: () => boolean | Promise<boolean>, timeoutMs = 25_000): Promise<void> {
  for (const deadline = Date.now() + timeoutMs; Date.now() < deadline;) {
    if (await condition()) return;
    await sleep(30);
  }
  throw new Error(`Within ${timeoutMs} ms it did not come to this: ${what}`);
}

export const metadata = (schema: string): NewEvent['metadata'] => ({
  correlationId: 'c',
  occurredAt: '2026-01-01T00:00:00Z',
  schema,
  actor: 'spec',
});

export const uuid = (n: number): string => `6f1c2a34-5b6d-4e7f-8a90-${String(n).padStart(12, '0')}`;

/** The first three events of an identity. */
export const identityEvents = (identityId: string, name: string): NewEvent[] => [
  {
    type: 'IdentityCreated',
    data: { identityId, source: { connection: 'hr', stream: 'worker-hr.1' } },
    metadata: metadata('muster:identity/identity-created.v1'),
  },
  {
    type: 'IdentityLifecycleChanged',
    data: { identityId, state: 'active', startsOn: '2026-01-01', timeZone: 'UTC', cause: { stream: 'worker-hr.1', revision: 0 } },
    metadata: metadata('muster:identity/identity-lifecycle-changed.v1'),
  },
  {
    type: 'IdentityAttributesChanged',
    data: { identityId, attributes: { displayName: name }, changed: ['displayName'], provenance: {} },
    metadata: metadata('muster:identity/identity-attributes-changed.v1'),
  },
];
