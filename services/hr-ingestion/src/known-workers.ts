import { streamOf } from '@muster/contracts';
import { START_POSITION } from '@muster/event-store';
import { lifecycleAt, workerCategory } from '@muster/identity';
import type { Database } from '@muster/read-store';
import { sql } from 'kysely';
import type { Source } from './source.ts';

const BATCH = 1_000;
const AT_ONCE = 16;

/** Notes every worker of a connection that stands in the store, on whichever way it came there. After the tables were lost that is all of it again. */
export async function noteKnown(source: Source): Promise<void> {
  const { db } = source.database;
  const prefix = streamOf.worker(source.name, 'x').slice(0, -1);
  const { rows } = await sql<{ position: string }>`select position from known_upto where connection = ${source.name}`.execute(db);
  const streams = new Set<string>();
  const upTo = await source.store.appendedSince(rows[0]?.position ?? START_POSITION, ({ stream, revision }) => {
    if (revision === 0 && stream.startsWith(prefix)) streams.add(stream);
  });
  await source.database.transaction(async (transaction) => {
    const all = [...streams];
    for (let start = 0; start < all.length; start += BATCH)
      await sql`
        insert into known_worker (stream, connection) select stream, ${source.name} from unnest(${all.slice(start, start + BATCH)}::text[]) as s(stream)
        on conflict (stream) do nothing`.execute(transaction);
    await sql`
      insert into known_upto (connection, position) values (${source.name}, ${upTo})
      on conflict (connection) do update set position = excluded.position`.execute(transaction);
  });
}

/** Notes that workers were in the report. */
export async function noteSeen(
  transaction: Database,
  source: Source,
  { readId, seen }: { readId: string; seen: readonly string[] },
): Promise<void> {
  await sql`
    insert into known_worker (stream, connection, read_id) select stream, ${source.name}, ${readId} from unnest(${[...new Set(seen)].toSorted()}::text[]) as s(stream)
    on conflict (stream) do update set read_id = excluded.read_id`.execute(transaction);
}

/**
 * How many workers who have not left were not in a report, though they were known before it was read. Nobody leaves by that: a leaver is one of whom HR says so.
 */
export async function countAbsent(source: Source, read: { readId: string; startedAt: string }): Promise<number> {
  await noteKnown(source);
  const { rows } = await sql<{ stream: string }>`
    select stream from known_worker where connection = ${source.name} and read_id is distinct from ${read.readId} and noted_at < ${read.startedAt}`.execute(
    source.database.db,
  );
  const asOf = source.now().toISOString();
  let absent = 0;
  for (let start = 0; start < rows.length; start += AT_ONCE) {
    const workers = await Promise.all(rows.slice(start, start + AT_ONCE).map(({ stream }) => source.store.load(workerCategory, stream)));
    absent += workers.filter(({ state }) => (lifecycleAt(state, asOf)?.state ?? 'left') !== 'left').length;
  }
  return absent;
}
