import type { Database } from '@muster/read-store';
import { sql } from 'kysely';

/** What a plan may wait for, by a name that the arrival of it can be told by. */
export const awaits = {
  read: (connection: string): string => `read ${connection}`,
  objects: (connection: string): string => `objects ${connection}`,
  manager: (workerKey: string): string => `manager ${workerKey}`,
} as const;

/** Remembers what a person's plan waits for, in place of what it waited for before. */
export async function setWaiting(db: Database, identityId: string, what: readonly string[]): Promise<void> {
  const wanted = [...new Set(what)].toSorted();
  await sql`
    with gone as (delete from waiting where identity_id = ${identityId} and not (what = any(${wanted}::text[])))
    insert into waiting (identity_id, what) select ${identityId}, unnest(${wanted}::text[]) on conflict do nothing`.execute(db);
}

/** Who waits for one of these. */
export async function whoWaits(db: Database, what: readonly string[]): Promise<Map<string, string[]>> {
  if (what.length === 0) return new Map();
  const { rows } = await sql<{
    identity_id: string;
    what: string;
  }>`select identity_id, what from waiting where what = any(${[...new Set(what)]}::text[])`.execute(db);
  return identitiesBy(rows, (row) => row.what);
}

export interface AccountKey {
  readonly connection: string;
  readonly accountId: string;
}

/** Whose account it is: by its link, and by the match key that it carries. By connection and id, `okta-main 00u1`. */
export async function whoseAccounts(db: Database, accounts: readonly AccountKey[]): Promise<Map<string, string[]>> {
  if (accounts.length === 0) return new Map();
  const keys = JSON.stringify(accounts.map(({ connection, accountId }) => ({ connection, account_id: accountId })));
  const { rows } = await sql<{ identity_id: string; connection: string; account_id: string }>`
    with changed as (select * from jsonb_to_recordset(${keys}::jsonb) as r(connection text, account_id text))
    select identity_id, connection, account_id from link join changed using (connection, account_id)
    union
    select p.identity_id, a.connection, a.account_id from account a join changed using (connection, account_id)
    join person p on p.worker_key = a.match_key`.execute(db);
  return identitiesBy(rows, (row) => `${row.connection} ${row.account_id}`);
}

function identitiesBy<R extends { identity_id: string }>(rows: readonly R[], keyOf: (row: R) => string): Map<string, string[]> {
  const found = Map.groupBy(rows, keyOf);
  return new Map([...found].map(([key, some]) => [key, some.map((row) => row.identity_id)]));
}
