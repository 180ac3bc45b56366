import type {
  Aspect,
  DisablementTrace,
  EntitlementRef,
  HolderRef,
  ObservedAccount,
  ObservedApp,
  ObservedEntitlement,
  ObservedGroup,
} from './observed.ts';

/** Who is waiting: calls for leavers go first and find reserved budget, batches take what is left. */
export type Lane = 'leaver' | 'live' | 'batch';

export interface CallOptions {
  /** Default: `batch` for lists, `live` for everything else. */
  lane?: Lane;
  /** Gives up waiting and reading. A write that has left is not called back: it ends as `unknown`. */
  signal?: AbortSignal;
}

/** An opaque place in a list or a log, made by the connector that takes it back. Text, safe to store, at most 16 KiB. */
export type Watermark = string;

/** What a read may cover; the words of ReadCompleted. */
export type Scope = 'users' | 'groups' | 'memberships' | 'apps' | 'app-assignments' | 'log';

/** Why an absence proves nothing. `message` is for people, without personal data. */
export interface Shortfall {
  code: string;
  scope: Scope;
  message: string;
}

export interface Page<T> {
  items: T[];
  /** RFC 3339, taken just before the request left: what became true after this may be missing. */
  startedAt: string;
  /** Where to go on behind this page. Lists: absent on the last page. Changes: always there. */
  next?: Watermark;
  /**
   * Only on the last page of a list. `true`: from where the list began, every object was in one of its pages. `false`: conclude nothing from an
   * absence. A list that ends without such a page was not read to its end.
   */
  complete?: boolean;
  /** What speaks against concluding from an absence, as far as it is known at this page: whoever goes on behind it has to keep it in mind. */
  incompleteBecause?: Shortfall[];
  /** Of changes: what happened between the watermark given and this page may be missing. Only a full read can say. */
  missedChanges?: boolean;
}

/**
 * Lists go page by page and may be left at any page; `from` goes on behind a page that was given before. Every read throws Fault; a page
 * that was not received whole is never given.
 */
export interface AccountReader {
  listAccounts(from?: Watermark, options?: CallOptions): AsyncIterable<Page<ObservedAccount>>;
  /** The strongest read that the vendor has for one object. `absent` proves no deletion: replicas lag. */
  getAccount(id: string, options?: CallOptions): Promise<ObservedAccount | 'absent'>;
  findByLogin(login: string, options?: CallOptions): Promise<ObservedAccount | 'absent'>;
  /** Up to ten accounts that carry this correlation key. May lag by the connection's settle time. */
  findByMatchKey(key: string, options?: CallOptions): Promise<ObservedAccount[]>;
}

/** Everything that one holder has, by one read. */
export interface HeldEntitlements {
  items: ObservedEntitlement[];
  startedAt: string;
  /** The aspects that `items` covers whole: only for these does an absence mean "not held". */
  aspects: Aspect[];
  incompleteBecause: Shortfall[];
}

export interface EntitlementReader {
  /** Groups and apps of an account or group; `aspects` narrows the read to what is asked. `aspects` of the answer says what was covered. */
  entitlementsOf(holder: HolderRef, options?: CallOptions & { aspects?: readonly Aspect[] }): Promise<HeldEntitlements>;
  /** Direct members of a group, accounts and groups, as seen from the group. */
  listMembers(groupId: string, from?: Watermark, options?: CallOptions): AsyncIterable<Page<ObservedEntitlement>>;
  /** Accounts and groups that hold an app. */
  listAssignments(appId: string, from?: Watermark, options?: CallOptions): AsyncIterable<Page<ObservedEntitlement>>;
}

export interface GroupReader {
  listGroups(from?: Watermark, options?: CallOptions): AsyncIterable<Page<ObservedGroup>>;
  getGroup(id: string, options?: CallOptions): Promise<ObservedGroup | 'absent'>;
}

export interface AppReader {
  listApps(from?: Watermark, options?: CallOptions): AsyncIterable<Page<ObservedApp>>;
  getApp(id: string, options?: CallOptions): Promise<ObservedApp | 'absent'>;
}

/** Something may have changed: fetch the object now and once more after settle time. Never a fact by itself, save for `deleted`. */
export interface Hint {
  object: { kind: 'account' | 'group' | 'app'; id: string };
  /** The vendor's event type, or the kind of delta. */
  reason: string;
  /** What to fetch; absent: the object itself. */
  aspects?: Aspect[];
  /** The group or app that a membership or assignment concerns. */
  about?: EntitlementRef;
  /** A positive sign that the object is gone, and where it was seen. `restorable`: it can come back under the same id. */
  deleted?: 'removed' | 'log';
  restorable?: boolean;
  actor?: { id: string; us: boolean };
  at?: string;
  /** By what a hook would have told of this: seen here and never told, it was missed. Absent: hooks do not tell of such things. */
  event?: string;
}

export interface ChangeReader {
  /** The word for WatermarkAdvanced. */
  readonly source: 'log' | 'users-delta' | 'groups-delta' | 'apps-delta';
  /**
   * Without a watermark: one empty page whose `next` covers everything that happens from the start of that call on (take it before a full read).
   * With one: pages up to the present; the last page's `next` is where the following call goes on. Repeats and any order are possible.
   */
  changes(from?: Watermark, options?: CallOptions): AsyncIterable<Page<Hint>>;
}

/** Asks the vendor's own log who last turned an account from enabled to disabled. */
export interface DisablementTracer {
  /**
   * `since`: when the account was created. Answers `unknown`, never `nobody`, if the log does not reach back that far or may not be read.
   * Logs lag: ask no earlier than the log lag after the change in question.
   */
  traceDisablement(accountId: string, since: string | undefined, options?: CallOptions): Promise<DisablementTrace>;
}

export type ConnectionState = 'observe' | 'live';

/** What the credential may do, compared with what the state of the connection needs. */
export interface PermissionReport {
  /** Undefined when the vendor does not tell (an API token of a person, for one). */
  granted: string[] | undefined;
  needed: string[];
  missing: string[];
  /** Granted and not needed in this state: to be refused by name. */
  excess: string[];
  /** What cannot be concluded because of `missing`. */
  shortfalls: Shortfall[];
}

export interface PermissionReader {
  permissions(options?: CallOptions): Promise<PermissionReport>;
}
