/** A value of one attribute. `null`: the system holds none; an attribute that is absent was not read. */
export type Value = string | number | boolean | null | string[];

/** Attributes of an object under the names of its system; nested ones by dotted name (`employeeOrgData.division`). */
export type Profile = Record<string, Value>;

/** What a read of an account can cover. Nothing follows for aspects that a read does not list. */
export type Aspect = 'profile' | 'status' | 'manager' | 'groups' | 'apps' | 'roles' | 'licences';

/** A group, app, role or licence of the same connection as its holder. */
export interface EntitlementRef {
  kind: 'group' | 'app' | 'role' | 'licence';
  id: string;
}

export interface HolderRef {
  kind: 'account' | 'group';
  id: string;
}

/** The data of AccountObserved without `read`. */
export interface ObservedAccount {
  connection: string;
  accountId: string;
  /** Only the attributes that the connection is told to observe, and only those that the credential can really see. */
  profile: Profile;
  /** The vendor's own word for the state. */
  status: string;
  /** Whether its owner could sign in. Means nothing unless `aspects` holds `status`. */
  enabled: boolean;
  /** Account of the manager in the same connection; null: none; absent: not read. */
  managerAccountId?: string | null;
  createdAt?: string;
  changedAt?: string;
  /** Attributes that this system does not let us write, because `masteredBy` does. */
  notWritable?: string[];
  masteredBy?: string;
  aspects: Aspect[];
  /** The system is still at work on this account, and `aspects` leaves out what is about to change: look again. Said by `getAccount` alone, and no part of the fact. */
  underWay?: true;
}

/** The data of GroupObserved without `read`. */
export interface ObservedGroup {
  connection: string;
  groupId: string;
  name: string;
  /** The vendor's own kind. */
  groupKind: string;
  /** Whether members can be written. */
  writable: boolean;
  notWritableBecause?: string;
  profile?: Profile;
}

/** The data of AppObserved without `read`. */
export interface ObservedApp {
  connection: string;
  appId: string;
  name: string;
  status: string;
  roles?: { id: string; value?: string | null; name?: string | null }[];
}

/** The data of EntitlementObserved without `read`. */
export interface ObservedEntitlement {
  connection: string;
  holder: HolderRef;
  entitlement: EntitlementRef;
  via: 'direct' | 'rule' | 'group' | 'unknown';
  viaId?: string;
}

/** The data of AccountDisablementTraced without `connection` and `accountId`. */
export interface DisablementTrace {
  /** `nobody`: the log reaches back to the account's creation and names none; `unknown`: the log cannot say. */
  by: 'us' | 'other' | 'nobody' | 'unknown';
  /** The vendor's id of the actor. */
  actor?: string;
  at?: string;
  askedAt: string;
}
