import { walkPages } from '@muster/connector';
import type { AppReader, CallOptions, GroupReader, ObservedApp, ObservedGroup, Page, Watermark } from '@muster/connector';
import { APP_PROPERTIES, GROUP_PROPERTIES, idOf, observeApp, observeGroup } from './observe.ts';
import type { Wire } from './properties.ts';
import { listed, unreadable } from './read-accounts.ts';
import type { EntraSession } from './session.ts';

const GROUPS = `$select=${GROUP_PROPERTIES.join(',')}`;
const APPS = `$select=${APP_PROPERTIES.join(',')}`;

export class EntraGroupReader implements GroupReader {
  readonly #session: EntraSession;

  constructor(session: EntraSession) {
    this.#session = session;
  }

  async *listGroups(from?: Watermark, options: CallOptions = {}): AsyncGenerator<Page<ObservedGroup>, void, undefined> {
    const { shortfalls } = await this.#session.permissions();
    yield* walkPages<Wire, ObservedGroup>({
      scope: 'groups',
      from,
      fetch: (cursor) => this.#session.page(cursor ?? `/groups?${GROUPS}&$top=999`, 'list groups', options),
      idOf,
      observe: (group) => listed(observeGroup(this.#session.config.name, group)),
      shortfalls: shortfalls.filter(({ scope }) => scope === 'groups'),
    });
  }

  async getGroup(id: string, options: CallOptions = {}): Promise<ObservedGroup | 'absent'> {
    const what = `read group ${id}`;
    const group = await this.#session.get(`/groups/${encodeURIComponent(id)}?${GROUPS}`, what, options);
    return group === 'absent' ? group : (observeGroup(this.#session.config.name, group) ?? unreadable(this.#session.config.name, what));
  }
}

/** An app is a service principal of the tenant, with the roles that can be assigned. */
export class EntraAppReader implements AppReader {
  readonly #session: EntraSession;

  constructor(session: EntraSession) {
    this.#session = session;
  }

  async *listApps(from?: Watermark, options: CallOptions = {}): AsyncGenerator<Page<ObservedApp>, void, undefined> {
    const { shortfalls } = await this.#session.permissions();
    yield* walkPages<Wire, ObservedApp>({
      scope: 'apps',
      from,
      fetch: (cursor) => this.#session.page(cursor ?? `/servicePrincipals?${APPS}&$top=999`, 'list apps', options),
      idOf,
      observe: (app) => listed(observeApp(this.#session.config.name, app)),
      shortfalls: shortfalls.filter(({ scope }) => scope === 'apps'),
      // At least the client of this connection is one.
      neverEmpty: true,
    });
  }

  async getApp(id: string, options: CallOptions = {}): Promise<ObservedApp | 'absent'> {
    const what = `read app ${id}`;
    const app = await this.#session.get(`/servicePrincipals/${encodeURIComponent(id)}?${APPS}`, what, options);
    return app === 'absent' ? app : (observeApp(this.#session.config.name, app) ?? unreadable(this.#session.config.name, what));
  }
}
