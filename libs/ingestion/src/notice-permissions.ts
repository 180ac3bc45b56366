import { hasNewSight } from '@muster/identity';
import { upsertWork } from '@muster/work';
import { sql } from 'kysely';
import { readsOf } from './reads-of.ts';
import { FULL_READ, scheduleFetches } from './rows.ts';
import type { ObjectKind, Source } from './source.ts';

/**
 * A permission that the last full read lacked and that is there now starts a full read, and every object that could not be seen whole is fetched again.
 * Safe to repeat.
 *
 * @throws Fault of the connector
 */
export async function noticePermissions(source: Source): Promise<void> {
  const { name } = source.config;
  const state = await readsOf(source);
  const { missing } = await source.connection.readers.permissions.permissions();
  if (!hasNewSight(state, missing)) return;
  await source.database.transaction(async (transaction) => {
    await upsertWork(transaction, [{ kind: FULL_READ, key: name, connection: name }]);
    const now = source.now();
    const { rows } = await sql<{ kind: ObjectKind; id: string }>`
      update watched_object set withheld = false, recheck_at = greatest(recheck_at, ${now.toISOString()}) where connection = ${name} and withheld
      returning kind, id`.execute(transaction);
    await scheduleFetches(
      transaction,
      name,
      rows.map((ref) => ({ ...ref, due: now })),
    );
  });
}
