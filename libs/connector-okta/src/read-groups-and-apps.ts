import { walkPages } from '@muster/connector';
import type { AppReader, CallOptions, GroupReader, ObservedApp, ObservedGroup, Page, Watermark } from '@muster/connector';
import { idOf, listed, observeApp, observeGroup } from './observe.ts';
import type { Wire } from './observe.ts';
import { unreadable } from './read-accounts.ts';
import type { OktaSession } from './session.ts';

/** Reads groups as JSON: the SDK's model of a group drops custom attributes. */
export class OktaGroupReader implements GroupReader {
  readonly #session: OktaSession;

  constructor(session: OktaSession) {
    this.#session = session;
  }

  async *listGroups(from?: Watermark, options: CallOptions = {}): AsyncGenerator<Page<ObservedGroup>, void, undefined> {
    const { shortfalls } = await this.#session.permissions();
    yield* walkPages<Wire, ObservedGroup>({
      scope: 'groups',
      from,
      fetch: (cursor) => this.#session.page(cursor ?? '/api/v1/groups?limit=200', 'list groups', options),
      idOf,
      observe: (group) => listed(observeGroup(this.#session.config.name, group)),
      shortfalls: shortfalls.filter(({ scope }) => scope === 'groups'),
      // Every org has the group Everyone.
      neverEmpty: true,
    });
  }

  async getGroup(id: string, options: CallOptions = {}): Promise<ObservedGroup | 'absent'> {
    const what = `read group ${id}`;
    const group = await this.#session.get(`/api/v1/groups/${encodeURIComponent(id)}`, what, options);
    return group === 'absent' ? group : (observeGroup(this.#session.config.name, group) ?? unreadable(this.#session.config.name, what));
  }
}

export class OktaAppReader implements AppReader {
  readonly #session: OktaSession;

  constructor(session: OktaSession) {
    this.#session = session;
  }

  async *listApps(from?: Watermark, options: CallOptions = {}): AsyncGenerator<Page<ObservedApp>, void, undefined> {
    const { shortfalls } = await this.#session.permissions();
    yield* walkPages<Wire, ObservedApp>({
      scope: 'apps',
      from,
      fetch: (cursor) => this.#session.page(cursor ?? '/api/v1/apps?limit=200', 'list apps', options),
      idOf,
      observe: (app) => listed(observeApp(this.#session.config.name, app)),
      shortfalls: shortfalls.filter(({ scope }) => scope === 'apps'),
    });
  }

  async getApp(id: string, options: CallOptions = {}): Promise<ObservedApp | 'absent'> {
    const what = `read app ${id}`;
    const app = await this.#session.get(`/api/v1/apps/${encodeURIComponent(id)}`, what, options);
    return app === 'absent' ? app : (observeApp(this.#session.config.name, app) ?? unreadable(this.#session.config.name, what));
  }
}
