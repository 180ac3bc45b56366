import type {
  AccountConfirmed,
  AccountDeleted,
  AccountDisablementTraced,
  AccountObserved,
  EntitlementRef,
  ReadRef,
  Value,
} from '@muster/contracts';
import type { EventOf, StreamCategory } from './category.ts';
import { isBefore, later } from './instants.ts';
import { sameJson, sameValue } from './values.ts';

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
const covered = (data: AccountObserved): Record<string, { value: Value; aspect: 'profile' | 'manager' }> => ({
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

/** Somebody waits for a read of this aspect that starts no earlier than `from`: the settle time of a write of ours. */
export interface AwaitedRead {
  readonly aspect: Aspect;
  readonly from: string;
}

export interface Reading {
  readonly read: ReadRef;
  /** How long a replica of this connection may lag. */
  readonly settleMs: number;
  readonly awaited?: readonly AwaitedRead[];
}

/** Whether a read began before the last recorded read of the same aspect: what it says may be older than what is known. */
export const isStale = (account: Account, aspect: Aspect, read: ReadRef): boolean => isBefore(read.startedAt, account.reads[aspect]);

/** Old replicas show a deleted account for a while: until settle time has passed, a sight of it proves nothing. */
const provesLife = (account: Account, { read, settleMs }: Reading): boolean =>
  account.deletedAt === undefined || !isBefore(read.startedAt, later(account.deletedAt, settleMs));

const isAwaited = (account: Account, aspect: Aspect, { read, awaited = [] }: Reading): boolean =>
  awaited.some(
    (wait) =>
      wait.aspect === aspect &&
      !isBefore(read.startedAt, wait.from) &&
      (account.reads[aspect] === undefined || isBefore(account.reads[aspect], wait.from)),
  );

type ObservedAccount = Omit<AccountObserved, 'read'>;

const differs = (account: Account, observed: AccountObserved): boolean => {
  if (account.existence !== 'there') return true;
  const fields = Object.entries(covered(observed)).some(
    ([name, { value }]) => account.fields[name] === undefined || !sameValue(account.fields[name].value, value),
  );
  const status = observed.aspects.includes('status') && (account.status !== observed.status || account.enabled?.value !== observed.enabled);
  const writable = observed.notWritable !== undefined && !sameJson(observed.notWritable, account.notWritable);
  return fields || status || writable;
};

/** A read that lacks an attribute known before was trimmed: it confirms nothing. */
const isWhole = (account: Account, observed: AccountObserved, aspect: Aspect): boolean => {
  const names = covered(observed);
  return Object.entries(account.fields).every(([name, field]) => field.aspect !== aspect || names[name] !== undefined);
};

const confirmed = (account: Account, aspects: readonly Aspect[], reading: Reading): AccountEvent[] => {
  const settled = aspects.filter((aspect) => isAwaited(account, aspect, reading));
  const { connection, accountId } = account;
  return settled.length > 0 && connection !== undefined && accountId !== undefined
    ? [{ type: 'AccountConfirmed', data: { connection, accountId, aspects: settled, read: reading.read } }]
    : [];
};

/**
 * Records what a fetch saw. What is already known yields nothing, unless somebody awaits this read: then it is confirmed. Aspects whose last
 * recorded read began later are left out. A deleted account that is seen again after settle time is restored.
 */
export const observeAccount =
  (sight: ObservedAccount, reading: Reading) =>
  (account: Account): AccountEvent[] => {
    const aspects = sight.aspects.filter((aspect) => !isStale(account, aspect, reading.read));
    if (aspects.length === 0 || !provesLife(account, reading)) return [];
    const observed: AccountObserved = { ...sight, profile: aspects.includes('profile') ? sight.profile : {}, aspects, read: reading.read };
    if (!differs(account, observed)) {
      return confirmed(
        account,
        aspects.filter((aspect) => isWhole(account, observed, aspect)),
        reading,
      );
    }
    const { connection, accountId } = sight;
    const back: AccountEvent[] =
      account.existence === 'deleted' ? [{ type: 'AccountRestored', data: { connection, accountId, read: reading.read } }] : [];
    return [...back, { type: 'AccountObserved', data: observed }];
  };

export interface HeldEntitlement {
  readonly entitlement: EntitlementRef;
  readonly via: SeenEntitlement['via'];
  readonly viaId?: string;
}

type Holder = { readonly connection: string; readonly holder: { readonly kind: 'account' | 'group'; readonly id: string } };

const entitlementIsStale = (account: Account, entitlement: EntitlementRef, read: ReadRef): boolean =>
  isBefore(read.startedAt, account.entitlements[entitlementKey(entitlement)]?.readAt) || isStale(account, aspectOf(entitlement.kind), read);

/** Records one entitlement seen. What is known, or was read before the last record of it, yields nothing. */
export const observeEntitlement =
  (holder: Holder, { entitlement, via, viaId }: HeldEntitlement, read: ReadRef) =>
  (account: Account): AccountEvent[] => {
    const known = account.entitlements[entitlementKey(entitlement)];
    if ((known?.value === true && known.via === via) || entitlementIsStale(account, entitlement, read) || account.existence === 'deleted')
      return [];
    const data = { ...holder, entitlement, read, via, ...(viaId === undefined ? {} : { viaId }) };
    return [{ type: 'EntitlementObserved', data }];
  };

/** Records that one entitlement is held no more. What is not held, or was read before the last record of it, yields nothing. */
export const entitlementGone =
  (
    holder: Holder,
    entitlement: EntitlementRef,
    { read, evidence }: { read: ReadRef; evidence: 'fetch' | 'removed' | 'log' | 'full-read' },
  ) =>
  (account: Account): AccountEvent[] =>
    account.entitlements[entitlementKey(entitlement)]?.value === true && !entitlementIsStale(account, entitlement, read)
      ? [{ type: 'EntitlementGone', data: { ...holder, entitlement, read, evidence } }]
      : [];

/**
 * Records all that a holder has of one aspect, by one read that covered it whole: what is new, what is gone, and, if the read was awaited, that
 * the rest is as known.
 */
export const observeEntitlements =
  (holder: Holder, held: { readonly aspect: Aspect; readonly items: readonly HeldEntitlement[] }, reading: Reading) =>
  (account: Account): AccountEvent[] => {
    if (isStale(account, held.aspect, reading.read) || account.existence === 'deleted') return [];
    const present = new Set(held.items.map((item) => entitlementKey(item.entitlement)));
    const missing = Object.values(account.entitlements).filter(
      ({ value, entitlement }) => value && aspectOf(entitlement.kind) === held.aspect && !present.has(entitlementKey(entitlement)),
    );
    const events = [
      ...held.items.flatMap((item) => observeEntitlement(holder, item, reading.read)(account)),
      ...missing.flatMap(({ entitlement }) => entitlementGone(holder, entitlement, { read: reading.read, evidence: 'fetch' })(account)),
    ];
    return [...events, ...confirmed({ ...account, connection: holder.connection, accountId: holder.holder.id }, [held.aspect], reading)];
  };

/**
 * Records that an account is gone. Needs a positive sign of the vendor, or absence from a complete full read, *and* a fetch that finds nothing:
 * `read` is that fetch. An unknown or deleted account, and one that a later read saw, yield nothing.
 */
export const deleteAccount =
  (evidence: AccountDeleted['evidence'], read: ReadRef) =>
  (account: Account): AccountEvent[] => {
    const { connection, accountId } = account;
    if (account.existence !== 'there' || connection === undefined || accountId === undefined) return [];
    if (Object.values(account.reads).some((seenAt) => isBefore(read.startedAt, seenAt))) return [];
    return [{ type: 'AccountDeleted', data: { connection, accountId, evidence, read } }];
  };

/** Records what the vendor's log says of the last disablement; the same answer again yields nothing. */
export const traceDisablement =
  (trace: AccountDisablementTraced) =>
  (account: Account): AccountEvent[] =>
    account.trace?.by === trace.by && account.trace.at === trace.at && account.trace.actor === trace.actor
      ? []
      : [{ type: 'AccountDisablementTraced', data: trace }];

/** The value of an attribute as last recorded; undefined if it was never read. */
export const fieldValue = (account: Account, name: string): Value | undefined => account.fields[name]?.value;
