import type { Database } from '@muster/read-store';
import type { Axes } from './axes.ts';
import type { Person } from './find-person.ts';
import { type Holding, holdingsOf } from './holdings.ts';
import { type AccountThen, accountsOf, type Stated, statedOf } from './person-then.ts';
import { unreadNotes } from './unread.ts';
import { projectedUpTo, type UpTo } from './up-to.ts';

export interface AsOf extends Omit<Stated, 'notes'>, Axes {
  readonly upTo: UpTo;
  readonly person: Person;
  readonly accounts: readonly (AccountThen & { readonly entitlements: readonly Holding[] })[];
  /** What must be known to read the answer rightly: a connection that is named was not read completely by then, so what is not shown is unknown, not absent. */
  readonly notes: readonly { readonly connection?: string; readonly note: string }[];
}

interface Asking {
  readonly db: Database;
  /** The directories of the connection file. */
  readonly directories: readonly string[];
}

/** What a person was and had at a point: attributes, accounts, and all that the accounts held, directly or through groups. */
export async function personThen(
  db: Database,
  identityId: string,
  axes: Axes,
): Promise<Omit<AsOf, 'upTo' | 'person' | 'notes' | keyof Axes> & Pick<Stated, 'notes'>> {
  const stated = await statedOf(db, identityId, axes);
  const accounts = await accountsOf(db, identityId, axes);
  const holdings = await holdingsOf(
    db,
    accounts.filter(({ status }) => status !== 'deleted'),
    axes,
  );
  return {
    ...stated,
    accounts: accounts.flatMap(({ seen, ...account }) => {
      const entitlements = holdings.get(`${account.connection} ${account.accountId}`) ?? [];
      return seen || entitlements.length > 0 ? [{ ...account, entitlements }] : [];
    }),
  };
}

/** One person at a past date: attributes, accounts and access, as far as they were known at a date of their own. */
export async function showAsOf({ db, directories }: Asking, person: Person, axes: Axes): Promise<AsOf> {
  const upTo = await projectedUpTo(db);
  const { notes, ...then } = await personThen(db, person.identityId, axes);
  const unread = await unreadNotes(db, [...directories, ...then.accounts.map(({ connection }) => connection)], axes);
  return { upTo, person, ...axes, ...then, notes: [...notes.map((note) => ({ note })), ...unread] };
}
