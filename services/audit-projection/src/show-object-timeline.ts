import { streamOf } from '@muster/contracts';
import type { Database } from '@muster/read-store';
import { sql } from 'kysely';
import { findObjects, type ObjectThen } from './objects.ts';
import { type Cause, causeOf, causesOf } from './causes.ts';
import { LONGEST_TIMELINE, type TimelineEntry } from './show-timeline.ts';
import { projectedUpTo, type UpTo } from './up-to.ts';

export interface ObjectTimeline {
  readonly upTo: UpTo;
  /** Every group or app of that name, as they are now. */
  readonly objects: readonly ObjectThen[];
  readonly entries: readonly TimelineEntry[];
  /** True: older entries were left out. */
  readonly cut: boolean;
}

interface Row {
  stream: string;
  revision: number;
  event_id: string;
  type: string;
  occurred_at: Date;
  recorded_at: Date;
  correlation_id: string;
  causation_id: string | null;
  summary: string;
}

const entryOf = (row: Row, causes: ReadonlyMap<string, Cause>): TimelineEntry => ({
  recordedAt: row.recorded_at.toISOString(),
  occurredAt: row.occurred_at.toISOString(),
  stream: row.stream,
  revision: row.revision,
  eventId: row.event_id,
  type: row.type,
  summary: row.summary,
  correlationId: row.correlation_id,
  ...causeOf(causes, row.causation_id ?? undefined),
});

/** Facts of one group or app: its own, those of everybody who holds it, and of what a group holds. A row that only cut an earlier one short is no fact of its own. */
const factsOf = ({ connection, kind, id }: ObjectThen) => sql`
  select ${kind === 'group' ? streamOf.group(connection, id) : streamOf.app(connection, id)}::text as stream, revision,
    ${kind}::text || case existence when 'deleted' then ' is gone' else ' is there' || coalesce(', called ' || name, '') end as summary
  from object_state where connection = ${connection} and kind = ${kind} and object_id = ${id} and said_by = revision
  union
  select h.holder_kind || '-' || h.connection || '.' || h.holder_id, h.revision,
    h.holder_kind || ' ' || h.holder_id || coalesce(' (' || p.display_name || ')', '')
      || case when h.held then ' has it' || case h.via when 'direct' then '' else ' by ' || h.via || coalesce(' ' || h.via_id, '') end else ' has it no more' end
  from held h
  left join link l on l.connection = h.connection and l.account_id = h.holder_id and h.holder_kind = 'account' and l.linked
    and l.known_to = 'infinity' and l.valid_to = 'infinity'
  left join person p on p.identity_id = l.identity_id::uuid
  where h.connection = ${connection} and h.kind = ${kind} and h.object_id = ${id} and h.said_by = h.revision
  union
  select ${kind === 'group' ? streamOf.group(connection, id) : ''}::text, h.revision,
    case when h.held then 'it is given ' else 'it has no more ' end || h.kind || ' ' || coalesce(o.name, h.object_id)
  from held h left join object_name o on o.connection = h.connection and o.kind = h.kind and o.id = h.object_id
  where h.connection = ${connection} and h.holder_kind = ${kind} and h.holder_id = ${id} and h.said_by = h.revision`;

/** What happened to a group or app and who came and went, in the order in which the store took it. Deleted ones too. */
export async function showObjectTimeline(
  db: Database,
  asked: { kind: 'group' | 'app'; name: string },
  now: string,
): Promise<ObjectTimeline> {
  const upTo = await projectedUpTo(db);
  const objects = await findObjects(db, asked, { asOf: now, knownAt: now });
  const { rows } = await sql<Row>`
    select * from (
      select e.commit_position, e.stream, e.revision, e.event_id, e.type, e.occurred_at, e.recorded_at, e.correlation_id, e.causation_id,
        string_agg(distinct f.summary, '; ' order by f.summary) as summary
      from (${sql.join(objects.map(factsOf), sql` union `)}) f join event_index e on e.stream = f.stream and e.revision = f.revision
      group by e.stream, e.revision
      order by e.commit_position desc, e.revision desc limit ${LONGEST_TIMELINE + 1}) newest
    order by commit_position, revision`.execute(db);
  const cut = rows.length > LONGEST_TIMELINE;
  const newest = cut ? rows.slice(1) : rows;
  const causes = await causesOf(
    db,
    newest.flatMap(({ causation_id: id }) => id ?? []),
  );
  return { upTo, objects, entries: newest.map((row) => entryOf(row, causes)), cut };
}
