import type { CommandEnded, CommandSent, EntitlementRef, Value } from '@muster/contracts';
import { aspectOf, entitlementKey, type Account, type Aspect } from './account.ts';
import { isBefore, latest, later } from './instants.ts';
import type { AwaitedRead } from './observe-account.ts';
import { wishKey, type Created, type Provisioning, type Wish, type Write } from './provisioning.ts';

/** A value as planning must take it: what was read, or what we wrote and no read has settled yet. */
export interface ActualValue<T> {
  readonly value: T;
  /** `own`: a write of ours that no read has settled. */
  readonly from: 'read' | 'own';
  /** When the value was last seen to change, by a read; absent for own writes and values never read. */
  readonly changedAt?: string;
}

/** Observed state overlaid with our own unsettled writes, in the order they were sent. */
export interface Actual {
  readonly account: Account;
  field(name: string): ActualValue<Value> | undefined;
  enabled(): ActualValue<boolean> | undefined;
  holds(entitlement: EntitlementRef): ActualValue<boolean>;
}

export interface OverlayInput {
  readonly connection: string;
  readonly account: Account;
  readonly accountId: string;
  readonly provisioning: Provisioning;
  readonly settleMs: number;
}

/**
 * Whether a read that began at `readAt` settles a write: only the first one that began at or after its answer and settle time does, whatever it
 * says; earlier agreement settles nothing. A write whose answer was lost is open until its command ends.
 */
export const isSettled = (write: Pick<Write, 'answeredAt'>, readAt: string | undefined, settleMs: number): boolean =>
  write.answeredAt !== undefined && readAt !== undefined && !isBefore(readAt, later(write.answeredAt, settleMs));

/** The last write of ours to an object and field that no read has settled; a settled write settles those sent before it. */
const unsettled = (input: OverlayInput, wish: Wish, readAt: string | undefined): Write | undefined => {
  const writes = (input.provisioning.writes[wishKey(wish)] ?? []).filter(
    (write) => write.objectId === undefined || write.objectId === input.accountId,
  );
  const last = writes.at(-1);
  return last === undefined || isSettled(last, readAt, input.settleMs) ? undefined : last;
};

const ownCreate = ({ provisioning, connection, accountId }: OverlayInput): Created | undefined => {
  const created = provisioning.created[connection];
  return created?.accountId === accountId ? created : undefined;
};

const entitlementReadAt = (account: Account, entitlement: EntitlementRef): string | undefined =>
  latest(account.entitlements[entitlementKey(entitlement)]?.readAt, account.reads[aspectOf(entitlement.kind)]);

const wishOf = (connection: string, action: Wish['action'], rest: Partial<Wish> = {}): Wish => ({ connection, action, ...rest });

const fieldActual = (input: OverlayInput, name: string): ActualValue<Value> | undefined => {
  const observed = input.account.fields[name];
  const write = unsettled(input, wishOf(input.connection, 'set', { field: name }), observed?.readAt);
  if (write) return { value: write.value, from: 'own' };
  if (observed) return { value: observed.value, from: 'read', changedAt: observed.changedAt };
  // A create overlays only what was never observed: what it wrote may have been changed before the first read.
  const created = ownCreate(input)?.profile[name];
  return created === undefined ? undefined : { value: created, from: 'own' };
};

const enabledActual = (input: OverlayInput): ActualValue<boolean> | undefined => {
  const observed = input.account.enabled;
  const write = unsettled(input, wishOf(input.connection, 'enable'), observed?.readAt);
  if (write) return { value: write.value === true, from: 'own' };
  if (observed) return { value: observed.value, from: 'read', changedAt: observed.changedAt };
  const created = ownCreate(input)?.enabled;
  return created === undefined ? undefined : { value: created, from: 'own' };
};

const holdsActual = (input: OverlayInput, entitlement: EntitlementRef): ActualValue<boolean> => {
  const observed = input.account.entitlements[entitlementKey(entitlement)];
  const write = unsettled(input, wishOf(input.connection, 'grant', { entitlement }), entitlementReadAt(input.account, entitlement));
  if (write) return { value: write.value === true, from: 'own' };
  return { value: observed?.value ?? false, from: 'read', ...(observed === undefined ? {} : { changedAt: observed.changedAt }) };
};

/** Actual = observed + unsettled writes. */
export const overlay = (input: OverlayInput): Actual => ({
  account: input.account,
  field: (name) => fieldActual(input, name),
  enabled: () => enabledActual(input),
  holds: (entitlement) => holdsActual(input, entitlement),
});

const writtenAspect = ({ action, field, entitlement }: Wish): Aspect | undefined => {
  switch (action) {
    case 'create':
      return 'profile';
    case 'set':
      return field === 'manager' ? 'manager' : 'profile';
    case 'enable':
    case 'disable':
      return 'status';
    case 'grant':
    case 'revoke':
      return entitlement && aspectOf(entitlement.kind);
    case 'revokeSessions':
      return undefined;
  }
};

/**
 * The read that a write of ours waits for: whoever reads that account must fetch these aspects no earlier than `from` and hand the same to the
 * decision, so that the read is recorded even if it finds nothing new. Undefined for what changed nothing.
 */
export const awaitedRead = (
  event: CommandEnded | CommandSent,
  settleMs: number,
): { connection: string; accountId: string; awaited: AwaitedRead[] } | undefined => {
  const aspect = writtenAspect(event);
  const accountId = event.object.id;
  const at = 'answeredAt' in event ? event.answeredAt : event.sentAt;
  if (aspect === undefined || accountId === undefined || event.sentAt === undefined) return undefined;
  const from = later(at, settleMs);
  const aspects: Aspect[] = event.action === 'create' ? ['profile', 'status'] : aspect === 'manager' ? ['manager', 'profile'] : [aspect];
  return { connection: event.connection, accountId, awaited: aspects.map((name) => ({ aspect: name, from })) };
};
