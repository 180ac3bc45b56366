import { createHash } from 'node:crypto';
import type { ConnectionConfig } from '@muster/connector';
import type { Database } from '@muster/read-store';
import { sql } from 'kysely';
import { markEverybody } from './open-run.ts';

/** What plans depend on, of each connection; no secret is among it. */
const fingerprintOf = (connections: readonly ConnectionConfig[]): string => {
  const told = connections.map(({ credential: _secret, ...config }) => config);
  return createHash('sha256').update(JSON.stringify(told)).digest('hex');
};

/**
 * Has everybody looked at again if this start runs on other settings than the last one: a connection that has become live, a new limit, another domain. To be
 * called at each start; a repeat after a crash does no harm.
 */
export async function lookAgainIfSettingsChanged(db: Database, connections: readonly ConnectionConfig[]): Promise<boolean> {
  const fingerprint = fingerprintOf(connections);
  const { rows } = await sql<{ fingerprint: string }>`select fingerprint from planned_with`.execute(db);
  if (rows[0]?.fingerprint === fingerprint) return false;
  await markEverybody(db);
  await sql`
    insert into planned_with (only_one, fingerprint) values (true, ${fingerprint})
    on conflict (only_one) do update set fingerprint = excluded.fingerprint`.execute(db);
  return true;
}
