import { type EntitlementRef, streamOf } from '@muster/contracts';
import type { EventStore } from '@muster/event-store';
import { appCategory, fold, groupCategory } from '@muster/identity';
import type { Database } from '@muster/read-store';
import { sql } from 'kysely';
import { type Axes, within } from './axes.ts';
import type { Person } from './find-person.ts';
import { type NameOf, namesOf } from './object-names.ts';
import { type AccountThen, personAsOf, type PersonThen } from './person-as-of.ts';
import { readEvents, readHistory } from './person-history.ts';
import { projectedUpTo, type UpTo } from './up-to.ts';

export interface AsOf extends Omit<PersonThen, 'accounts' | 'notes'> {
  readonly upTo: UpTo;
  readonly person: Person;
  readonly asOf: string;
  readonly knownAt: string;
  readonly accounts: readonly (Omit<AccountThen, 'entitlements'> & {
    readonly entitlements: readonly (EntitlementRef & { readonly name?: string })[];
  })[];
  /** What must be known to read the answer rightly: a connection that is named was not read completely by then, so what is not shown is unknown, not absent. */
  readonly notes: readonly { readonly connection?: string; readonly note: string }[];
}

interface Asking {
  readonly store: EventStore;
  readonly db: Database;
  /** The directories of the connection file. */
  readonly directories: readonly string[];
}

/** One person at a past date: attributes, accounts and access, as far as they were known at a date of their own. */
export async function showAsOf({ store, db, directories }: Asking, person: Person, axes: Axes): Promise<AsOf> {
  const upTo = await projectedUpTo(db);
  const { events } = await readHistory(store, person.identityId, { upTo: upTo.position });
  const { accounts, notes, ...then } = personAsOf(events, axes);
  const refs = accounts.flatMap(({ connection, entitlements }) => entitlements.map((one) => ({ connection, ...one })));
  const nameOf = await namesOf(db, refs);
  const objects = await objectsThen(store, refs, { ...axes, upTo: upTo.position });
  const unread = await unreadConnections(db, [...directories, ...accounts.map(({ connection }) => connection)], axes);
  return {
    upTo,
    person,
    ...axes,
    ...then,
    accounts: accounts.map((account) => ({ ...account, entitlements: entitlementsThen(account, objects, nameOf) })),
    notes: [
      ...notes.map((note) => ({ note })),
      ...unread.map((connection) => ({
        connection,
        note: 'unknown: not read completely by then, so what is not shown here may have been there',
      })),
    ],
  };
}

interface ObjectThen {
  readonly existence: 'unknown' | 'there' | 'deleted';
  readonly name?: string;
}

const refKey = (connection: string, { kind, id }: EntitlementRef): string => `${connection} ${kind} ${id}`;
const AT_ONCE = 16;

/** Groups and apps as they were: one that was deleted is held by nobody. */
async function objectsThen(
  store: EventStore,
  refs: readonly (EntitlementRef & { connection: string })[],
  point: Axes & { upTo: string },
): Promise<Map<string, ObjectThen>> {
  const found = new Map<string, ObjectThen>();
  const wanted = [...new Map(refs.map((ref) => [refKey(ref.connection, ref), ref]))];
  for (let start = 0; start < wanted.length; start += AT_ONCE) {
    await Promise.all(
      wanted.slice(start, start + AT_ONCE).map(async ([key, ref]) => {
        const object = await objectThen(store, ref, point);
        if (object) found.set(key, object);
      }),
    );
  }
  return found;
}

async function objectThen(
  store: EventStore,
  { connection, kind, id }: EntitlementRef & { connection: string },
  point: Axes & { upTo: string },
): Promise<ObjectThen | undefined> {
  if (kind !== 'group' && kind !== 'app') return undefined;
  const events = (await readEvents(store, streamOf[kind](connection, id), point)).filter(within(point)) as unknown;
  return kind === 'group'
    ? fold(groupCategory, events as Parameters<typeof fold<typeof groupCategory.initial, never>>[1])
    : fold(appCategory, events as Parameters<typeof fold<typeof appCategory.initial, never>>[1]);
}

function entitlementsThen({ connection, entitlements }: AccountThen, objects: ReadonlyMap<string, ObjectThen>, nameOf: NameOf) {
  return entitlements.flatMap(({ kind, id }) => {
    const object = objects.get(refKey(connection, { kind, id }));
    if (object?.existence === 'deleted') return [];
    const name = object?.name ?? nameOf(connection, { kind, id });
    return [{ kind, id, ...(name === undefined ? {} : { name }) }];
  });
}

/** Connections of which no complete read was true and known by then. */
async function unreadConnections(db: Database, connections: readonly string[], { asOf, knownAt }: Axes): Promise<string[]> {
  const { rows } = await sql<{ connection: string }>`
    select distinct connection from complete_read where occurred_at <= ${asOf} and recorded_at <= ${knownAt}`.execute(db);
  const read = new Set(rows.map(({ connection }) => connection));
  return [...new Set(connections)].filter((connection) => !read.has(connection)).toSorted();
}
