import type { Database } from '@muster/read-store';
import { ProblemError } from '@muster/service-kit';
import { sql } from 'kysely';
import { atPoint } from './at-point.ts';
import type { Axes } from './axes.ts';

/** A group or app, named as it was at the point that was asked for. */
export interface ObjectThen {
  readonly connection: string;
  readonly kind: string;
  readonly id: string;
  readonly name?: string;
  /** `unknown`: it had not been seen by then. */
  readonly existence: 'there' | 'deleted' | 'unknown';
}

interface Row {
  connection: string;
  kind: string;
  object_id: string;
  name: string | null;
  existence: 'there' | 'deleted' | null;
}

const thenOf = ({ connection, kind, object_id: id, name, existence }: Row): ObjectThen => ({
  connection,
  kind,
  id,
  existence: existence ?? 'unknown',
  ...(name === null ? {} : { name }),
});

/** Identifies an object among those of all connections. */
export const objectKey = ({ connection, kind, id }: { connection: string; kind: string; id: string }): string =>
  `${connection} ${kind} ${id}`;

/** The state of objects at a point, by `objectKey`; of each that was ever seen. */
export async function objectsAt(
  db: Database,
  refs: readonly { connection: string; kind: string; id: string }[],
  axes: Axes,
): Promise<ReadonlyMap<string, ObjectThen>> {
  if (refs.length === 0) return new Map();
  const { rows } = await sql<Row>`
    select s.connection, s.kind, s.object_id, s.name, s.existence
    from (select distinct * from unnest(
      ${refs.map(({ connection }) => connection)}::text[], ${refs.map(({ kind }) => kind)}::text[], ${refs.map(({ id }) => id)}::text[])) as r(connection, kind, object_id)
    join object_state s on s.connection = r.connection and s.kind = r.kind and s.object_id = r.object_id and ${atPoint('s', axes)}`.execute(
    db,
  );
  return new Map(rows.map(thenOf).map((object) => [objectKey(object), object]));
}

const MOST = 50;

/**
 * Every group or app that bears a name or id, or ever bore the name, with its state at a point. Names that are borne now win over former ones.
 *
 * @throws ProblemError object.unknown if there is none.
 */
export async function findObjects(
  db: Database,
  asked: { kind: 'group' | 'app'; name: string; connection?: string | undefined },
  axes: Axes,
): Promise<ObjectThen[]> {
  const { kind, name, connection } = asked;
  const { rows } = await sql<Row & { current: boolean }>`
    with found as (
      select connection, object_id, bool_or(known_to = 'infinity' and valid_to = 'infinity') as current from object_state
      where kind = ${kind} and (name = ${name} or object_id = ${name}) and (${connection ?? null}::text is null or connection = ${connection ?? null})
      group by connection, object_id
    )
    select f.connection, ${kind}::text as kind, f.object_id, f.current, s.existence, coalesce(s.name, (
      select o.name from object_name o where o.connection = f.connection and o.kind = ${kind} and o.id = f.object_id)) as name
    from found f
    left join object_state s on s.connection = f.connection and s.kind = ${kind} and s.object_id = f.object_id and ${atPoint('s', axes)}
    order by f.connection, f.object_id limit ${MOST}`.execute(db);
  if (rows.length === 0) throw new ProblemError('object.unknown', { values: { kind } });
  const current = rows.filter((row) => row.current);
  return (current.length > 0 ? current : rows).map(thenOf);
}
