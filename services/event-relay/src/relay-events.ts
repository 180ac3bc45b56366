import { relayedPrefixes, topicFor, topicMap, keyFor } from '@muster/contracts';
import { type EventStore, type RecordedEvent, START_POSITION } from '@muster/event-store';
import { asField, type Log, pause, putAside, readCheckpoint, writeCheckpoint } from '@muster/messaging';
import { describeError, type Lease, type ReadStore, requireLease, withLease } from '@muster/read-store';
import type { Publisher } from './adapters/publisher.ts';
import { beginSubscribers } from './begin-subscribers.ts';
import { IdentityStates } from './identity-states.ts';
import { Outbox } from './outbox.ts';
import { inPortions } from './portions.ts';
import { type Audience, audienceOf, everybody, type Subscriber } from './subscribers.ts';
import { type OpenedEvent, type OutgoingRecord, toRecords, toStateRecords } from './to-records.ts';

export interface Relaying {
  store: EventStore;
  /** The relay's schema: its lease, its checkpoint, the folds of identities. */
  database: ReadStore;
  openPublisher: () => Promise<Publisher>;
  /** Systems with topics of their own; the publisher makes these topics. */
  subscribers?: readonly Subscriber[];
  log: Log;
  /** Ends the relay once what is being published is published. */
  signal: AbortSignal;
  /** Why nothing is relayed at the moment; undefined: it flows, or another relay does it. */
  onState?: (trouble: unknown) => void;
  /** Events taken up and, negative, published. */
  onInProgress?: (change: number) => void;
}

const LEASE = 'event-relay';
const CHECKPOINT = 'relay';
const LINGER_MS = 2;
const SAVE_EVERY_MS = 250;
const LONGEST_PAUSE_MS = 5_000;

/**
 * Publishes every event of the store that travels on a topic, in store order, for as long as the signal allows; one relay of an installation at a time. An event is
 * published at least once: after a crash the last ones come again. While broker, store or database are away it waits, with bounded memory.
 */
export async function relayEvents(relaying: Relaying): Promise<void> {
  const { database, signal, log } = relaying;
  for (let delay = 200; !signal.aborted; delay = Math.min(delay * 2, LONGEST_PAUSE_MS)) {
    try {
      await withLease(database.db, LEASE, { signal }, async (lease) => {
        log.info({ token: lease.token }, 'this relay is the active one');
        await new Relay(relaying, lease).run(() => (delay = 200));
      });
    } catch (error) {
      relaying.onState?.(error);
      log.warn(asField(error), 'events wait');
      await pause(delay * (0.5 + Math.random() / 2), signal);
    }
  }
}

/** One holding of the lease, with one publisher: any failure ends it, and the next one begins at the checkpoint. */
class Relay {
  readonly #relaying: Relaying;
  readonly #lease: Lease;
  readonly #states: IdentityStates;
  readonly #subscribers: readonly Audience[];
  #published: string | undefined;
  #savedAt = 0;

  constructor(relaying: Relaying, lease: Lease) {
    this.#relaying = relaying;
    this.#lease = lease;
    this.#states = new IdentityStates(relaying.store, relaying.database.db);
    this.#subscribers = (relaying.subscribers ?? []).map(audienceOf);
  }

  async run(onProgress: () => void): Promise<void> {
    const { store, database, openPublisher, subscribers = [], log } = this.#relaying;
    const signal = AbortSignal.any([this.#relaying.signal, this.#lease.lost]);
    const publisher = await openPublisher();
    try {
      const from = (await readCheckpoint(database.db, CHECKPOINT)) ?? START_POSITION;
      await beginSubscribers(subscribers, { store, database, publisher, log, signal, from });
      await this.#follow(publisher, { from, signal, onProgress });
    } finally {
      await publisher.close();
    }
    this.#lease.lost.throwIfAborted();
  }

  async #follow(publisher: Publisher, relayed: { from: string; signal: AbortSignal; onProgress: () => void }): Promise<void> {
    const failed = new AbortController();
    const signal = AbortSignal.any([relayed.signal, failed.signal]);
    const outbox = new Outbox();
    const subscription = this.#relaying.store.subscribe({
      from: relayed.from,
      prefixes: relayedPrefixes,
      asStored: true,
      signal,
      onBatch: (events) => outbox.add(events, signal),
    });
    this.#relaying.onState?.(undefined);
    try {
      await this.#pump(publisher, { outbox, signal, onProgress: relayed.onProgress });
      await this.#save();
    } finally {
      failed.abort();
      await subscription.stop();
    }
  }

  async #pump(
    publisher: Publisher,
    { outbox, signal, onProgress }: { outbox: Outbox; signal: AbortSignal; onProgress: () => void },
  ): Promise<void> {
    while (!signal.aborted) {
      const events = await outbox.next(LINGER_MS, signal);
      if (events.length === 0) return;
      this.#relaying.onInProgress?.(events.length);
      try {
        for (const records of inPortions(await this.#toRecords(events))) await publisher.publish(records);
      } finally {
        this.#relaying.onInProgress?.(-events.length);
      }
      outbox.drop(events.length);
      this.#published = (events.at(-1) as RecordedEvent).position;
      onProgress();
      if (Date.now() - this.#savedAt >= SAVE_EVERY_MS) await this.#save();
    }
  }

  /** Everything a list of events becomes: themselves, and the new states of the identities among them. */
  async #toRecords(events: readonly RecordedEvent[]): Promise<OutgoingRecord[]> {
    const records: OutgoingRecord[] = [];
    const opened = await this.#openPublic(events);
    for (const event of opened) records.push(...((await this.#orPutAside(event, () => toRecords(event, this.#subscribers))) ?? []));
    const moved = await this.#states.fold(opened.filter(isIdentity));
    const audiences = [everybody, ...this.#subscribers];
    for (const { last, state } of moved.values())
      records.push(...((await this.#orPutAside(last, () => toStateRecords(last, state, audiences))) ?? []));
    return records;
  }

  /** Opens the events of public topics, leaves the others as stored. One that cannot be opened is put aside. */
  async #openPublic(events: readonly RecordedEvent[]): Promise<OpenedEvent[]> {
    const { personalFields } = this.#relaying.store;
    const open = async (event: RecordedEvent): Promise<OpenedEvent | undefined> =>
      isPlain(event) ? this.#orPutAside(event, async () => asOpened(event, await personalFields.open(event))) : event;
    if (events.some(isPlain)) await personalFields.openAll(events.filter(isPlain)).catch(() => {});
    const opened = await Promise.all(events.map(open));
    return opened.filter((event) => event !== undefined);
  }

  /** An event that can never be carried must not stop all others: it stays in the store, and a person is told. */
  async #orPutAside<R>(event: RecordedEvent, make: () => R | Promise<R>): Promise<R | undefined> {
    try {
      return await make();
    } catch (error) {
      if (!isTheEvent(error)) throw error;
      const { stream, revision } = event;
      const at = { topic: topicFor(stream)?.name ?? '', key: keyFor(event), stream, revision };
      this.#relaying.log.error({ stream, revision, ...asField(error) }, 'an event cannot be carried and was put aside');
      await putAside(this.#relaying.database.db, at, describeError(error));
      return undefined;
    }
  }

  /** Written after the broker has it: a crash between the two repeats, and loses nothing. */
  async #save(): Promise<void> {
    const position = this.#published;
    this.#savedAt = Date.now();
    if (position === undefined) return;
    await this.#relaying.database.transaction(async (transaction) => {
      await requireLease(transaction, this.#lease);
      await this.#states.save(transaction);
      await writeCheckpoint(transaction, CHECKPOINT, position);
    });
  }
}

/** What the store held as ciphertext is told apart, so that it stays personal even where the contracts of this version do not know the field. */
const asOpened = (stored: RecordedEvent, opened: Pick<RecordedEvent, 'data' | 'erased'>): OpenedEvent => ({
  ...stored,
  ...opened,
  sealed: Object.keys(opened.data).filter((field) => !Object.hasOwn(stored.data, field)),
});

const isPlain = ({ stream }: RecordedEvent): boolean => topicFor(stream)?.payload === 'plain';
const isIdentity = ({ stream }: RecordedEvent): boolean => topicFor(stream) === topicMap.identityEvents;

/** Not a service that is away, but bytes that no key opens or metadata that names no schema. */
const isTheEvent = (error: unknown): boolean =>
  error instanceof TypeError || (error as { code?: unknown }).code === 'keyring.cannot_decrypt';
