import { Fault, walkPages } from '@muster/connector';
import type { AccountReader, CallOptions, ObservedAccount, Page, Watermark } from '@muster/connector';
import { idOf, isUnderWay, listed, observeUser } from './observe.ts';
import type { Wire } from './observe.ts';
import type { OktaSession } from './session.ts';

// A list without a filter leaves deprovisioned users out, and they would look deleted; a filter on the time of the last change has them all.
const EVERYBODY = `/api/v1/users?limit=200&filter=${encodeURIComponent('lastUpdated gt "1970-01-01T00:00:00.000Z"')}`;

const quoted = (text: string): string => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;

/** Reads users. Single reads go to `/users/{id or login}`, which does not lag as `search` does. */
export class OktaAccountReader implements AccountReader {
  readonly #session: OktaSession;

  constructor(session: OktaSession) {
    this.#session = session;
  }

  async *listAccounts(from?: Watermark, options: CallOptions = {}): AsyncGenerator<Page<ObservedAccount>, void, undefined> {
    const { shortfalls } = await this.#session.permissions();
    yield* walkPages<Wire, ObservedAccount>({
      scope: 'users',
      from,
      fetch: (cursor) => this.#session.page(cursor ?? EVERYBODY, 'list users', options),
      idOf,
      observe: (user) => listed(this.#observe(user)),
      shortfalls: shortfalls.filter(({ scope }) => scope === 'users'),
      neverEmpty: true,
    });
  }

  getAccount(id: string, options: CallOptions = {}): Promise<ObservedAccount | 'absent'> {
    return this.#fetch(id, `read account ${id}`, options);
  }

  /** Okta takes a login in the place of an id, case ignored; an id that happens to be the given text is no answer. */
  async findByLogin(login: string, options: CallOptions = {}): Promise<ObservedAccount | 'absent'> {
    const found = await this.#fetch(login, 'look for a login', options);
    if (found === 'absent') return found;
    return String(found.profile['login'] ?? '').toLowerCase() === login.toLowerCase() ? found : 'absent';
  }

  /** By `search`, which lags behind writes; the exact spelling is compared here, as `search` ignores case. */
  async findByMatchKey(key: string, options: CallOptions = {}): Promise<ObservedAccount[]> {
    const { matchKey } = this.#session.config;
    const search = `profile.${matchKey} eq ${quoted(key)}`;
    const path = `/api/v1/users?limit=10&search=${encodeURIComponent(search)}`;
    const { items } = await this.#session.page(path, `look for an account by ${matchKey}`, { lane: 'live', ...options });
    return items
      .slice(0, 10)
      .flatMap((user) => this.#observe(user) ?? [])
      .filter((account) => account.profile[matchKey] === key);
  }

  async #fetch(idOrLogin: string, what: string, options: CallOptions): Promise<ObservedAccount | 'absent'> {
    const user = await this.#session.get(`/api/v1/users/${encodeURIComponent(idOrLogin)}`, what, options);
    if (user === 'absent') return user;
    const observed = this.#observe(user) ?? unreadable(this.#session.config.name, what);
    return isUnderWay(user) ? { ...observed, underWay: true } : observed;
  }

  #observe(user: Wire): ObservedAccount | undefined {
    return observeUser(this.#session.config.name, this.#session.config.attributes, user);
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
