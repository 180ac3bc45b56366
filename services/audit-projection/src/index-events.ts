import type { Message } from '@muster/messaging';
import type { Database } from '@muster/read-store';
import { sql } from 'kysely';

/** Old explicit transactions have a second part behind a slash; the order of all others is told by the first. */
const commitOf = (position: string): string => position.split('/', 1)[0] as string;

/** Notes where each event stands. Each is counted once, however often it comes. */
export async function indexEvents(db: Database, batch: readonly Message[]): Promise<void> {
  const rows = batch.map(({ stream, revision, position, type, id, occurredAt, recordedAt, correlationId, causationId }) => ({
    stream,
    revision,
    position,
    commit_position: commitOf(position),
    type,
    event_id: id,
    occurred_at: occurredAt,
    recorded_at: recordedAt,
    correlation_id: correlationId,
    causation_id: causationId ?? null,
  }));
  await sql`
    with added as (
      insert into event_index
      select * from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(
        stream text, revision bigint, position text, commit_position numeric, type text, event_id text,
        occurred_at timestamptz, recorded_at timestamptz, correlation_id text, causation_id text)
      on conflict (stream, revision) do nothing
      returning stream, revision
    ), counted as (
      select 'events' as what, count(*) as count from added
      union all
      select split_part(stream, '-', 1), count(*) from added where revision = 0 group by 1
    )
    insert into event_count as c (what, count)
    select what, count from counted where count > 0 order by what
    on conflict (what) do update set count = c.count + excluded.count`.execute(db);
}

/** How many events there are, and how many streams of each category, by its name. */
export async function countEvents(db: Database): Promise<ReadonlyMap<string, number>> {
  const { rows } = await sql<{ what: string; count: number }>`select what, count from event_count`.execute(db);
  return new Map(rows.map(({ what, count }) => [what, count]));
}
