import type { AccountDeleted, AccountDisablementTraced, AccountObserved, EntitlementRef, ReadRef } from '@muster/contracts';
import {
  aspectOf,
  covered,
  entitlementKey,
  isStale,
  type Account,
  type AccountEvent,
  type Aspect,
  type SeenEntitlement,
} from './account.ts';
import { earliest, isBefore, later } from './instants.ts';
import { sameJson, sameValue } from './values.ts';

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

/** Old replicas show a deleted account for a while: until settle time has passed, a sight of it proves nothing. */
const provesLife = (account: Account, { read, settleMs }: Reading): boolean =>
  account.deletedAt === undefined || !isBefore(read.startedAt, later(account.deletedAt, settleMs));

/** When what a sight covers of an aspect was last read: the oldest of its attributes counts. Undefined: it covers nothing of it, or it was never read. */
const lastReadOf = (account: Account, aspect: Aspect, sight?: AccountObserved): string | undefined => {
  if (aspect === 'status') return account.enabled?.readAt;
  if (aspect !== 'profile' && aspect !== 'manager') return account.reads[aspect];
  const names = Object.entries(sight ? covered(sight) : {}).flatMap(([name, part]) => (part.aspect === aspect ? [name] : []));
  return names.map((name) => account.fields[name]?.readAt).reduce(earliest, undefined);
};

/** Whether somebody waits for this read of an aspect, and no recorded one has served them yet. */
const isAwaited = (lastRead: string | undefined, aspect: Aspect, { read, awaited = [] }: Reading): boolean =>
  awaited.some(
    (wait) => wait.aspect === aspect && !isBefore(read.startedAt, wait.from) && (lastRead === undefined || isBefore(lastRead, wait.from)),
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

const confirmation = ({ connection, accountId }: Account, aspects: readonly Aspect[], { read }: Reading): AccountEvent[] =>
  aspects.length > 0 && connection !== undefined && accountId !== undefined
    ? [{ type: 'AccountConfirmed', data: { connection, accountId, aspects: [...aspects], read } }]
    : [];

/** An awaited read that found nothing new. One that was trimmed confirms no more than what it holds. */
const unchanged = (account: Account, observed: AccountObserved, reading: Reading): AccountEvent[] => {
  const settled = observed.aspects.filter((aspect) => {
    const lastRead = lastReadOf(account, aspect, observed);
    return lastRead !== undefined && isAwaited(lastRead, aspect, reading);
  });
  const trimmed = settled.some((aspect) => !isWhole(account, observed, aspect));
  return trimmed ? [{ type: 'AccountObserved', data: observed }] : confirmation(account, settled, reading);
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
    if (!differs(account, observed)) return unchanged(account, observed, reading);
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
    const waited = isAwaited(account.reads[held.aspect], held.aspect, reading) ? [held.aspect] : [];
    const known = { ...account, connection: holder.connection, accountId: holder.holder.id };
    return [...events, ...confirmation(known, waited, reading)];
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
