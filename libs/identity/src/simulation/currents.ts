import { accountCategory, type Account } from '../account.ts';
import type { StreamCategory } from '../category.ts';
import { claimCategory } from '../claim.ts';
import { identityCategory } from '../identity.ts';
import { evolveAny, type StoredEvent } from './store.ts';
import type { World } from './world.ts';

type Shape = { type: string; data: object };

/** The rows that reconciliation folds its batches into: behind the store by as much as its subscription is. */
export class Currents {
  readonly #world: World;
  readonly #rows = new Map<string, { state: unknown; revision: number }>();

  constructor(world: World) {
    this.#world = world;
  }

  clear(): void {
    this.#rows.clear();
  }

  follow(event: StoredEvent): void {
    const row = this.#rows.get(event.stream) ?? { state: undefined, revision: -1 };
    if (event.revision !== row.revision + 1) return;
    this.#rows.set(event.stream, { state: evolveAny(row.state, event), revision: event.revision });
  }

  load<S, E extends Shape>(category: StreamCategory<S, E>, stream: string): { state: S; revision: number } {
    const row = this.#rows.get(stream);
    return row === undefined ? { state: category.initial, revision: -1 } : { state: row.state as S, revision: row.revision };
  }

  streams(prefix: string): string[] {
    return [...this.#rows.keys()].filter((stream) => stream.startsWith(prefix));
  }

  *#accounts(): Iterable<[stream: string, account: Account]> {
    for (const stream of this.streams('account-')) yield [stream, this.load(accountCategory, stream).state];
  }

  accountsWithKey(key: string): [stream: string, account: Account][] {
    return [...this.#accounts()].filter(([, account]) => account.existence === 'there' && account.fields['employeeNumber']?.value === key);
  }

  accountsWithLogin(login: string): [connection: string, accountId: string][] {
    return [...this.#accounts()].flatMap(([, { connection, accountId, existence, fields }]) =>
      existence === 'there' && fields['login']?.value === login && connection !== undefined && accountId !== undefined
        ? [[connection, accountId] as [string, string]]
        : [],
    );
  }

  /** Accounts of a connection that carry a match key and nobody has claimed. */
  unclaimedWithKey(connection: string, key: string): string[] {
    return this.accountsWithKey(key).flatMap(([, account]) => {
      const claim = this.#world.names.claim(connection, account.accountId ?? '');
      const claimed = this.#world.store.load(claimCategory, claim).state.owner !== undefined;
      return account.connection === connection && account.accountId !== undefined && !claimed ? [account.accountId] : [];
    });
  }

  ownersOf(accountStream: string): string[] {
    return this.streams('identity-').flatMap((stream) => {
      const { links, identityId } = this.load(identityCategory, stream).state;
      const owns = Object.entries(links).some(
        ([connection, link]) => this.#world.names.account(connection, link.accountId) === accountStream,
      );
      return owns && identityId !== undefined ? [identityId] : [];
    });
  }

  /** People whose manager this identity is. */
  reportsOf(identityId: string): string[] {
    const key = this.load(identityCategory, `identity-${identityId}`).state.attributes['employeeNumber'];
    return this.streams('identity-').flatMap((stream) => {
      const identity = this.load(identityCategory, stream).state;
      return key !== undefined && identity.attributes['managerKey'] === key && identity.identityId !== undefined
        ? [identity.identityId]
        : [];
    });
  }
}
