import { EmbeddedStrategy, messagingTables, pause } from '@muster/messaging';
import { acquireLease, openReadStore, type Database, type ReadStore } from '@muster/read-store';
import type { ServiceContext } from '@muster/service-kit';
import { sql } from 'kysely';
import { indexers } from './index-facts.ts';
import { compare, type Comparison } from './projection-hash.ts';
import { auditTables } from './tables.ts';

export interface Rebuilt extends Comparison {
  readonly events: number;
}

const ATTEMPTS = 5;
const LAST_STEPS_MS = 10_000;
const LOOK_MS = 50;

/** Somebody else rebuilds already. */
export class AlreadyRebuilding extends Error {}

/**
 * Folds the whole store anew into tables of their own beside those that answer, then puts them in their place in one moment: questions are answered all along, by
 * the old tables or by the new ones, and no message is missed or taken twice. Says whether old and new hold the same, as far as both had come.
 *
 * @throws AlreadyRebuilding; what database and store throw. Then the old tables answer on.
 */
export async function rebuild(service: ServiceContext): Promise<Rebuilt> {
  const { database, settings, closing } = service;
  const lease = await acquireLease(database.db, 'rebuild');
  if (lease === undefined) throw new AlreadyRebuilding('the projection is being rebuilt already');
  const schema = `${database.schema}_next`;
  try {
    await dropSchema(database.db, schema);
    const next = await openReadStore({ url: settings.database, schema, migrations: [...messagingTables, ...auditTables] });
    const following = follow(service, next);
    try {
      await caughtUp(database, schema, AbortSignal.any([closing, lease.lost]));
      return await takeOver(database, schema, () => following.end());
    } finally {
      await following.end();
    }
  } finally {
    await dropSchema(database.db, schema).catch(() => {});
    await lease.release();
  }
}

const dropSchema = async (db: Database, schema: string): Promise<void> => {
  await sql`drop schema if exists ${sql.id(schema)} cascade`.execute(db);
};

/** Fills the new tables from the start of the store and follows it, until it is ended; ending twice is harmless. */
function follow({ name, store, logger }: ServiceContext, next: ReadStore): { end(): Promise<void> } {
  const strategy = new EmbeddedStrategy({ consumer: name, database: next, store, log: logger });
  for (const [topic, index] of Object.entries(indexers))
    strategy.addHandler(topic, (batch, { transaction }) => index(transaction, batch), true);
  strategy.listen((error) => {
    if (error !== undefined) logger.error({ err: error }, 'the projection cannot be rebuilt');
  });
  let ended: Promise<void> | undefined;
  return {
    end: () => {
      ended ??= strategy.close().then(() => next.close());
      return ended;
    },
  };
}

/** How many streams the new tables are behind the old ones. */
async function behind(db: Database, live: string, next: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*) from ${sql.id(live, 'seen')} l left join ${sql.id(next, 'seen')} n using (stream)
    where n.revision is null or n.revision < l.revision`.execute(db);
  return (rows[0] as { count: number }).count;
}

/** Waits until the new tables are all but where the old ones are. */
async function caughtUp({ db, schema: live }: ReadStore, next: string, given: AbortSignal): Promise<void> {
  while ((await behind(db, live, next)) > 0) {
    given.throwIfAborted();
    await pause(LOOK_MS, given);
  }
}

class StillBehind extends Error {}

async function takeOver(database: ReadStore, next: string, end: () => Promise<void>): Promise<Rebuilt> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const rebuilt = await swap(database, next, end);
      await dropSchema(database.db, `${database.schema}_former`);
      return rebuilt;
    } catch (error) {
      if (!(error instanceof StillBehind) || attempt === ATTEMPTS) throw error;
    }
  }
}

/**
 * While the lock is held no batch can be committed to the old tables, so the new ones come to where these stand, or beyond. They bring the notes of what was
 * seen with them: the batch that waits finds its messages seen, or the next ones. Renaming a schema disturbs no reader.
 */
function swap(database: ReadStore, next: string, end: () => Promise<void>): Promise<Rebuilt> {
  const { schema: live } = database;
  const former = `${live}_former`;
  return database.transaction(async (transaction) => {
    await sql`drop schema if exists ${sql.id(former)} cascade`.execute(transaction);
    await sql`lock table ${sql.id(live, 'seen')} in exclusive mode`.execute(transaction);
    const patience = AbortSignal.timeout(LAST_STEPS_MS);
    while ((await behind(transaction, live, next)) > 0) {
      if (patience.aborted) throw new StillBehind('the rebuilt tables have not come to where the live ones are');
      await pause(LOOK_MS, patience);
    }
    await end();
    const comparison = await compare(transaction, live, next);
    const { rows } = await sql<{ count: number }>`select count(*) from ${sql.id(next, 'event_index')}`.execute(transaction);
    await sql`alter schema ${sql.id(live)} rename to ${sql.id(former)}`.execute(transaction);
    await sql`alter schema ${sql.id(next)} rename to ${sql.id(live)}`.execute(transaction);
    return { ...comparison, events: (rows[0] as { count: number }).count };
  });
}
