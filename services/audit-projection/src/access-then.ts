import type { Database } from '@muster/read-store';
import { sql } from 'kysely';
import { atPoint } from './at-point.ts';
import type { Axes } from './axes.ts';
import { type Holding, holdingsOf } from './holdings.ts';

/** One thing that one person had, by one account. */
export interface Access extends Holding {
  readonly identityId: string;
  readonly connection: string;
  readonly accountId: string;
}

/** The people of a department at a point, as it had been decided by then. */
export async function peopleOf(db: Database, department: string, axes: Axes): Promise<string[]> {
  const { rows } = await sql<{ identity_id: string }>`
    select identity_id from identity_profile p where p.attributes ->> 'department' = ${department} and ${atPoint('p', axes)} order by identity_id`.execute(
    db,
  );
  return rows.map(({ identity_id: id }) => id);
}

/** Everything that these people had at a point, in a handful of queries however many they are. */
export async function accessOf(db: Database, identities: readonly string[], axes: Axes): Promise<Access[]> {
  const { rows } = await sql<{ identity_id: string; connection: string; account_id: string }>`
    select l.identity_id, l.connection, l.account_id
    from link l
    left join account_state a on a.connection = l.connection and a.account_id = l.account_id and ${atPoint('a', axes)}
    where l.identity_id = any(${[...identities]}::text[]) and l.linked and ${atPoint('l', axes)} and a.existence is distinct from 'deleted'
    order by l.identity_id, l.connection, l.account_id`.execute(db);
  const accounts = rows.map(({ identity_id: identityId, connection, account_id: accountId }) => ({ identityId, connection, accountId }));
  const holdings = await holdingsOf(db, accounts, axes);
  return accounts.flatMap((account) =>
    (holdings.get(`${account.connection} ${account.accountId}`) ?? []).map((holding) => ({ ...account, ...holding })),
  );
}
