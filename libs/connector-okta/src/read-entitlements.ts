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
  Shortfall,
  Watermark,
} from '@muster/connector';
import { appGroup, appUser, idOf, isWire, listed, membership } from './observe.ts';
import type { Wire } from './observe.ts';
import type { OktaSession } from './session.ts';

interface List {
  what: string;
  first: string;
  scope: Scope;
  observe: (raw: Wire) => ObservedEntitlement | undefined;
}

const path = (text: string): string => encodeURIComponent(text);

/** Reads memberships and app assignments, from the holder's side and from the side of group and app. */
export class OktaEntitlementReader implements EntitlementReader {
  readonly #session: OktaSession;

  constructor(session: OktaSession) {
    this.#session = session;
  }

  /** Two lists for an account, one for a group; only the aspects asked for are read, as the apps' bucket is small. */
  async entitlementsOf(holder: HolderRef, options: CallOptions & { aspects?: readonly Aspect[] } = {}): Promise<HeldEntitlements> {
    const wanted = options.aspects ?? ['groups', 'apps'];
    const lists = [...(wanted.includes('groups') ? this.#groupsOf(holder) : []), ...(wanted.includes('apps') ? this.#appsOf(holder) : [])];
    const held: HeldEntitlements = { items: [], startedAt: new Date().toISOString(), aspects: [], incompleteBecause: [] };
    const shortfalls = await this.#shortfalls();
    for (const { aspect, list } of lists) {
      const { items, incompleteBecause } = await collectPages(
        this.#walk(list, undefined, { lane: 'live', ...options }, shortfalls),
        list.scope,
      );
      held.items.push(...(aspect === 'apps' ? await this.#withScope(holder, items, options) : items));
      held.incompleteBecause.push(...incompleteBecause);
      if (incompleteBecause.length === 0) held.aspects.push(aspect);
    }
    return held;
  }

  async *listMembers(
    groupId: string,
    from?: Watermark,
    options: CallOptions = {},
  ): AsyncGenerator<Page<ObservedEntitlement>, void, undefined> {
    const list: List = {
      what: `list the members of group ${groupId}`,
      first: `/api/v1/groups/${path(groupId)}/users?limit=200`,
      scope: 'memberships',
      observe: (user) => membership(this.#connection, String(user['id']), groupId),
    };
    yield* this.#walk(list, from, options, await this.#shortfalls());
  }

  /** Accounts first, then groups; the watermark of a page says in which of the two it lies. */
  async *listAssignments(
    appId: string,
    from?: Watermark,
    options: CallOptions = {},
  ): AsyncGenerator<Page<ObservedEntitlement>, void, undefined> {
    const shortfalls = await this.#shortfalls();
    const users: List = {
      what: `list the accounts of app ${appId}`,
      first: `/api/v1/apps/${path(appId)}/users?limit=500`,
      scope: 'app-assignments',
      observe: (user) => appUser(this.#connection, appId, user),
    };
    const groups: List = {
      what: `list the groups of app ${appId}`,
      first: `/api/v1/apps/${path(appId)}/groups?limit=200`,
      scope: 'app-assignments',
      observe: (group) => appGroup(this.#connection, appId, group),
    };
    let carried: readonly Shortfall[] = shortfalls;
    if (from === undefined || !from.startsWith(`/api/v1/apps/${path(appId)}/groups`)) {
      for await (const page of this.#walk(users, from, options, shortfalls)) {
        if (page.complete === undefined) {
          yield page;
          continue;
        }
        carried = page.incompleteBecause ?? [];
        yield {
          items: page.items,
          startedAt: page.startedAt,
          next: groups.first,
          ...(carried.length > 0 ? { incompleteBecause: [...carried] } : {}),
        };
      }
      yield* this.#walk(groups, groups.first, options, carried);
      return;
    }
    yield* this.#walk(groups, from, options, carried);
  }

  get #connection(): string {
    return this.#session.config.name;
  }

  #groupsOf(holder: HolderRef): { aspect: Aspect; list: List }[] {
    if (holder.kind !== 'account') return [];
    const list: List = {
      what: `list the groups of account ${holder.id}`,
      first: `/api/v1/users/${path(holder.id)}/groups`,
      scope: 'memberships',
      observe: (group) => membership(this.#connection, holder.id, String(group['id'])),
    };
    return [{ aspect: 'groups', list }];
  }

  #appsOf(holder: HolderRef): { aspect: Aspect; list: List }[] {
    const ofAccount = holder.kind === 'account';
    const filter = encodeURIComponent(`user.id eq "${holder.id}"`);
    const list: List = {
      what: `list the apps of ${holder.kind} ${holder.id}`,
      first: ofAccount
        ? `/api/v1/apps?limit=200&filter=${filter}&expand=${encodeURIComponent(`user/${holder.id}`)}`
        : `/api/v1/groups/${path(holder.id)}/apps?limit=200`,
      scope: 'app-assignments',
      observe: (app) => this.#appOf(holder, app),
    };
    return [{ aspect: 'apps', list }];
  }

  #appOf(holder: HolderRef, app: Wire): ObservedEntitlement | undefined {
    const appId = idOf(app);
    if (appId === undefined) return undefined;
    if (holder.kind === 'group') return appGroup(this.#connection, appId, { id: holder.id });
    const embedded = isWire(app['_embedded']) && isWire(app['_embedded']['user']) ? app['_embedded']['user'] : {};
    return appUser(this.#connection, appId, { ...embedded, id: holder.id });
  }

  /** Where the list did not embed how an account holds an app, the app is asked: an assignment through a group is none of the account's own. */
  async #withScope(holder: HolderRef, items: ObservedEntitlement[], options: CallOptions): Promise<ObservedEntitlement[]> {
    const whole: ObservedEntitlement[] = [];
    for (const item of items) {
      if (item.via !== 'unknown') {
        whole.push(item);
        continue;
      }
      const appId = item.entitlement.id;
      const found = await this.#session.get(
        `/api/v1/apps/${path(appId)}/users/${path(holder.id)}`,
        `read how account ${holder.id} holds app ${appId}`,
        {
          lane: 'live',
          ...options,
        },
      );
      // Taken away since the list was read.
      if (found !== 'absent') whole.push(appUser(this.#connection, appId, { ...found, id: holder.id }) ?? item);
    }
    return whole;
  }

  async #shortfalls(): Promise<Shortfall[]> {
    const { shortfalls } = await this.#session.permissions();
    return shortfalls.map((shortfall) => (shortfall.scope === 'apps' ? { ...shortfall, scope: 'app-assignments' as const } : shortfall));
  }

  #walk(
    list: List,
    from: Watermark | undefined,
    options: CallOptions,
    shortfalls: readonly Shortfall[],
  ): AsyncGenerator<Page<ObservedEntitlement>, void, undefined> {
    return walkPages<Wire, ObservedEntitlement>({
      scope: list.scope,
      from,
      fetch: (cursor) => this.#session.page(cursor ?? list.first, list.what, options),
      idOf,
      observe: (raw) => listed(list.observe(raw)),
      shortfalls: shortfalls.filter(({ scope }) => scope === list.scope || (list.scope === 'memberships' && scope === 'groups')),
    });
  }
}
