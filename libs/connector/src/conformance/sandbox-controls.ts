import type { Connection } from '../connection.ts';
import type { ConnectionState } from '../reading.ts';
import type { NewAccount } from '../writing.ts';

/** Faults that the suite asks a target for. `once`: fires for the first request that matches. */
export interface TargetFault {
  on: 'fetch-account' | 'list-accounts' | 'create-account' | 'set-account';
  kind:
    | 'throttle'
    | 'answer-lost'
    | 'answer-lost-after-effect'
    | 'server-error'
    | 'gateway-timeout-after-effect'
    | 'malformed'
    | 'empty-page'
    | 'repeated-item'
    | 'unknown-properties';
  /** Default 1. */
  times?: number;
}

export interface JournalLine {
  /** Milliseconds since 1970. */
  at: number;
  method: string;
  path: string;
  status: number;
}

/** What the suite must be able to do behind the connector's back. */
export interface SandboxControls {
  /** How many accounts the target holds, deactivated ones included. */
  countAccounts(): Promise<number>;
  /** How many accounts carry this correlation key. */
  countByMatchKey(matchKey: string): Promise<number>;
  /** An administrator changes an attribute that the connection observes. */
  editOutside(accountId: string): Promise<void>;
  disableOutside(accountId: string): Promise<void>;
  fault(fault: TargetFault): Promise<string>;
  fired(id: string): Promise<number>;
  clearFaults(): Promise<void>;
  /** Requests on the vendor's API since a moment, without those for tokens. */
  journal(since: number): Promise<JournalLine[]>;
}

export interface ConnectorUnderTest {
  controls: SandboxControls;
  /** A connection with a budget of its own. `permissions: 'short'`: with a credential that cannot see everything. */
  connect(state: ConnectionState, permissions?: 'whole' | 'short'): Connection;
  /** An account that the target would take, different for each number. */
  newAccount(number: number): NewAccount;
  /** An attribute that the connection observes and may write, with two values. */
  attribute: { name: string; values: [string, string] };
  /** A group that takes members. */
  groupId: string;
  /** What becomes of a list that the short permissions do not cover. */
  shortPermissions: 'trimmed' | 'refused';
  shortList: 'accounts' | 'members';
  /** Prepares the target for the next connection with short permissions. */
  shorten?(): Promise<void>;
  /** Milliseconds after which reads agree with writes. */
  settleMs: number;
  close(): Promise<void>;
}
