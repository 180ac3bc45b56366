import { randomUUID } from 'node:crypto';
import { type Connection, faultOf, type Page } from '@muster/connector';
import type { ReadRef, ReadStarted } from '@muster/contracts';
import {
  advanceWatermark,
  commitPage,
  completeRead,
  concludeAbsences,
  failRead,
  type OpenRead,
  type ReadEnd,
  startRead,
} from '@muster/identity';
import { objectsThere } from './known-objects.ts';
import { noteDifferences } from './note-hints.ts';
import { decide, readsOf, record } from './reads-of.ts';
import { recordStaged } from './record-staged.ts';
import type { ObjectKind, ObjectRef, Source } from './source.ts';
import { beginStaging, endStaging, holdsRead, notedShortfalls, noteShortfalls, stagedIds, stagePage } from './staging.ts';

type Scope = ReadStarted['scopes'][number];
type Shortfall = ReadEnd['shortfalls'][number];

const SCOPES: Scope[] = ['users', 'groups', 'apps', 'memberships', 'app-assignments'];

/**
 * Reads everything of a connection, or goes on with a read that was cut off behind its last committed page, and ends with a proof of what was
 * covered. Objects that have no stream get one; every other difference is fetched before it becomes a fact; absences are looked into only if the
 * read was complete. `first`: none was complete before.
 *
 * @throws Fault of the connector. A read that a fault interrupts stays open; one that is refused is given up.
 */
export async function fullRead(source: Source): Promise<{ complete: boolean; first: boolean }> {
  const before = await readsOf(source);
  const open = await openRead(source);
  try {
    await readLists(source, open);
    const shortfalls = await notedShortfalls(source.database.db, open.read.readId);
    const compared = await recordStaged(source, open.read);
    const complete = await concludeRead(source, open.read, { shortfalls, compared });
    await endStaging(source.database.db, source.config.name, open.read.readId);
    return { complete, first: before.lastComplete === undefined };
  } catch (error) {
    const fault = faultOf(error);
    if (fault && (fault.kind === 'refused' || fault.kind === 'unauthorised')) {
      await decide(source, open.read, failRead(source.config.name, open.read.readId, fault.record()));
      await endStaging(source.database.db, source.config.name, open.read.readId);
    }
    throw error;
  }
}

async function openRead(source: Source): Promise<OpenRead> {
  const { name } = source.config;
  const fresh: ReadRef = { readId: randomUUID(), kind: 'full', startedAt: source.now().toISOString() };
  const state = await readsOf(source);
  if (state.open && (await holdsRead(source.database.db, name, state.open.read.readId))) return state.open;
  if (state.open) {
    const message = 'the pages read so far were lost with the database; the read begins anew';
    await decide(source, state.open.read, failRead(name, state.open.read.readId, { code: 'read.pages_lost', kind: 'transient', message }));
  }
  await markChanges(source, fresh);
  await beginStaging(source.database.db, name, fresh.readId);
  const started = await decide(source, fresh, startRead({ connection: name, read: fresh, scopes: SCOPES }));
  if (!started.open) throw new TypeError(`read ${fresh.readId} of ${name} did not open`);
  return started.open;
}

/** Takes the place in every log of changes before the lists are read, so that nothing falls between the two. */
async function markChanges(source: Source, read: ReadRef): Promise<void> {
  const { name } = source.config;
  const state = await readsOf(source);
  for (const reader of source.connection.readers.changes) {
    if (state.watermarks[reader.source]) continue;
    for await (const page of reader.changes(undefined, { lane: 'live' })) {
      if (!page.next) continue;
      const watermark = { connection: name, source: reader.source, watermark: page.next, readAt: page.startedAt };
      await decide(source, read, advanceWatermark(watermark));
      break;
    }
  }
}

interface List {
  readonly scope: Scope;
  readonly part?: string;
  pages(from: string | undefined): AsyncIterable<Page<never>>;
}

/** The lists of a full read. Those of members and assignments are known only once groups and apps are in. */
async function* lists(source: Source, readId: string): AsyncGenerator<List> {
  const { readers }: Connection = source.connection;
  yield { scope: 'users', pages: (from) => readers.accounts.listAccounts(from) as AsyncIterable<Page<never>> };
  yield { scope: 'groups', pages: (from) => readers.groups.listGroups(from) as AsyncIterable<Page<never>> };
  yield { scope: 'apps', pages: (from) => readers.apps.listApps(from) as AsyncIterable<Page<never>> };
  for (const id of await sorted(source, readId, 'group'))
    yield { scope: 'memberships', part: id, pages: (from) => readers.entitlements.listMembers(id, from) as AsyncIterable<Page<never>> };
  for (const id of await sorted(source, readId, 'app'))
    yield {
      scope: 'app-assignments',
      part: id,
      pages: (from) => readers.entitlements.listAssignments(id, from) as AsyncIterable<Page<never>>,
    };
}

const sorted = async (source: Source, readId: string, kind: ObjectKind): Promise<string[]> =>
  [...(await stagedIds(source.database.db, readId, kind))].toSorted();

async function readLists(source: Source, open: OpenRead): Promise<void> {
  for await (const list of lists(source, open.read.readId)) await readList(source, open, list);
}

/** Reads one list to its end. A list that ended before without a cursor is not read again; what was said against it then still stands. */
async function readList(source: Source, open: OpenRead, list: List): Promise<void> {
  const { scope } = list;
  const place = placeOf(source, open, list);
  const committed = open.parts[place.part === undefined ? scope : `${scope}/${place.part}`];
  if (committed && committed.cursor === undefined) return;
  let page = committed ? committed.page + 1 : 0;
  let last: Page<never> | undefined;
  for await (const read of list.pages(committed?.cursor)) {
    await stagePage(source.database.db, open.read.readId, read);
    await noteShortfalls(source.database.db, open.read.readId, shortfallsOf(scope, read));
    const cursor = read.next === undefined ? {} : { cursor: read.next };
    await decide(source, open.read, commitPage({ ...place, page, items: read.items.length, ...cursor }));
    page += 1;
    last = read;
  }
  if (last?.complete === undefined) await noteShortfalls(source.database.db, open.read.readId, [cutOff(scope)]);
}

const placeOf = ({ config }: Source, { read }: OpenRead, { scope, part }: List) => ({
  connection: config.name,
  readId: read.readId,
  scope,
  ...(part === undefined ? {} : { part }),
});

const cutOff = (scope: Scope): Shortfall => ({
  code: 'read.list_cut_off',
  scope,
  message: 'the list ended without saying that it was whole',
});

function shortfallsOf(scope: Scope, { complete, incompleteBecause = [] }: Page<never>): readonly Shortfall[] {
  return complete === false && incompleteBecause.length === 0 ? [cutOff(scope)] : incompleteBecause;
}

interface Found {
  shortfalls: readonly Shortfall[];
  compared: { created: number; differing: readonly ObjectRef[] };
}

async function concludeRead(source: Source, read: ReadRef, { shortfalls, compared }: Found): Promise<boolean> {
  const permissions = await source.connection.readers.permissions.permissions();
  const absent = await absentObjects(source, read);
  const { state: ended, events } = await record(
    source,
    read,
    completeRead(read.readId, {
      finishedAt: source.now().toISOString(),
      permissions: permissions.granted ?? [],
      missingPermissions: permissions.missing,
      shortfalls,
      differences: { created: compared.created, changed: compared.differing.length, gone: absent.length },
    }),
  );
  const complete = ended.lastComplete?.readId === read.readId;
  const [end] = events;
  const cause = end && { causationId: end.id, correlationId: read.readId };
  await source.database.transaction(async (transaction) => {
    await noteDifferences(transaction, source, compared.differing, { deletion: null, cause });
    if (complete) await noteDifferences(transaction, source, absent, { deletion: 'full-read', cause });
  });
  if (!complete)
    source.logger.warn(
      { connection: source.config.name, readId: read.readId, shortfalls, missing: permissions.missing },
      'a full read was incomplete: nothing is concluded from what it did not show',
    );
  return complete;
}

/** What would be absent if the read proves complete; nothing is done about it otherwise. */
async function absentObjects(source: Source, read: ReadRef): Promise<ObjectRef[]> {
  const absent: ObjectRef[] = [];
  for (const kind of ['account', 'group', 'app'] as const) {
    const seen = await stagedIds(source.database.db, read.readId, kind);
    const known = await objectsThere(source, kind);
    const ids = concludeAbsences({ complete: true, read }, known, { seen, settleMs: source.config.settleMs });
    absent.push(...ids.map((id) => ({ kind, id })));
  }
  return absent;
}
