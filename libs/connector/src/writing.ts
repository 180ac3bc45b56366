import type { Fault } from './fault.ts';
import type { EntitlementRef, HolderRef, Profile } from './observed.ts';
import type { CallOptions } from './reading.ts';

/**
 * What became of one item of a batch.
 * `done`: the effect is there, by the vendor's answer. `already`: it was there before. `conflict`: another object holds the login or key.
 * `fault`: see its kind; `unknown` when the request may have had its effect. `withheld`: never sent, because `mayBeSent` said so.
 */
export type Outcome =
  | { result: 'done'; id?: string; sentAt: string; at: string }
  | { result: 'already'; sentAt: string; at: string }
  | { result: 'conflict'; found?: { id: string; matchKey: string | null }; sentAt: string; at: string }
  | { result: 'fault'; fault: Fault; sentAt?: string; at: string }
  | { result: 'withheld' };

export interface WriteOptions extends CallOptions {
  /**
   * Asked for each item (by its index) after the budget has been granted and immediately before the request that carries it leaves; `false`
   * leaves the item out. The place for a fence.
   */
  mayBeSent?: (index: number) => Promise<boolean>;
}

export interface NewAccount {
  login: string;
  /** The correlation key: what a probe and a conflict are compared by. Written under the connection's match attribute. */
  matchKey: string;
  /** Vendor attributes; `null` and absent are both left out. */
  profile: Profile;
  /** Default true. */
  enabled?: boolean;
}

export interface AccountChange {
  accountId: string;
  /** Vendor attributes; `null` clears. Everything not named stays. */
  values: Profile;
}

/** Batch in, one outcome per item out, in order. Throws Fault only when nothing at all was sent. */
export interface AccountWriter {
  /** How many changes of different accounts travel in one request; absent: each by itself. */
  readonly travelTogether?: number;
  /** Not safe to repeat unprobed after `unknown`. */
  create(accounts: NewAccount[], options?: WriteOptions): Promise<Outcome[]>;
  /** Safe to repeat. */
  set(changes: AccountChange[], options?: WriteOptions): Promise<Outcome[]>;
  /** Safe to repeat. Absent where the manager is an attribute of the profile. */
  setManager?(changes: { accountId: string; managerAccountId: string | null }[], options?: WriteOptions): Promise<Outcome[]>;
  /** Not to be repeated unprobed after `unknown`. */
  enable(accountIds: string[], options?: WriteOptions): Promise<Outcome[]>;
  /** Safe to repeat. */
  disable(accountIds: string[], options?: WriteOptions): Promise<Outcome[]>;
  /** Safe to repeat. Access tokens that are already issued live on until they expire. */
  revokeSessions(accountIds: string[], options?: WriteOptions): Promise<Outcome[]>;
}

/** Safe to repeat: already granted and already gone are success. One outcome per holder, in order; the cheapest route is chosen inside. */
export interface EntitlementWriter {
  /** How many holders of one entitlement travel in one request; absent: each by itself, so that nothing is won by gathering them. */
  readonly travelTogether?: number;
  grant(what: EntitlementRef, to: HolderRef[], options?: WriteOptions): Promise<Outcome[]>;
  revoke(what: EntitlementRef, from: HolderRef[], options?: WriteOptions): Promise<Outcome[]>;
}
