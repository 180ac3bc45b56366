import type { AccountConfirmed, AccountDisablementTraced, AccountObserved, EntitlementRef, ReadRef, Value } from '@muster/contracts';
import type { EventOf, StreamCategory } from './category.ts';
import { isBefore } from './instants.ts';
import { sameValue } from './values.ts';

export type AccountEvent = EventOf<
  | 'AccountObserved'
  | 'AccountConfirmed'
  | 'AccountDeleted'
  | 'AccountRestored'
  | 'AccountDisablementTraced'
  | 'EntitlementObserved'
  | 'EntitlementGone'
>;

export type Aspect = AccountConfirmed['aspects'][number];

/** A value as it was last recorded. Times are starts of reads. */
export interface Seen<T> {
  readonly value: T;
  readonly readAt: string;
  /** Start of the read that first saw this value. */
  readonly changedAt: string;
  /** Revision of the event that recorded the value. */
  readonly revision: number;
}

export interface SeenField extends Seen<Value> {
  readonly aspect: 'profile' | 'manager';
}

export interface SeenEntitlement extends Seen<boolean> {
  readonly entitlement: EntitlementRef;
  readonly via: 'direct' | 'rule' | 'group' | 'unknown';
}

/** What is known of an account, or of a group as a holder of entitlements. */
export interface Account {
  readonly revision: number;
  readonly connection?: string;
  readonly accountId?: string;
  readonly existence: 'unknown' | 'there' | 'deleted';
  /** Start of the read that proved the deletion. */
  readonly deletedAt?: string;
  /** Start of the first read that saw it. */
  readonly since?: string;
  readonly createdAt?: string;
  readonly status?: string;
  readonly enabled?: Seen<boolean>;
  /** By attribute name; a reference to the manager's account stands under `manager` where the profile has no attribute of that name. */
  readonly fields: Readonly<Record<string, SeenField>>;
  /** By `kind:id`; `value` false: held once and gone. */
  readonly entitlements: Readonly<Record<string, SeenEntitlement>>;
  /** By aspect, start of the last recorded read that covered it whole. */
  readonly reads: Readonly<Partial<Record<Aspect, string>>>;
  readonly notWritable: readonly string[];
  readonly masteredBy?: string;
  readonly trace?: AccountDisablementTraced;
}

/** `group:g1` */
export const entitlementKey = ({ kind, id }: EntitlementRef): string => `${kind}:${id}`;

const aspectOfKind = { group: 'groups', app: 'apps', role: 'roles', licence: 'licences' } as const satisfies Record<
  EntitlementRef['kind'],
  Aspect
>;

/** The aspect of an account that a read must cover to see such an entitlement. */
export const aspectOf = (kind: EntitlementRef['kind']): Aspect => aspectOfKind[kind];

const seen = <T>(before: Seen<T> | undefined, value: T, at: { startedAt: string; revision: number; same: boolean }): Seen<T> => ({
  value,
  readAt: at.startedAt,
  changedAt: before !== undefined && at.same ? before.changedAt : at.startedAt,
  revision: before !== undefined && at.same ? before.revision : at.revision,
});

/** The attributes that an observation covers, the manager's reference among them. */
export const covered = (data: AccountObserved): Record<string, { value: Value; aspect: 'profile' | 'manager' }> => ({
  ...(data.aspects.includes('manager') && data.managerAccountId !== undefined
    ? { manager: { value: data.managerAccountId, aspect: 'manager' as const } }
    : {}),
  ...(data.aspects.includes('profile')
    ? Object.fromEntries(Object.entries(data.profile ?? {}).map(([name, value]) => [name, { value, aspect: 'profile' as const }]))
    : {}),
});

const withObserved = (account: Account, data: AccountObserved, revision: number): Account => {
  const { startedAt } = data.read;
  const fields = { ...account.fields };
  for (const [name, { value, aspect }] of Object.entries(covered(data))) {
    const before = fields[name];
    fields[name] = { ...seen<Value>(before, value, { startedAt, revision, same: sameValue(before?.value, value) }), aspect };
  }
  const reads = { ...account.reads };
  for (const aspect of data.aspects) reads[aspect] = startedAt;
  const status = data.aspects.includes('status')
    ? {
        status: data.status,
        enabled: seen(account.enabled, data.enabled, { startedAt, revision, same: account.enabled?.value === data.enabled }),
      }
    : {};
  return {
    ...account,
    ...status,
    connection: data.connection,
    accountId: data.accountId,
    existence: 'there',
    since: account.since ?? startedAt,
    fields,
    reads,
    notWritable: data.notWritable ?? account.notWritable,
    ...(data.createdAt === undefined ? {} : { createdAt: data.createdAt }),
    ...(data.masteredBy === undefined ? {} : { masteredBy: data.masteredBy }),
  };
};

const withReadAt = <T extends { readAt: string }>(
  items: Readonly<Record<string, T>>,
  readAt: string,
  covers: (item: T) => boolean,
): Record<string, T> => Object.fromEntries(Object.entries(items).map(([name, item]) => [name, covers(item) ? { ...item, readAt } : item]));

const withConfirmed = (account: Account, { aspects, read }: AccountConfirmed): Account => {
  const reads = { ...account.reads };
  for (const aspect of aspects) reads[aspect] = read.startedAt;
  return {
    ...account,
    reads,
    fields: withReadAt(account.fields, read.startedAt, (field) => aspects.includes(field.aspect)),
    entitlements: withReadAt(account.entitlements, read.startedAt, (held) => aspects.includes(aspectOf(held.entitlement.kind))),
    ...(account.enabled && aspects.includes('status') ? { enabled: { ...account.enabled, readAt: read.startedAt } } : {}),
  };
};

const withEntitlement = (
  account: Account,
  event: AccountEvent & { type: 'EntitlementObserved' | 'EntitlementGone' },
  revision: number,
): Account => {
  const { entitlement, read, holder, connection } = event.data;
  const key = entitlementKey(entitlement);
  const before = account.entitlements[key];
  const value = event.type === 'EntitlementObserved';
  const held: SeenEntitlement = {
    ...seen(before, value, { startedAt: read.startedAt, revision, same: before?.value === value }),
    entitlement,
    via: event.type === 'EntitlementObserved' ? event.data.via : (before?.via ?? 'unknown'),
  };
  return { ...account, connection, accountId: holder.id, entitlements: { ...account.entitlements, [key]: held } };
};

/** Streams `account-<connection>.<id>` and, for what groups hold, `group-<connection>.<id>`. */
export const accountCategory: StreamCategory<Account, AccountEvent> = {
  name: 'account',
  initial: { revision: -1, existence: 'unknown', fields: {}, entitlements: {}, reads: {}, notWritable: [] },
  types: [
    'AccountObserved',
    'AccountConfirmed',
    'AccountDeleted',
    'AccountRestored',
    'AccountDisablementTraced',
    'EntitlementObserved',
    'EntitlementGone',
  ],
  timeless: true,
  evolve: (before, event) => {
    const account = { ...before, revision: event.revision };
    switch (event.type) {
      case 'AccountObserved':
        return withObserved(account, event.data, event.revision);
      case 'AccountConfirmed':
        return withConfirmed(account, event.data);
      case 'AccountDeleted':
        return { ...account, existence: 'deleted', deletedAt: event.data.read.startedAt };
      case 'AccountRestored':
        return { ...account, existence: 'there' };
      case 'AccountDisablementTraced':
        return { ...account, trace: event.data };
      case 'EntitlementObserved':
      case 'EntitlementGone':
        return withEntitlement(account, event, event.revision);
    }
  },
};

/** Whether a read began before the last recorded read of the same aspect: what it says may be older than what is known. */
export const isStale = (account: Account, aspect: Aspect, read: ReadRef): boolean => isBefore(read.startedAt, account.reads[aspect]);

/** The value of an attribute as last recorded; undefined if it was never read. */
export const fieldValue = (account: Account, name: string): Value | undefined => account.fields[name]?.value;
