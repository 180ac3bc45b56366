import { parseStream, streamOf } from '@muster/contracts';
import type { Message } from '@muster/messaging';
import type { Database } from '@muster/read-store';
import { sql } from 'kysely';
import { accountProfile, identityProfile, workerRecords } from './interval-tables.ts';

/**
 * The streams of the batch whose person is erased: nothing personal of them may be kept, however late it arrives. Call it before writing to the table:
 * an erasure that comes at the same time is waited for, and is seen, or waits for this batch.
 */
export async function erasedStreams(db: Database, table: string, batch: readonly Message[]): Promise<ReadonlySet<string>> {
  if (batch.length === 0) return new Set();
  await sql`lock table ${sql.table(table)} in row exclusive mode`.execute(db);
  const streams = [...new Set(batch.map(({ stream }) => stream))];
  const { rows } = await sql<{ stream: string }>`select stream from erased_stream where stream = any(${streams}::text[])`.execute(db);
  return new Set(rows.map(({ stream }) => stream));
}

/** Deletes what stands of erased people: attributes, records, and the profiles of every account that was ever linked. */
export async function forgetErased(db: Database, batch: readonly Message[]): Promise<void> {
  const erased = batch.filter(({ type }) => type === 'IdentityErased').map(({ data }) => data.identityId as string);
  if (erased.length === 0) return;
  for (const { name } of [accountProfile, identityProfile, workerRecords])
    await sql`lock table ${sql.table(name)} in share row exclusive mode`.execute(db);
  const { rows } = await sql<{ stream: string }>`select stream from identity_stream where identity_id = any(${erased}::uuid[])`.execute(db);
  const streams = [...new Set([...rows.map(({ stream }) => stream), ...erased.map(streamOf.identity)])];
  await sql`insert into erased_stream select unnest(${streams}::text[]) on conflict do nothing`.execute(db);
  const accounts = streams.map(parseStream).filter((parsed) => parsed?.category === 'account') as { connection: string; id: string }[];
  await sql`
    delete from account_profile using unnest(${accounts.map(({ connection }) => connection)}::text[], ${accounts.map(({ id }) => id)}::text[]) as a(connection, id)
    where account_profile.connection = a.connection and account_profile.account_id = a.id`.execute(db);
  await sql`delete from identity_profile where identity_id = any(${erased}::text[])`.execute(db);
  await sql`delete from worker_records where stream = any(${streams}::text[])`.execute(db);
}
