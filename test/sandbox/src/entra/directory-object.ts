import type { Json } from './errors.ts';
import type { Kind } from './schema.ts';

export type Properties = Readonly<Record<string, Json>>;

/** The state of an object between two changes. Only values that are set are held. */
export interface Version {
  readonly properties: Properties;
  readonly manager?: DirectoryObject | undefined;
  /** Virtual milliseconds since the epoch. */
  readonly deletedAt?: number | undefined;
}

interface Past {
  /** When this version was replaced; undefined version: the object did not exist yet. */
  until: number;
  version: Version | undefined;
}

/** A membership that began or ended, kept while a lagging view may not show it yet. */
export interface MembershipChange {
  readonly at: number;
  readonly group: DirectoryObject;
  readonly member: DirectoryObject;
  readonly added: boolean;
}

/** An app role held by a user, a group or a service principal. */
export interface AppRoleAssignment {
  readonly id: string;
  readonly appRoleId: string;
  readonly principal: DirectoryObject;
  readonly resource: DirectoryObject;
  readonly createdAt: number;
  endedAt?: number;
}

/** A user, group or service principal: its newest state, what lagging views still need, and its links. */
export class DirectoryObject {
  readonly id: string;
  readonly kind: Kind;
  readonly ordinal: number;
  current: Version;
  past: Past[] | undefined;
  /** Links from this object to groups; short lists, so arrays. */
  groups: DirectoryObject[] = [];
  members: Set<DirectoryObject> | undefined;
  owners: DirectoryObject[] | undefined;
  reports: Set<DirectoryObject> | undefined;
  recent: MembershipChange[] | undefined;
  /** Assignments held by this object, and, for a service principal, those given on it. */
  held: AppRoleAssignment[] | undefined;
  given: AppRoleAssignment[] | undefined;
  /** What a soft delete took away and a restore brings back. */
  parked: { groups: DirectoryObject[]; members: DirectoryObject[]; reports: DirectoryObject[] } | undefined;

  constructor(kind: Kind, id: string, ordinal: number, current: Version) {
    this.kind = kind;
    this.id = id;
    this.ordinal = ordinal;
    this.current = current;
    if (kind === 'group') this.members = new Set();
  }

  /** The version that stood at an instant; undefined: not yet created. */
  at(instant: number): Version | undefined {
    if (this.past) {
      for (const past of this.past) if (past.until > instant) return past.version;
    }
    return this.current;
  }

  /** Replaces the current version; `keep` milliseconds of the past stay readable. */
  replace(next: Version, at: number, keep: number): void {
    if (keep > 0) this.#remember({ until: at, version: this.current }, keep);
    this.current = next;
  }

  /** Makes the object unknown to views older than its creation. */
  appear(at: number): void {
    this.past = [{ until: at, version: undefined }];
  }

  rememberMembership(change: MembershipChange, keep: number): void {
    this.recent ??= [];
    this.recent.push(change);
    dropOld(this.recent, (entry) => entry.at, change.at - keep);
  }

  #remember(past: Past, keep: number): void {
    this.past ??= [];
    this.past.push(past);
    dropOld(this.past, (entry) => entry.until, past.until - keep);
  }
}

const FEW = 8;

/** Drops what no view can see any more, once half of the list is such, so that appending stays cheap. */
function dropOld<T>(entries: T[], timeOf: (entry: T) => number, oldest: number): void {
  const half = entries.length >> 1;
  if (entries.length > FEW && timeOf(entries[half]!) < oldest) entries.splice(0, half);
}
