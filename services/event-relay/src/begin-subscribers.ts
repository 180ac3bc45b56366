import { START_POSITION, type EventStore, type RecordedEvent } from '@muster/event-store';
import type { Log } from '@muster/messaging';
import type { ReadStore } from '@muster/read-store';
import { sql } from 'kysely';
import type { Publisher } from './adapters/publisher.ts';
import { type FoldedIdentity, foldIdentity, nothingYet } from './identity-states.ts';
import { inPortions } from './portions.ts';
import { audienceOf, type Subscriber } from './subscribers.ts';
import { toStateRecords } from './to-records.ts';

export interface Beginning {
  readonly store: EventStore;
  readonly database: ReadStore;
  readonly publisher: Publisher;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Where the relay goes on: events behind it travel to the subscriber's topics by themselves. */
  readonly from: string;
}

const AT_ONCE = 50;
const IDENTITY = 'identity-';

/**
 * Gives each subscriber that is new, or that was granted something else than before, the state of everybody on its state topic, so that it need not have been there
 * from the start and sees what it sees now of everybody. A state topic that holds nothing is filled again too. Ends before it is done when the signal aborts; the
 * next one begins again then.
 */
export async function beginSubscribers(subscribers: readonly Subscriber[], beginning: Beginning): Promise<void> {
  const { database, signal, from } = beginning;
  const fresh = await startOver(subscribers, beginning);
  if (fresh.length > 0 && from !== START_POSITION) await publishEverybody(fresh, beginning);
  if (signal.aborted) return;
  for (const { name, sees } of fresh)
    await sql`insert into subscriber (name, sees) values (${name}, ${JSON.stringify(sees)})`.execute(database.db);
}

/** Forgets who is not served as is said now, before anything is published: a crash on the way repeats all of it. */
async function startOver(subscribers: readonly Subscriber[], { database, publisher, log }: Beginning): Promise<Subscriber[]> {
  const { rows } = await sql<{ name: string; sees: string }>`select name, sees from subscriber`.execute(database.db);
  const begun = new Map(rows.map(({ name, sees }) => [name, sees]));
  const fresh: Subscriber[] = [];
  for (const subscriber of subscribers) {
    const before = begun.get(subscriber.name);
    if (before === JSON.stringify(subscriber.sees) && !(await publisher.isEmpty(audienceOf(subscriber).identityState))) continue;
    fresh.push(subscriber);
    warnOfNarrower(subscriber, before, log);
  }
  const kept = subscribers.filter((subscriber) => !fresh.includes(subscriber)).map(({ name }) => name);
  await sql`delete from subscriber where not (name = any(${kept}::text[]))`.execute(database.db);
  return fresh;
}

function warnOfNarrower({ name, sees }: Subscriber, before: string | undefined, log: Log): void {
  const lost = before === undefined ? [] : (JSON.parse(before) as string[]).filter((grant) => !sees.includes(grant));
  if (lost.length > 0)
    log.warn(
      { subscriber: name, lost: lost.join(', ') },
      'a subscriber sees less than before: what its topics hold already stays until it is compacted or out of date; delete its topics to end that now',
    );
}

async function publishEverybody(fresh: readonly Subscriber[], beginning: Beginning): Promise<void> {
  const { store, publisher, log, signal } = beginning;
  const audiences = fresh.map(audienceOf);
  const streams = new Set<string>();
  await store.appendedSince(START_POSITION, ({ stream }) => {
    if (stream.startsWith(IDENTITY)) streams.add(stream);
  });
  log.info(
    { subscribers: fresh.map(({ name }) => name).join(', '), identities: streams.size },
    'subscribers are given the state of everybody',
  );
  const names = [...streams];
  for (let done = 0; done < names.length && !signal.aborted; done += AT_ONCE) {
    const folded = await Promise.all(names.slice(done, done + AT_ONCE).map((stream) => latest(stream, beginning)));
    const records = folded.flatMap((identity) => (identity ? toStateRecords(identity.last, identity.state, audiences) : []));
    for (const portion of inPortions(records)) await publisher.publish(portion);
  }
}

/** The state of one identity now; undefined if its events cannot be opened: they were put aside, or will be, where events are relayed. */
async function latest(stream: string, { store, log }: Beginning): Promise<(FoldedIdentity & { last: RecordedEvent }) | undefined> {
  let folded: FoldedIdentity | undefined;
  let last: RecordedEvent | undefined;
  try {
    for await (const event of store.readStream(stream)) [folded, last] = [foldIdentity(folded ?? nothingYet, event), event];
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'keyring.cannot_decrypt') throw error;
    log.error({ stream }, 'an identity cannot be read and was left out of the state that subscribers begin with');
    return undefined;
  }
  return folded && last && { ...folded, last };
}
