import type { Database } from '@muster/read-store';
import { sql } from 'kysely';
import { atPoint } from './at-point.ts';
import type { Axes } from './axes.ts';
import { type ObjectThen, objectKey, objectsAt } from './objects.ts';

/** How somebody holds something: by the system's own word, and the groups on the way, the nearest to the holder first. */
export interface Path {
  readonly how: string;
  readonly through: readonly string[];
}

/** An account that holds a group or app, and whose it is. Names of people are those of today. */
export interface Holder {
  readonly connection: string;
  readonly accountId: string;
  readonly enabled: boolean | null;
  /** Since when, by the oldest of the paths that hold. */
  readonly since: string;
  readonly via: readonly Path[];
  readonly identityId?: string;
  readonly employeeNumber?: string;
  readonly displayName?: string;
}

interface Row {
  holder_id: string;
  kind: string;
  object_id: string;
  via: string;
  via_id: string | null;
  /** Milliseconds since 1970. */
  since: number;
  enabled: boolean | null;
  identity_id: string | null;
  employee_number: string | null;
  display_name: string | null;
}

type Ways = ReadonlyMap<string, readonly string[]>;

const DEEPEST = 32;

/** Groups that hold any of these groups or apps at a point. A group that is deleted then holds nothing. */
async function groupsHolding(
  db: Database,
  objects: readonly { kind: string; id: string }[],
  { connection, axes }: { connection: string; axes: Axes },
) {
  const { rows } = await sql<{ holder_id: string; object_id: string }>`
    select h.holder_id, h.object_id
    from unnest(${objects.map(({ kind }) => kind)}::text[], ${objects.map(({ id }) => id)}::text[]) as o(kind, id)
    join held h on h.connection = ${connection} and h.kind = o.kind and h.object_id = o.id and h.holder_kind = 'group' and h.held and ${atPoint('h', axes)}
    where not exists (
      select from object_state s where s.connection = ${connection} and s.kind = 'group' and s.object_id = h.holder_id and s.existence = 'deleted' and ${atPoint('s', axes)})
    order by h.object_id, h.holder_id`.execute(db);
  return rows;
}

/**
 * The groups whose members have the object, each with the shortest way to it, the nearest to the member first. Groups within groups are followed to any depth,
 * circles once; to an app only the groups that hold it themselves lead: members of nested groups are not given it (Microsoft Entra: "nested group
 * memberships aren't supported" for app assignments; Okta has no nested groups).
 */
async function waysTo(db: Database, { connection, kind, id }: ObjectThen, axes: Axes): Promise<Ways> {
  const ways = new Map<string, readonly string[]>(kind === 'group' ? [[id, []]] : []);
  let level: { kind: string; id: string }[] = [{ kind, id }];
  for (let depth = 0; level.length > 0 && depth < DEEPEST; depth += 1) {
    const next: { kind: string; id: string }[] = [];
    for (const { holder_id: group, object_id: object } of await groupsHolding(db, level, { connection, axes })) {
      if (ways.has(group)) continue;
      ways.set(group, [group, ...(ways.get(object) ?? [])]);
      next.push({ kind: 'group', id: group });
    }
    level = kind === 'app' ? [] : next;
  }
  return ways;
}

/**
 * The accounts that hold any of these objects at a point. What is asked for stands in the statement as values, not as a joined list: only then does the planner know how many
 * members a group has. Accounts that are gone or cannot be used are few, and have an index of their own.
 */
async function accountsHolding(db: Database, { connection, kind }: ObjectThen, ids: readonly string[], axes: Axes): Promise<Row[]> {
  if (ids.length === 0) return [];
  const { rows } = await sql<Row>`
    select h.holder_id, h.kind, h.object_id, h.via, h.via_id, (extract(epoch from h.valid_from) * 1000)::bigint as since,
      case when a.account_id is null then true else a.enabled end as enabled, l.identity_id, p.employee_number, p.display_name
    from held h
    left join account_state a on a.connection = ${connection} and a.account_id = h.holder_id and (a.existence = 'deleted' or a.enabled is not true) and ${atPoint('a', axes)}
    left join link l on l.connection = ${connection} and l.account_id = h.holder_id and l.linked and ${atPoint('l', axes)}
    left join person p on p.identity_id = l.identity_id::uuid
    where h.connection = ${connection} and h.kind = ${kind} and h.object_id = any(${[...ids]}::text[]) and h.holder_kind = 'account' and h.held and ${atPoint('h', axes)}
      and a.existence is distinct from 'deleted'`.execute(db);
  return rows;
}

const byHolder = (a: Row, b: Row): number => (a.holder_id < b.holder_id ? -1 : a.holder_id > b.holder_id ? 1 : 0);

/** Everybody who holds a group or app at a point, directly or through groups. Of a group or app that is deleted then: nobody. */
export async function holdersOf(db: Database, object: ObjectThen, axes: Axes): Promise<Holder[]> {
  if (object.existence === 'deleted') return [];
  const ways = await waysTo(db, object, axes);
  const rows = await accountsHolding(db, { ...object, kind: 'group' }, [...ways.keys()], axes);
  if (object.kind !== 'group') rows.push(...(await accountsHolding(db, object, [object.id], axes)));
  return [...Map.groupBy(rows.toSorted(byHolder), ({ holder_id: id }) => id).values()].map((of) => holder(object.connection, of, ways));
}

function holder(connection: string, rows: readonly Row[], ways: Ways): Holder {
  const [first] = rows as readonly [Row];
  const { identity_id: identityId, employee_number: employeeNumber, display_name: displayName } = first;
  return {
    connection,
    accountId: first.holder_id,
    enabled: first.enabled,
    since: new Date(Math.min(...rows.map(({ since }) => since))).toISOString(),
    via: pathsOf(
      rows.filter((row) => row.identity_id === identityId),
      ways,
    ),
    ...(identityId === null ? {} : { identityId }),
    ...(employeeNumber === null ? {} : { employeeNumber }),
    ...(displayName === null ? {} : { displayName }),
  };
}

/** What a system says it gives through a group is that group's path. */
function pathOf({ kind, object_id: id, via, via_id: viaId }: Row, ways: Ways): Path {
  const way = kind === 'group' ? (ways.get(id) ?? []) : [];
  return { how: via, through: via === 'group' && viaId !== null ? [viaId, ...way] : way };
}

/** Direct paths first, then the shortest. */
function pathsOf(rows: readonly Row[], ways: Ways): Path[] {
  const paths = rows.map((row) => pathOf(row, ways));
  if (paths.length === 1) return paths;
  const unique = new Map(paths.map((path) => [JSON.stringify(path), path]));
  return [...unique.values()].toSorted((a, b) => a.through.length - b.through.length);
}

/** The names of groups on the way, at the same point. */
export async function namesOnTheWay(
  db: Database,
  connection: string,
  holders: readonly Holder[],
  axes: Axes,
): Promise<Record<string, string>> {
  const ids = [...new Set(holders.flatMap(({ via }) => via.flatMap(({ through }) => through)))];
  const objects = await objectsAt(
    db,
    ids.map((id) => ({ connection, kind: 'group', id })),
    axes,
  );
  return Object.fromEntries(
    ids.flatMap((id) => {
      const name = objects.get(objectKey({ connection, kind: 'group', id }))?.name;
      return name === undefined ? [] : [[id, name]];
    }),
  );
}
