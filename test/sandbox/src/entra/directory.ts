import { ChangeLog, type Change } from './change-log.ts';
import { DirectoryObject, type AppRoleAssignment, type Properties, type Version } from './directory-object.ts';
import { ValueIndex, INDEXED } from './index-by-value.ts';
import type { Kind } from './schema.ts';

/** What a view of the tenant may lag behind by: how a read class sees an object. */
export type ReadClass = 'object' | 'list' | 'membership' | 'assignment' | 'delta' | 'audit' | 'write';

/** Replica lag as the directory needs it. */
export interface ViewLag {
  /** Milliseconds that the view of this key is behind; 0: up to date. The same key gives the same answer within a scenario. */
  delay(view: ReadClass, key: string): number;
  /** The longest delay that can occur; 0: no past is kept. */
  longest(): number;
  /** Told of every answer that is older than the truth. */
  stale(view: ReadClass): void;
}

export const NO_LAG: ViewLag = { delay: () => 0, longest: () => 0, stale: () => undefined };

const KINDS: readonly Kind[] = ['user', 'group', 'servicePrincipal'];

const perKind = <T>(make: () => T): Record<Kind, T> => ({ user: make(), group: make(), servicePrincipal: make() });

/**
 * The objects of the tenant in memory, with indexes, change logs and what lagging views need. Its fields are changed by
 * `apply-mutation.ts` only; everything else reads.
 */
export class Directory {
  readonly objects = new Map<string, DirectoryObject>();
  readonly assignments = new Map<string, AppRoleAssignment>();
  /** By ordinal; a hole where an object is gone for good. */
  readonly ordered: Record<Kind, (DirectoryObject | undefined)[]> = perKind(() => []);
  readonly changes: Record<Kind, ChangeLog> = perKind(() => new ChangeLog());
  readonly indexes: Record<Kind, Map<string, ValueIndex>> = {
    user: indexesOf('user'),
    group: indexesOf('group'),
    servicePrincipal: indexesOf('servicePrincipal'),
  };
  /** Objects whose past some view may still show. */
  readonly changed = new Set<DirectoryObject>();
  lag: ViewLag;
  readonly #now: () => number;

  constructor(now: () => number, lag: ViewLag = NO_LAG) {
    this.#now = now;
    this.lag = lag;
  }

  now(): number {
    return this.#now();
  }

  /** The object in the primary copy, deleted ones included. */
  find(id: string, kind?: Kind): DirectoryObject | undefined {
    const object = this.objects.get(id);
    return object && (kind === undefined || object.kind === kind) ? object : undefined;
  }

  /** The object in the primary copy if it is not deleted. */
  live(id: string, kind?: Kind): DirectoryObject | undefined {
    const object = this.find(id, kind);
    return object && object.current.deletedAt === undefined ? object : undefined;
  }

  /** The state that a view shows; undefined: the view does not know the object (yet). */
  seen(object: DirectoryObject, view: ReadClass): Version | undefined {
    if (!object.past) return object.current;
    const delay = this.lag.delay(view, object.id);
    const version = delay === 0 ? object.current : object.at(this.now() - delay);
    if (version !== object.current) this.lag.stale(view);
    return version;
  }

  /** As `seen`, and undefined too where the view shows the object as deleted. */
  seenLive(object: DirectoryObject, view: ReadClass): Version | undefined {
    const version = this.seen(object, view);
    return version?.deletedAt === undefined ? version : undefined;
  }

  /** Objects whose indexed property has, or a moment ago had, this value. The caller tests what its view shows. */
  candidates(kind: Kind, name: string, value: string): DirectoryObject[] {
    const found = new Set(this.indexes[kind].get(name)?.find(value));
    for (const object of this.lately()) if (object.kind === kind) found.add(object);
    return [...found].sort((a, b) => a.ordinal - b.ordinal);
  }

  /** The holder of a value that may exist once among live objects. */
  holder(kind: Kind, name: string, value: string): DirectoryObject | undefined {
    return this.indexes[kind]
      .get(name)
      ?.find(value)
      .find((object) => object.current.deletedAt === undefined);
  }

  /** Members as a view shows them, in a stable order. Deleted ones are left out. */
  membersSeen(group: DirectoryObject, view: 'membership' | 'delta' = 'membership'): DirectoryObject[] {
    const members = group.members ?? new Set();
    const hidden = this.#unseen(group, view);
    if (hidden.length === 0) return [...members];
    const shown = new Set(members);
    for (const change of hidden) {
      if (change.added) shown.delete(change.member);
      else if (change.member.current.deletedAt === undefined) shown.add(change.member);
    }
    return [...shown];
  }

  /** The groups that an object is directly in, as the membership view shows them. */
  groupsSeen(member: DirectoryObject): DirectoryObject[] {
    const hidden = this.#unseen(member, 'membership');
    if (hidden.length === 0) return member.groups;
    const view = new Set(member.groups);
    for (const change of hidden) {
      if (change.added) view.delete(change.group);
      else if (change.group.current.deletedAt === undefined) view.add(change.group);
    }
    return [...view];
  }

  /** Whether an assignment shows in the assignment view. */
  seesAssignment(assignment: AppRoleAssignment): boolean {
    const instant = this.now() - this.lag.delay('assignment', assignment.id);
    const shown = assignment.createdAt <= instant && (assignment.endedAt === undefined || assignment.endedAt > instant);
    if (shown !== (assignment.endedAt === undefined)) this.lag.stale('assignment');
    return shown;
  }

  /** Whether the delta view shows a change; the first one that it does not show ends what it shows. */
  visible(change: Change): boolean {
    const shown = change.at + this.lag.delay('delta', change.object.id) <= this.now();
    if (!shown) this.lag.stale('delta');
    return shown;
  }

  /** Objects changed within the longest lag. */
  lately(): Iterable<DirectoryObject> {
    const oldest = this.now() - this.lag.longest();
    for (const object of this.changed) {
      const last = object.past?.at(-1);
      if (last && last.until >= oldest) continue;
      object.past = undefined;
      this.changed.delete(object);
    }
    return this.changed;
  }

  /** How many objects of a kind are live. */
  count(kind: Kind): number {
    return this.ordered[kind].reduce((sum, object) => (object && object.current.deletedAt === undefined ? sum + 1 : sum), 0);
  }

  /** The properties of every live object, for oracles. */
  *liveObjects(): Generator<[DirectoryObject, Properties]> {
    for (const kind of KINDS) {
      for (const object of this.ordered[kind]) {
        if (object && object.current.deletedAt === undefined) yield [object, object.current.properties];
      }
    }
  }

  /** Membership changes of a group or member that the view does not show yet, newest first. */
  #unseen(object: DirectoryObject, view: 'membership' | 'delta') {
    if (!object.recent) return [];
    const now = this.now();
    const oldest = now - this.lag.longest();
    const unseen = [];
    for (let index = object.recent.length - 1; index >= 0; index--) {
      const change = object.recent[index]!;
      if (change.at < oldest) break;
      const key = view === 'delta' ? change.group.id : `${change.group.id}/${change.member.id}`;
      if (change.at + this.lag.delay(view, key) > now) unseen.push(change);
    }
    if (unseen.length > 0) this.lag.stale(view);
    return unseen;
  }
}

function indexesOf(kind: Kind): Map<string, ValueIndex> {
  return new Map(INDEXED[kind].map((name) => [name, new ValueIndex()]));
}
