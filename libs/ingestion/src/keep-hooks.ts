import type { KeptHook, KnownHook } from '@muster/connector';
import type { Database } from '@muster/read-store';
import { sql } from 'kysely';
import { hastenChanges } from './rows.ts';
import type { Source } from './source.ts';

interface Row extends KnownHook {
  renew: boolean;
}

/**
 * Has the connector make, mend and renew the vendor's hooks, and keeps what came of it. After a gap the log or delta is read at once, so that what was
 * not told is found.
 *
 * @returns when to look again; undefined: the connection file has us register no hook
 * @throws Fault of the connector where a later try may help
 */
export async function keepHooks(source: Source): Promise<{ againInMs: number } | undefined> {
  const { name } = source.config;
  const keeper = source.connection.hooks;
  if (!keeper) return undefined;
  const { rows } = await sql<Row>`select of, id, print, state, renew from kept_hook where connection = ${name}`.execute(source.database.db);
  const renew = rows.filter((row) => row.renew).map(({ id }) => id);
  const { hooks, againInMs } = await keeper.keep(rows, { lane: 'live', renew });
  for (const { of, state, because } of hooks)
    if (state !== 'active') source.logger.warn({ connection: name, of, state, because }, 'no hook: changes are found by polling');
  await source.database.transaction(async (transaction) => {
    await save(transaction, source, hooks);
    if (hooks.some(({ renewed }) => renewed)) await hastenChanges(transaction, name);
  });
  return { againInMs };
}

async function save(transaction: Database, source: Source, hooks: readonly KeptHook[]): Promise<void> {
  const { name } = source.config;
  const rows = hooks.map(({ of, id = '', print = '', state, expiresAt = null, because = null }) => ({
    of,
    id,
    print,
    state,
    expires_at: expiresAt,
    because,
  }));
  await sql`delete from kept_hook where connection = ${name}`.execute(transaction);
  await sql`
    insert into kept_hook (connection, of, id, print, state, expires_at, because, checked_at)
    select ${name}, of, id, print, state, expires_at, because, ${source.now().toISOString()}::timestamptz
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(of text, id text, print text, state text, expires_at timestamptz, because text)`.execute(
    transaction,
  );
}
