import type { Database } from '@muster/read-store';
import { sql } from 'kysely';
import type { Arrival } from './message.ts';

/** What is known of the streams and keys of a batch before its transaction. */
export interface Known {
  /** The last revision of each stream that was dealt with; absent: none. */
  revisions: Map<string, number>;
  /** Keys (see `keyName`) with a dead letter in front: their messages wait behind it. */
  parked: Set<string>;
}

/** A stream's step within one transaction, from the revision that was seen to the last one of the batch. */
export interface Step {
  stream: string;
  previous: number;
  revision: number;
}

/** Somebody else has dealt with some of these messages meanwhile: look again. */
export class Overtaken extends Error {}

export const keyName = (topic: string, key: string): string => `${topic} ${key}`;

/** One query, outside any transaction; the transaction itself checks again (`advance`, `lockParked`). */
export async function lookUp(db: Database, arrivals: readonly Arrival[]): Promise<Known> {
  const streams = [...new Set(arrivals.map(({ stream }) => stream))];
  const keys = [...new Set(arrivals.map(({ key }) => key))];
  const { rows } = await sql<{ stream: string | null; revision: number | null; topic: string | null; key: string | null }>`
    select stream, revision, null as topic, null as key from seen where stream = any(${streams}::text[])
    union all
    select null, null, topic, key from parked_key where key = any(${keys}::text[])`.execute(db);
  const known: Known = { revisions: new Map(), parked: new Set() };
  for (const { stream, revision, topic, key } of rows) {
    if (stream !== null) known.revisions.set(stream, revision as number);
    else known.parked.add(keyName(topic as string, key as string));
  }
  return known;
}

/** Notes the streams of a transaction as dealt with. Throws Overtaken unless each stands exactly where it was seen: the rows stay locked until the commit. */
export async function advance(transaction: Database, steps: readonly Step[]): Promise<void> {
  const { rows } = await sql`
    insert into seen as s (stream, revision, previous)
    select stream, revision, previous from jsonb_to_recordset(${JSON.stringify(steps)}::jsonb) as r(stream text, previous bigint, revision bigint) order by stream
    on conflict (stream) do update set revision = excluded.revision, previous = excluded.previous where s.revision = excluded.previous
    returning 1`.execute(transaction);
  if (rows.length !== steps.length) throw new Overtaken('Another consumer of the group was faster');
}

/** Which of the keys are still parked; they stay so until the transaction ends. */
export async function lockParked(transaction: Database, names: readonly string[]): Promise<Set<string>> {
  const { rows } = await sql<{ topic: string; key: string }>`
    select topic, key from parked_key where topic || ' ' || key = any(${[...names]}::text[]) order by topic, key for update`.execute(
    transaction,
  );
  return new Set(rows.map(({ topic, key }) => keyName(topic, key)));
}

/** The checkpoint of a name; undefined if there is none yet. */
export async function readCheckpoint(db: Database, name: string): Promise<string | undefined> {
  const { rows } = await sql<{ position: string }>`select position from checkpoint where name = ${name}`.execute(db);
  return rows[0]?.position;
}

/** Writes a checkpoint, in a batch's transaction or alone. */
export async function writeCheckpoint(db: Database, name: string, position: string): Promise<void> {
  await sql`
    insert into checkpoint (name, position) values (${name}, ${position})
    on conflict (name) do update set position = excluded.position, updated_at = now()`.execute(db);
}
