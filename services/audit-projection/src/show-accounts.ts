import { type ConnectionConfig, kindDefaults } from '@muster/connector';
import type { Situation } from '@muster/identity';
import type { Database } from '@muster/read-store';
import { type RawBuilder, sql } from 'kysely';
import { atPoint } from './at-point.ts';
import type { Axes } from './axes.ts';
import { type UnreadNote, unreadNotes } from './unread.ts';
import { projectedUpTo, type UpTo } from './up-to.ts';

/** Where an account stands, in the words of correlation, and what else people call it. */
export const situationNamed = {
  linked: 'linked',
  managed: 'linked',
  unlinked: 'unlinked',
  unassigned: 'unlinked',
  unmatched: 'unmatched',
  orphan: 'unmatched',
  disputed: 'disputed',
  duplicate: 'disputed',
  deleted: 'deleted',
} as const satisfies Record<string, Situation>;

export type SituationName = keyof typeof situationNamed;

export interface ClassedAccount {
  readonly connection: string;
  readonly accountId: string;
  readonly situation: Situation;
  /** Why it is not simply somebody's. */
  readonly why?: string;
  readonly login?: string;
  readonly enabled: boolean | null;
  /** Whose it is or, while it is nobody's, who is known by the match key that it carries. */
  readonly identityId?: string;
  readonly employeeNumber?: string;
  readonly displayName?: string;
  readonly lifecycle?: string;
}

export interface Accounts extends Axes {
  readonly upTo: UpTo;
  /** All of them, whatever is listed. */
  readonly counts: readonly { readonly connection: string; readonly situation: Situation; readonly accounts: number }[];
  readonly accounts: readonly ClassedAccount[];
  /** There are more: ask for those after this one. */
  readonly next?: string;
  readonly notes: readonly UnreadNote[];
}

export interface AskedAccounts {
  readonly situation?: SituationName | undefined;
  readonly after?: string | undefined;
  readonly limit: number;
}

interface Row {
  connection: string;
  account_id: string;
  situation: Situation;
  login: string | null;
  enabled: boolean | null;
  match_key: string | null;
  people: number;
  others: number;
  identity_id: string | null;
  employee_number: string | null;
  display_name: string | null;
  lifecycle: string | null;
}

/**
 * All accounts of some connections at a point, each with its situation, by the rules of correlation: the match key that it carries, who is known by this key, and
 * whose it was found to be. The list goes by connection and id, a page at a time; counts are of all.
 */
export async function showAccounts(
  db: Database,
  connections: readonly ConnectionConfig[],
  { situation, after, limit }: AskedAccounts,
  axes: Axes,
): Promise<Accounts> {
  const upTo = await projectedUpTo(db);
  const classed = classedAt(connections, axes);
  const counts = await sql<{ connection: string; situation: Situation; accounts: number }>`
    ${classed} select connection, situation, count(*)::int as accounts from classed group by 1, 2 order by 1, 2`.execute(db);
  const [connection = '', accountId = ''] = cutAtFirst(after ?? '');
  const { rows } = await sql<Row>`
    ${classed}
    select c.*, p.employee_number, p.display_name, s.lifecycle
    from classed c
    left join person p on p.identity_id = c.identity_id::uuid
    left join identity_state s on s.identity_id = c.identity_id and ${atPoint('s', axes)}
    where (c.connection, c.account_id) > (${connection}::text, ${accountId}::text) and c.situation = coalesce(${situation ? situationNamed[situation] : null}::text, c.situation)
    order by c.connection, c.account_id limit ${limit + 1}`.execute(db);
  const page = rows.slice(0, limit);
  const last = rows.length > limit ? page.at(-1) : undefined;
  return {
    upTo,
    ...axes,
    counts: counts.rows,
    accounts: page.map(shown),
    ...(last ? { next: `${last.connection}/${last.account_id}` } : {}),
    notes: await unreadNotes(
      db,
      connections.map(({ name }) => name),
      axes,
    ),
  };
}

const cutAtFirst = (text: string): string[] => {
  const slash = text.indexOf('/');
  return slash < 0 ? [text] : [text.slice(0, slash), text.slice(slash + 1)];
};

const employeeNumber = 'employeeNumber';

/** A key is a person's by their decided attributes; an account that is deleted or linked contends with nobody. Collation of bytes, so that pages go on where they ended. */
const classedAt = (connections: readonly ConnectionConfig[], axes: Axes): RawBuilder<unknown> => sql`
  with target as (
    select * from unnest(${connections.map(({ name }) => name)}::text[], ${connections.map(({ matchKey }) => matchKey)}::text[],
      ${connections.map(({ kind }) => kindDefaults[kind].login)}::text[]) as t(connection, match_attribute, login_attribute)
  ), owned as (
    select l.connection, l.account_id, min(l.identity_id) as identity_id from link l where l.linked and ${atPoint('l', axes)} group by 1, 2
  ), seen as (
    select s.connection collate "C" as connection, s.account_id collate "C" as account_id, s.existence, s.enabled, o.identity_id as owner,
      nullif(p.profile ->> t.match_attribute, '') as match_key, p.profile ->> t.login_attribute as login
    from account_state s
    join target t on t.connection = s.connection
    left join account_profile p on p.connection = s.connection and p.account_id = s.account_id and ${atPoint('p', axes)}
    left join owned o on o.connection = s.connection and o.account_id = s.account_id
    where ${atPoint('s', axes)}
  ), known as (
    select i.attributes ->> ${employeeNumber}::text as match_key, min(i.identity_id) as identity_id, count(*)::int as people
    from identity_profile i where ${atPoint('i', axes)} group by 1
  ), has as (
    select connection, owner from seen where owner is not null and existence = 'there' group by 1, 2
  ), joined as (
    select seen.*, k.identity_id as claimant, coalesce(k.people, 0) as people,
      (count(*) filter (where seen.owner is null and seen.existence = 'there') over (partition by seen.connection, seen.match_key))::int - 1
        + (h.owner is not null)::int as others
    from seen left join known k on k.match_key = seen.match_key left join has h on h.connection = seen.connection and h.owner = k.identity_id
  ), classed as (
    select connection, account_id, login, enabled, match_key, people, others, coalesce(owner, claimant) as identity_id,
      case
        when existence = 'deleted' then 'deleted'
        when owner is not null then 'linked'
        when claimant is null then 'unmatched'
        when people > 1 or others > 0 then 'disputed'
        else 'unlinked'
      end as situation
    from joined
  )`;

const reasons: Readonly<Record<Situation, (row: Row) => string | undefined>> = {
  linked: ({ lifecycle }) => (lifecycle === 'left' ? 'its owner has left' : undefined),
  unlinked: () => 'it carries the match key of a person and is not linked to them yet',
  unmatched: ({ match_key: key }) => (key === null ? 'it carries no match key' : 'nobody is known by the match key that it carries'),
  disputed: ({ people }) =>
    people > 1
      ? 'several people are known by the match key that it carries'
      : 'the person whose match key it carries has, or could have, another account there',
  deleted: () => undefined,
};

const present = <T extends object>(fields: T): { [K in keyof T]?: NonNullable<T[K]> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined)) as never;

const shown = (row: Row): ClassedAccount => ({
  connection: row.connection,
  accountId: row.account_id,
  situation: row.situation,
  enabled: row.enabled,
  ...present({
    why: reasons[row.situation](row),
    login: row.login,
    identityId: row.identity_id,
    employeeNumber: row.employee_number,
    displayName: row.display_name,
    lifecycle: row.lifecycle,
  }),
});
