import { Fault, walkPages } from '@muster/connector';
import type { AccountReader, CallOptions, ObservedAccount, Page, Shortfall, Watermark } from '@muster/connector';
import { idOf, observeUser, USER_PROPERTIES } from './observe.ts';
import type { Sight } from './observe.ts';
import { literal, selectOf } from './properties.ts';
import type { Wire } from './properties.ts';
import type { EntraSession } from './session.ts';

/** An item of a list is one observation; one that cannot be read is none. */
export const listed = <T>(observed: T | undefined): readonly T[] | undefined => (observed === undefined ? undefined : [observed]);

const EVENTUAL = { ConsistencyLevel: 'eventual' } as const;

/** Reads users with their manager. Without a profile permission Graph shows nulls: such an account is given without any aspect. */
export class EntraAccountReader implements AccountReader {
  readonly #session: EntraSession;
  readonly #query: string;

  constructor(session: EntraSession) {
    this.#session = session;
    this.#query = `$select=${selectOf(session.config.attributes, USER_PROPERTIES)}&$expand=manager($select=id)`;
  }

  async *listAccounts(from?: Watermark, options: CallOptions = {}): AsyncGenerator<Page<ObservedAccount>, void, undefined> {
    const { sight, shortfalls } = await this.#sight();
    yield* walkPages<Wire, ObservedAccount>({
      scope: 'users',
      from,
      fetch: (cursor) => this.#session.page(cursor ?? `/users?${this.#query}&$top=999`, 'list users', options),
      idOf,
      observe: (user) => listed(observeUser(sight, user)),
      shortfalls,
      neverEmpty: true,
    });
  }

  getAccount(id: string, options: CallOptions = {}): Promise<ObservedAccount | 'absent'> {
    return this.#fetch(`/users/${encodeURIComponent(id)}`, `read account ${id}`, options);
  }

  async findByLogin(login: string, options: CallOptions = {}): Promise<ObservedAccount | 'absent'> {
    const found = await this.#fetch(`/users/${encodeURIComponent(login)}`, 'look for a login', options);
    if (found === 'absent') return found;
    return String(found.profile['userPrincipalName'] ?? '').toLowerCase() === login.toLowerCase() ? found : 'absent';
  }

  /** By filter on the eventually consistent index; the exact spelling is compared here, as the filter ignores case. */
  async findByMatchKey(key: string, options: CallOptions = {}): Promise<ObservedAccount[]> {
    const { sight } = await this.#sight();
    const { matchKey } = this.#session.config;
    const path = `/users?${this.#query}&$filter=${matchKey}%20eq%20${literal(key)}&$count=true&$top=10`;
    const { items } = await this.#session.page(path, `look for an account by ${matchKey}`, { lane: 'live', ...options, headers: EVENTUAL });
    return items
      .slice(0, 10)
      .flatMap((user) => observeUser(sight, user) ?? [])
      .filter((account) => account.profile[matchKey] === key);
  }

  async #fetch(path: string, what: string, options: CallOptions): Promise<ObservedAccount | 'absent'> {
    const { sight } = await this.#sight();
    const user = await this.#session.get(`${path}?${this.#query}`, what, options);
    return user === 'absent' ? user : (observeUser(sight, user) ?? unreadable(this.#session.config.name, what));
  }

  async #sight(): Promise<{ sight: Sight; shortfalls: Shortfall[] }> {
    const { granted, shortfalls } = await this.#session.permissions();
    const ofUsers = shortfalls.filter(({ scope }) => scope === 'users');
    const { name, attributes } = this.#session.config;
    return { sight: { connection: name, attributes, profiles: granted === undefined || ofUsers.length === 0 }, shortfalls: ofUsers };
  }
}

/** An answer of success that is not the object: nothing follows from it. */
export const unreadable = (connection: string, what: string): never => {
  throw new Fault({
    code: 'target.unavailable',
    kind: 'transient',
    message: `${connection} answered something that could not be read: ${what}`,
    remedy: `Nothing to do: it is tried again. If it lasts, look at ${connection}.`,
  });
};
