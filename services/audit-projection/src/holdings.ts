import type { Database } from '@muster/read-store';
import { sql } from 'kysely';
import { atPoint } from './at-point.ts';
import type { Axes } from './axes.ts';

/** A group, app, role or licence that an account has. */
export interface Holding {
  readonly kind: string;
  readonly id: string;
  readonly name?: string;
  readonly how: string;
  /** The groups through which it is held, the nearest to the account first; none: by itself. */
  readonly through: readonly string[];
  readonly since: string;
}

interface Holder {
  readonly connection: string;
  readonly kind: 'account' | 'group';
  readonly id: string;
}

interface Row {
  connection: string;
  holder_id: string;
  kind: string;
  object_id: string;
  via: string;
  via_id: string | null;
  since: Date;
  name: string | null;
}

const DEEPEST = 32;

const holderKey = ({ connection, kind, id }: Holder): string => `${connection} ${kind} ${id}`;

/** What each of these holds itself at a point. A group or app that is deleted then is held by nobody. */
async function heldBy(db: Database, holders: readonly Holder[], axes: Axes): Promise<ReadonlyMap<string, Row[]>> {
  const { rows } = await sql<Row & { holder_kind: 'account' | 'group' }>`
    select h.connection, h.holder_kind, h.holder_id, h.kind, h.object_id, h.via, h.via_id, h.valid_from as since,
      coalesce(s.name, (select o.name from object_name o where o.connection = h.connection and o.kind = h.kind and o.id = h.object_id)) as name
    from unnest(${holders.map(({ connection }) => connection)}::text[], ${holders.map(({ kind }) => kind)}::text[], ${holders.map(({ id }) => id)}::text[])
      as r(connection, kind, id)
    join held h on h.connection = r.connection and h.holder_kind = r.kind and h.holder_id = r.id and h.held and ${atPoint('h', axes)}
    left join object_state s on s.connection = h.connection and s.kind = h.kind and s.object_id = h.object_id and ${atPoint('s', axes)}
    where s.existence is distinct from 'deleted'
    order by h.connection, h.kind, h.object_id`.execute(db);
  return Map.groupBy(rows, ({ connection, holder_kind: kind, holder_id: id }) => holderKey({ connection, kind, id }));
}

const groupsIn = (rows: Iterable<readonly Row[]>): Holder[] =>
  [...rows].flatMap((of) =>
    of.filter(({ kind }) => kind === 'group').map(({ connection, object_id: id }) => ({ connection, kind: 'group' as const, id })),
  );

interface Step {
  readonly row: Row;
  readonly way: readonly string[];
}

const holdingOf = ({ row, way }: Step): Holding => ({
  kind: row.kind,
  id: row.object_id,
  how: row.via,
  through: way,
  since: row.since.toISOString(),
  ...(row.name === null ? {} : { name: row.name }),
});

/** What follows from being in a group. Members of nested groups are not given what the outer group holds, other than its memberships. */
function through(
  { row: { connection, kind, object_id: id }, way }: Step,
  held: ReadonlyMap<string, readonly Row[]>,
  nested: boolean,
): Step[] {
  if (kind !== 'group') return [];
  const above = held.get(holderKey({ connection, kind, id })) ?? [];
  return above.filter((one) => !nested || one.kind === 'group').map((row) => ({ row, way: [...way, id] }));
}

/** What an account has by itself, then through its groups. Of several ways to the same the shortest is kept. */
function follow(own: readonly Row[], held: ReadonlyMap<string, readonly Row[]>): Holding[] {
  const found = new Map<string, Holding>();
  let level: Step[] = own.map((row) => ({ row, way: row.via === 'group' && row.via_id !== null ? [row.via_id] : [] }));
  for (let depth = 0; level.length > 0 && depth < DEEPEST; depth += 1) {
    const next: Step[] = [];
    for (const step of level.toSorted((a, b) => a.way.length - b.way.length)) {
      const key = `${step.row.kind} ${step.row.object_id}`;
      if (found.has(key)) continue;
      found.set(key, holdingOf(step));
      next.push(...through(step, held, depth > 0));
    }
    level = next;
  }
  return [...found.values()].toSorted((a, b) => a.kind.localeCompare(b.kind) || a.id.localeCompare(b.id));
}

/** Everything that accounts hold at a point, directly and through groups, by `connection id`. */
export async function holdingsOf(
  db: Database,
  accounts: readonly { connection: string; accountId: string }[],
  axes: Axes,
): Promise<ReadonlyMap<string, readonly Holding[]>> {
  if (accounts.length === 0) return new Map();
  const holders = accounts.map(({ connection, accountId: id }) => ({ connection, kind: 'account' as const, id }));
  const own = await heldBy(db, holders, axes);
  const held = new Map<string, Row[]>();
  let groups = groupsIn(own.values());
  for (let depth = 0; groups.length > 0 && depth < DEEPEST; depth += 1) {
    const unseen = new Map(groups.map((group) => [holderKey(group), group] as const).filter(([key]) => !held.has(key)));
    if (unseen.size === 0) break;
    const found = await heldBy(db, [...unseen.values()], axes);
    for (const key of unseen.keys()) held.set(key, found.get(key) ?? []);
    groups = groupsIn(found.values());
  }
  return new Map(holders.map((holder) => [`${holder.connection} ${holder.id}`, follow(own.get(holderKey(holder)) ?? [], held)]));
}
