import type { Database } from '@muster/read-store';
import { type Lane, upsertWork } from '@muster/work';
import type { ObjectKind, ObjectRef } from './source.ts';

/** The kinds of work rows that reading a connection needs. */
export const FETCH = 'fetch';
export const CHANGES = 'changes';
export const FULL_READ = 'full-read';
export const HOOKS = 'hooks';

/** `okta-main account 00u1`: connection names hold no blanks, and vendor ids come last. */
const fetchKey = (connection: string, { kind, id }: ObjectRef): string => `${connection} ${kind} ${id}`;

/** The object that a fetch row is about. */
export function fetchedObject(key: string): { connection: string; ref: ObjectRef } {
  const [, connection = '', kind = '', id = ''] = /^(\S+) (account|group|app) (.+)$/s.exec(key) ?? [];
  if (id === '') throw new TypeError(`"${key}" is not the key of a fetch`);
  return { connection, ref: { kind: kind as ObjectKind, id } };
}

export async function scheduleFetches(
  transaction: Database,
  connection: string,
  refs: readonly (ObjectRef & { due: Date; lane?: Lane })[],
): Promise<void> {
  await upsertWork(
    transaction,
    refs.map((ref) => ({ kind: FETCH, key: fetchKey(connection, ref), connection, due: ref.due, lane: ref.lane ?? 'live' })),
  );
}

/** Makes sure that a connection is read: whole and by its changes. Rows that are there already keep their time. */
export async function scheduleReads(db: Database, connection: string): Promise<void> {
  await upsertWork(db, [
    { kind: FULL_READ, key: connection, connection, lane: 'live' },
    { kind: CHANGES, key: connection, connection, lane: 'live' },
  ]);
}

/** Has the changes of a connection read now rather than when it is time. */
export const hastenChanges = (db: Database, connection: string): Promise<void> =>
  upsertWork(db, [{ kind: CHANGES, key: connection, connection, lane: 'live' }]);

/** Has the hooks of a connection looked after now. */
export const scheduleHooks = (db: Database, connection: string): Promise<void> =>
  upsertWork(db, [{ kind: HOOKS, key: connection, connection, lane: 'live' }]);
