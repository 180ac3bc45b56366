import type { EntitlementRef, InputRef } from '@muster/contracts';
import type { Account } from './account.ts';
import type { DesiredConnection, DesiredState } from './desired.ts';
import { wasUnlinked, type Identity } from './identity.ts';
import type { Ids } from './ids.ts';
import type { ConnectionLimits } from './limits.ts';
import type { Blocked, Plan } from './plan.ts';
import type { Provisioning } from './provisioning.ts';
import type { Wanted } from './wish.ts';

/** What is known of one connection for one person. */
export interface ConnectionView {
  readonly state: 'observe' | 'live';
  readonly settleMs: number;
  /** Nothing is created before a complete full read that began at or after this: when the connection was declared + settle time. */
  readonly createAfter: string;
  /** Start of the last complete full read. */
  readonly lastCompleteRead?: string;
  /** The account of `accountIdOf`, as folded; absent if its stream is empty or there is no such account. */
  readonly account?: Account;
  /** Owner of that account's claim, if it has one. */
  readonly accountOwner?: string;
  /** Accounts that carry this person's match key and are not linked to anybody. */
  readonly candidates?: number;
  /** An open case about this person's account here. */
  readonly openCase?: string;
}

export interface PlanInput {
  readonly identity: Identity;
  readonly asOf: string;
  readonly desired: DesiredState;
  readonly connections: Readonly<Record<string, ConnectionView>>;
  readonly provisioning: Provisioning;
  readonly plan: Plan;
  readonly ids: Ids;
  /** What does not leave before a run has counted it. */
  readonly limits: (connection: string) => ConnectionLimits;
  /** Lane of everything that is not a leaver's. */
  readonly lane: 'live' | 'batch';
  /** (stream, revision) of everything read for this. */
  readonly inputs: readonly InputRef[];
  /** Whether an entitlement exists in a connection and can be given. */
  readonly entitlement: (connection: string, ref: EntitlementRef) => 'there' | 'missing' | 'not-writable';
  /** The account of another worker in a connection, if that person has one there. */
  readonly managerAccount: (connection: string, workerKey: string) => string | undefined;
  readonly retry?: ReadonlySet<string>;
  /** When the lifecycle changes by time alone. */
  readonly nextDue?: string;
}

/** The account that a person has in a connection: linked, or made by us and about to be linked. */
export const accountIdOf = (identity: Identity, provisioning: Provisioning, connection: string): string | undefined => {
  const link = identity.links[connection]?.accountId;
  if (link !== undefined) return link;
  const created = provisioning.created[connection];
  if (created?.result !== 'done' || wasUnlinked(identity, connection, created.accountId)) return undefined;
  return created.accountId;
};

/** Collects what is wanted in one connection. */
export interface Planning {
  readonly input: PlanInput;
  readonly desired: DesiredConnection;
  readonly view: ConnectionView;
  /** Adds a command, unless the same wish ended in a way that needs a change or a person first. Gives its id if it was added. */
  want(wanted: Omit<Wanted, 'connection' | 'lane'>): string | undefined;
  block(what: string, reason: Blocked['reason'], message: string, ref?: string): void;
}
