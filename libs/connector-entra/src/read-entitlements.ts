import { collectPages, walkPages } from '@muster/connector';
import type {
  Aspect,
  CallOptions,
  EntitlementReader,
  HeldEntitlements,
  HolderRef,
  ObservedEntitlement,
  Page,
  Scope,
  Watermark,
} from '@muster/connector';
import { assignment, holderKind, idOf, membership } from './observe.ts';
import type { Wire } from './properties.ts';
import type { EntraSession } from './session.ts';

interface List {
  aspect: Aspect;
  what: string;
  first: string;
  scope: Scope;
  observe: (raw: Wire) => readonly ObservedEntitlement[] | undefined;
}

const collectionOf = (holder: HolderRef): string => (holder.kind === 'account' ? 'users' : 'groups');

/**
 * Reads memberships and app role assignments. Without Member.Read.Hidden the lists are short without a sign of it, so they then prove no absence.
 */
export class EntraEntitlementReader implements EntitlementReader {
  readonly #session: EntraSession;

  constructor(session: EntraSession) {
    this.#session = session;
  }

  async entitlementsOf(holder: HolderRef, options: CallOptions & { aspects?: readonly Aspect[] } = {}): Promise<HeldEntitlements> {
    const wanted = options.aspects ?? ['groups', 'apps'];
    const held: HeldEntitlements = { items: [], startedAt: new Date().toISOString(), aspects: [], incompleteBecause: [] };
    for (const list of [this.#groupsOf(holder), this.#appsOf(holder)].filter(({ aspect }) => wanted.includes(aspect))) {
      const { items, incompleteBecause } = await collectPages(this.#walk(list, undefined, { lane: 'live', ...options }), list.scope);
      held.items.push(...distinct(items));
      held.incompleteBecause.push(...incompleteBecause);
      if (incompleteBecause.length === 0) held.aspects.push(list.aspect);
    }
    return held;
  }

  listMembers(groupId: string, from?: Watermark, options: CallOptions = {}): AsyncGenerator<Page<ObservedEntitlement>, void, undefined> {
    const list: List = {
      aspect: 'groups',
      what: `list the members of group ${groupId}`,
      first: `/groups/${encodeURIComponent(groupId)}/members?$select=id&$top=999`,
      scope: 'memberships',
      observe: (member) => {
        const kind = holderKind(member);
        return kind === undefined ? [] : [membership(this.#connection, { kind, id: String(member['id']) }, groupId)];
      },
    };
    return this.#walk(list, from, options);
  }

  listAssignments(appId: string, from?: Watermark, options: CallOptions = {}): AsyncGenerator<Page<ObservedEntitlement>, void, undefined> {
    const list: List = {
      aspect: 'apps',
      what: `list who holds app ${appId}`,
      first: `/servicePrincipals/${encodeURIComponent(appId)}/appRoleAssignedTo?$top=999`,
      scope: 'app-assignments',
      observe: (wire) => assignment(this.#connection, undefined, wire),
    };
    return this.#walk(list, from, options);
  }

  get #connection(): string {
    return this.#session.config.name;
  }

  #groupsOf(holder: HolderRef): List {
    return {
      aspect: 'groups',
      what: `list the groups of ${holder.kind} ${holder.id}`,
      first: `/${collectionOf(holder)}/${encodeURIComponent(holder.id)}/memberOf?$select=id&$top=999`,
      scope: 'memberships',
      observe: (group) => (holderKind(group) === 'group' ? [membership(this.#connection, holder, String(group['id']))] : []),
    };
  }

  #appsOf(holder: HolderRef): List {
    return {
      aspect: 'apps',
      what: `list the app roles of ${holder.kind} ${holder.id}`,
      first: `/${collectionOf(holder)}/${encodeURIComponent(holder.id)}/appRoleAssignments?$top=999`,
      scope: 'app-assignments',
      observe: (wire) => assignment(this.#connection, holder, wire),
    };
  }

  async *#walk(list: List, from: Watermark | undefined, options: CallOptions): AsyncGenerator<Page<ObservedEntitlement>, void, undefined> {
    const { shortfalls } = await this.#session.permissions();
    yield* walkPages<Wire, ObservedEntitlement>({
      scope: list.scope,
      from,
      fetch: (cursor) => this.#session.page(cursor ?? list.first, list.what, options),
      idOf,
      observe: list.observe,
      shortfalls: shortfalls.filter(({ scope }) => scope === list.scope),
    });
  }
}

/** One app can give several roles; it is held once, and once through each group. */
const distinct = (items: readonly ObservedEntitlement[]): ObservedEntitlement[] => {
  const byKey = new Map(items.map((item) => [`${item.entitlement.kind} ${item.entitlement.id} ${item.via} ${item.viaId ?? ''}`, item]));
  return [...byKey.values()];
};
