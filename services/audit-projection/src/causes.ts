import type { Database } from '@muster/read-store';
import { sql } from 'kysely';

/** Where the event stands that caused another. */
export interface Cause {
  readonly type: string;
  readonly stream: string;
  readonly revision: number;
}

/** The events of these ids, those left out that are not projected yet. */
export async function causesOf(db: Database, ids: readonly string[]): Promise<ReadonlyMap<string, Cause>> {
  const { rows } = await sql<Cause & { event_id: string }>`
    select event_id, type, stream, revision from event_index where event_id = any(${[...new Set(ids)]}::text[])`.execute(db);
  return new Map(rows.map(({ event_id: id, ...cause }) => [id, cause]));
}

/** What an entry of a timeline says of its cause. */
export function causeOf(causes: ReadonlyMap<string, Cause>, causationId: string | undefined): { causationId?: string; cause?: Cause } {
  if (causationId === undefined) return {};
  const cause = causes.get(causationId);
  return { causationId, ...(cause ? { cause } : {}) };
}
