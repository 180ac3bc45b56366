import { type Profile } from '@muster/contracts';
import { attributesOf, lifecycleAt, recordAt, type Worker } from '@muster/identity';
import type { Database } from '@muster/read-store';
import { sql } from 'kysely';
import { atPoint } from './at-point.ts';
import type { Axes } from './axes.ts';

/** What was stated and decided of a person, at a point. */
export interface Stated {
  readonly lifecycle: string;
  readonly login?: string;
  readonly attributes: Profile;
  readonly notes: readonly string[];
}

interface Row {
  lifecycle: string | null;
  decided: { attributes: Profile; sources: Record<string, string>; login: string | null } | null;
  record: { stream: string; worker: Worker } | null;
  erased: boolean;
}

/** What HR says holds on that day; what another source won is kept as decided. Without a record the decision speaks alone. */
function attributesThen({ decided, record }: Row, asOf: string): Profile {
  const attributes = decided?.attributes ?? {};
  const stated = record === null ? undefined : recordAt(record.worker, asOf)?.record;
  if (record === null || stated === undefined) return attributes;
  const elsewhere = Object.entries(attributes).filter(([name]) => decided?.sources[name] !== record.stream);
  return { ...attributesOf(stated), ...Object.fromEntries(elsewhere) };
}

function lifecycleThen({ lifecycle: governed, record }: Row, asOf: string): { state: string; notes: string[] } {
  const stated = record === null ? undefined : lifecycleAt(record.worker, asOf)?.state;
  const state = stated ?? governed ?? 'unknown';
  if (stated !== undefined && governed !== null && stated !== governed)
    return { state, notes: [`HR states "${stated}" for that day; what Muster had recorded of the lifecycle by then was "${governed}"`] };
  return { state, notes: state === 'unknown' ? ['nothing was recorded of this person for that day'] : [] };
}

const ERASED = 'personal data of this person was erased: values are gone for ever, at every date';

/** Attributes, login and lifecycle of a person at a point on both time axes. */
export async function statedOf(db: Database, identityId: string, axes: Axes): Promise<Stated> {
  const { rows } = await sql<Row>`
    select
      (select lifecycle from identity_state s where s.identity_id = ${identityId} and ${atPoint('s', axes)}) as lifecycle,
      (select jsonb_build_object('attributes', attributes, 'sources', sources, 'login', login)
        from identity_profile p where p.identity_id = ${identityId} and ${atPoint('p', axes)}) as decided,
      (select jsonb_build_object('stream', w.stream, 'worker', w.worker)
        from identity_stream i join worker_records w on w.stream = i.stream and ${atPoint('w', axes)}
        where i.identity_id = ${identityId}::uuid and i.stream like 'worker-%' order by w.stream limit 1) as record,
      exists (select from erased_stream where stream = 'identity-' || ${identityId}) as erased`.execute(db);
  const row = rows[0] as Row;
  const { state, notes } = lifecycleThen(row, axes.asOf);
  const login = row.decided?.login ?? null;
  return {
    lifecycle: state,
    ...(login === null ? {} : { login }),
    attributes: attributesThen(row, axes.asOf),
    notes: [...notes, ...(row.erased ? [ERASED] : [])],
  };
}

/** An account as it stood. */
export interface AccountThen {
  readonly connection: string;
  readonly accountId: string;
  readonly status: string;
  readonly enabled: boolean;
  readonly profile: Profile;
}

interface AccountRow {
  connection: string;
  account_id: string;
  existence: 'there' | 'deleted' | null;
  status: string | null;
  enabled: boolean | null;
  profile: Profile | null;
}

const accountThen = ({ connection, account_id: accountId, existence, status, enabled, profile }: AccountRow): AccountThen => ({
  connection,
  accountId,
  status: existence === 'deleted' ? existence : (status ?? 'unknown'),
  enabled: existence === 'there' && enabled === true,
  profile: profile ?? {},
});

/** The accounts that were a person's at a point, seen or not. Deleted ones stay, as such. */
export async function accountsOf(db: Database, identityId: string, axes: Axes): Promise<(AccountThen & { readonly seen: boolean })[]> {
  const { rows } = await sql<AccountRow>`
    select l.connection, l.account_id, a.existence, a.status, a.enabled, p.profile
    from link l
    left join account_state a on a.connection = l.connection and a.account_id = l.account_id and ${atPoint('a', axes)}
    left join account_profile p on p.connection = l.connection and p.account_id = l.account_id and ${atPoint('p', axes)}
    where l.identity_id = ${identityId} and l.linked and ${atPoint('l', axes)}
    order by l.connection, l.account_id`.execute(db);
  return rows.map((row) => ({ ...accountThen(row), seen: row.existence !== null }));
}
