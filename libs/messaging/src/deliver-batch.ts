import { isDatabaseTrouble, type ReadStore } from '@muster/read-store';
import { sql, type Transaction } from 'kysely';
import { bury, buryUnknown, park } from './dead-messages.ts';
import { inOrder, type GapReader, type Ordered } from './in-order.ts';
import type { Arrival, BatchHandler, Message } from './message.ts';
import { ErrorsAreHidden } from './original-errors.ts';
import { advance, keyName, lockParked, lookUp, Overtaken, writeCheckpoint, type Known, type Step } from './seen.ts';

/** A consumer group in this process. */
export interface Consumer {
  /** The group's name: the service's. */
  name: string;
  database: ReadStore;
  /** Where gaps are filled from. */
  store: GapReader;
  handlers: ReadonlyMap<string, BatchHandler>;
}

export interface Progress {
  /** Written in the same transaction as the last messages. */
  checkpoint?: { name: string; position: string };
}

/** Messages in one transaction at most; a batch that grows while gaps are filled becomes several. */
export const LARGEST_BATCH = 500;
const TRIES = 3;
const OVERTAKEN_TRIES = 5;

/**
 * Hands what arrived to the handlers. Resolves when every message is either handled or kept as a dead letter, and that is committed, together
 * with the note that it was seen. Repeats, reordering and gaps are put right here: each handler gets each revision of a stream once, in order.
 * A message that its handler throws on three times becomes a dead letter, and the later ones of its key wait behind it; all others go on.
 * Throws what the database or the store throws: then nothing of the unfinished transaction stands, and the same call may be repeated.
 */
export async function deliverBatch(consumer: Consumer, arrivals: readonly Arrival[], progress: Progress = {}): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await deliver(consumer, arrivals, progress);
    } catch (error) {
      if (!(error instanceof Overtaken) || tries === OVERTAKEN_TRIES) throw error;
    }
  }
}

async function deliver(consumer: Consumer, arrivals: readonly Arrival[], { checkpoint }: Progress): Promise<void> {
  const known = await lookUp(consumer.database.db, arrivals);
  const committed = new Map(known.revisions);
  let part: Ordered[] = [];
  for await (const next of inOrder(consumer.store, arrivals, known.revisions)) {
    part.push(next);
    if (part.length < LARGEST_BATCH) continue;
    await handle(consumer, part, { parked: known.parked, revisions: committed });
    part = [];
  }
  if (part.length > 0 || checkpoint) await handle(consumer, part, { parked: known.parked, revisions: committed }, checkpoint);
}

/** One transaction; if a handler throws, another one that takes the messages one by one. */
async function handle(consumer: Consumer, part: readonly Ordered[], known: Known, checkpoint?: Progress['checkpoint']): Promise<void> {
  const messages = part.flatMap((one) => ('message' in one ? [one.message] : []));
  const unknown = part.flatMap((one) => ('unknown' in one ? [one.unknown] : []));
  const steps = stepsOf(messages, known.revisions);
  const run = (work: (transaction: Transaction<unknown>) => Promise<void>): Promise<void> =>
    consumer.database.transaction(async (transaction) => {
      if (steps.length > 0) await advance(transaction, steps);
      for (const arrival of unknown) await buryUnknown(transaction, arrival);
      await work(transaction);
      if (checkpoint) await writeCheckpoint(transaction, checkpoint.name, checkpoint.position);
    });
  if (!(await succeeds(() => run((transaction) => allTogether(consumer, transaction, messages, known.parked))))) {
    await run((transaction) => oneByOne(consumer, transaction, messages));
  }
  for (const { stream, revision } of steps) known.revisions.set(stream, revision);
}

/** What no message is to blame for: the same batch later may succeed. */
const isNotTheMessage = (error: unknown): boolean => error instanceof ErrorsAreHidden || isDatabaseTrouble(error);

function stepsOf(messages: readonly Message[], revisions: ReadonlyMap<string, number>): Step[] {
  const steps = new Map<string, Step>();
  for (const { stream, revision } of messages) steps.set(stream, { stream, previous: revisions.get(stream) ?? -1, revision });
  return [...steps.values()];
}

async function succeeds(work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (error instanceof Overtaken || isNotTheMessage(error)) throw error;
    return false;
  }
}

async function allTogether(
  consumer: Consumer,
  transaction: Transaction<unknown>,
  messages: readonly Message[],
  known: ReadonlySet<string>,
): Promise<void> {
  const suspects = new Set(messages.map(nameOf).filter((name) => known.has(name)));
  const parked = suspects.size > 0 ? await lockParked(transaction, [...suspects]) : suspects;
  const context = { transaction, consumer: consumer.name };
  for (const message of messages) if (parked.has(nameOf(message))) await park(transaction, message);
  const free = parked.size > 0 ? messages.filter((message) => !parked.has(nameOf(message))) : messages;
  for (const [topic, batch] of Map.groupBy(free, (message) => message.topic)) await consumer.handlers.get(topic)?.(batch, context);
}

const nameOf = ({ topic, key }: Message): string => keyName(topic, key);

async function oneByOne(consumer: Consumer, transaction: Transaction<unknown>, messages: readonly Message[]): Promise<void> {
  const parked = await lockParked(transaction, [...new Set(messages.map(nameOf))]);
  for (const message of messages) {
    const name = nameOf(message);
    if (parked.has(name)) {
      await park(transaction, message);
      continue;
    }
    const failure = await attempt(consumer, transaction, message);
    if (!failure) continue;
    await bury(transaction, message, failure);
    parked.add(name);
  }
}

/** Runs the handler on one message in a savepoint, several times if need be; says what it threw last. */
export async function attempt(
  consumer: Consumer,
  transaction: Transaction<unknown>,
  message: Message,
): Promise<{ error: unknown; attempts: number } | undefined> {
  for (let attempts = 1; ; attempts++) {
    await sql`savepoint one_message`.execute(transaction);
    try {
      await consumer.handlers.get(message.topic)?.([message], { transaction, consumer: consumer.name });
      await sql`release savepoint one_message`.execute(transaction);
      return undefined;
    } catch (error) {
      if (isNotTheMessage(error)) throw error;
      await sql`rollback to savepoint one_message`.execute(transaction);
      if (attempts === TRIES) return { error, attempts };
    }
  }
}
