export type UserStatus =
  | 'STAGED'
  | 'PROVISIONED'
  | 'ACTIVE'
  | 'RECOVERY'
  | 'PASSWORD_EXPIRED'
  | 'LOCKED_OUT'
  | 'SUSPENDED'
  | 'DEPROVISIONED';

export type Profile = Readonly<Record<string, unknown>>;

export interface UserRecord {
  readonly id: string;
  readonly status: UserStatus;
  readonly transitioningToStatus: UserStatus | null;
  readonly created: string;
  readonly activated: string | null;
  readonly statusChanged: string | null;
  readonly lastLogin: string | null;
  readonly lastUpdated: string;
  readonly passwordChanged: string | null;
  readonly hasPassword: boolean;
  /** The profile is mastered in another directory: profile writes are refused. */
  readonly mastered?: 'ACTIVE_DIRECTORY';
  readonly profile: Profile;
}

export interface GroupRecord {
  readonly id: string;
  readonly type: 'OKTA_GROUP' | 'APP_GROUP' | 'BUILT_IN';
  readonly created: string;
  readonly lastUpdated: string;
  readonly lastMembershipUpdated: string;
  readonly profile: Profile;
  /** The app that an APP_GROUP comes from. */
  readonly source?: string;
}

export interface AppRecord {
  readonly id: string;
  readonly name: string;
  readonly label: string;
  readonly status: 'ACTIVE' | 'INACTIVE';
  readonly signOnMode: string;
  readonly created: string;
  readonly lastUpdated: string;
  /** What the create said beside the known fields. */
  readonly rest: Profile;
}

/** A user's own assignment to an app; assignments by group are computed. */
export interface AppUserRecord {
  readonly created: string;
  readonly lastUpdated: string;
  readonly userName: string;
  readonly profile: Profile;
}

export interface AppGroupRecord {
  readonly lastUpdated: string;
  readonly priority: number;
  readonly profile: Profile;
}

export interface RuleRecord {
  readonly id: string;
  readonly name: string;
  readonly status: 'ACTIVE' | 'INACTIVE' | 'INVALID';
  readonly created: string;
  readonly lastUpdated: string;
  readonly expression: string;
  readonly groupIds: readonly string[];
  readonly excluded: readonly string[];
}

/** Who calls. */
export interface Caller {
  /** Token id (SSWS) or client id (OAuth): what faults, limits and the journal know it by. */
  readonly id: string;
  readonly actor: {
    readonly id: string;
    readonly type: 'User' | 'PublicClientApp' | 'SystemPrincipal';
    readonly alternateId: string;
    readonly displayName: string;
  };
  /** Goes into the log's transaction.detail. */
  readonly tokenId?: string;
  readonly role: 'SUPER_ADMIN' | 'READ_ONLY_ADMIN';
  /** Granted scopes; undefined: an API token, which has none and may all that its role may. */
  readonly scopes?: ReadonlySet<string>;
}

export const SYSTEM: Caller = {
  id: 'system',
  actor: { id: 'okta.system', type: 'SystemPrincipal', alternateId: 'system@okta.com', displayName: 'Okta System' },
  role: 'SUPER_ADMIN',
};
