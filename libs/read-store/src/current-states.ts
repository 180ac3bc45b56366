import { sql } from 'kysely';
import type { Database } from './read-store.ts';

/** The fold of a stream up to and including a revision. */
export interface CurrentState<S> {
  stream: string;
  revision: number;
  state: S;
}

/**
 * Loads the saved states of some streams in one query; those without a row, or saved under another `fold`, are missing from the answer
 * and are folded from the stream's start. Raise `fold` when evolve or the shape of the state changes. A loaded state is only as new as its row:
 * the caller reads the tail of the stream behind `revision`.
 */
export async function loadStates<S>(db: Database, fold: number, streams: readonly string[]): Promise<Map<string, CurrentState<S>>> {
  if (streams.length === 0) return new Map();
  const { rows } = await sql<CurrentState<S>>`
    select stream, revision, state from current where stream = any(${[...streams]}::text[]) and fold = ${fold}`.execute(db);
  return new Map(rows.map((row) => [row.stream, row]));
}

/**
 * Saves states in one statement. Never takes a stream back: a row that holds a higher revision of the same fold stays. Repeating is harmless.
 */
export async function saveStates<S>(db: Database, fold: number, states: readonly CurrentState<S>[]): Promise<void> {
  if (states.length === 0) return;
  // Rows are taken in one order everywhere, so that two savers never wait for each other in a circle.
  const rows = [...states].sort((a, b) => (a.stream < b.stream ? -1 : 1));
  await sql`
    insert into current as c (stream, revision, fold, state)
    select stream, revision, ${fold}::integer, state from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(stream text, revision bigint, state jsonb)
    on conflict (stream) do update set revision = excluded.revision, fold = excluded.fold, state = excluded.state
    where c.revision < excluded.revision or c.fold <> excluded.fold`.execute(db);
}

/** Forgets the states of some streams; they are folded again from their start. */
export async function dropStates(db: Database, streams: readonly string[]): Promise<void> {
  await sql`delete from current where stream = any(${[...streams]}::text[])`.execute(db);
}
