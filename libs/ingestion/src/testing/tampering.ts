import type { CallOptions, Connection, ObservedAccount, Page, Watermark } from '@muster/connector';
import type { PageKind } from './vendor.ts';

type AnyPage = Page<unknown>;

/** What happens between a real connector and whoever reads through it. */
export interface Tampering {
  /** Changes a page of one kind. */
  page?(kind: PageKind, page: AnyPage): AnyPage;
  /** Held up before an account that was fetched is handed over. */
  beforeAccount?(id: string): Promise<void>;
}

export interface Listed {
  readonly kind: PageKind;
  readonly from: Watermark | undefined;
}

/** The connection as it is, with its pages tampered with on the way and its lists written down as they are asked for. */
export function tampered(connection: Connection, tampering: Tampering, asked: Listed[]): Connection {
  const { accounts, groups, apps, entitlements, changes, disablements, permissions } = connection.readers;
  async function* pages<T>(kind: PageKind, from: Watermark | undefined, list: AsyncIterable<Page<T>>): AsyncGenerator<Page<T>> {
    asked.push({ kind, from });
    for await (const page of list) yield (tampering.page?.(kind, page) ?? page) as Page<T>;
  }
  const fetched = async (id: string, options?: CallOptions): Promise<ObservedAccount | 'absent'> => {
    const account = await accounts.getAccount(id, options);
    await tampering.beforeAccount?.(id);
    return account;
  };
  return {
    name: connection.name,
    manifest: connection.manifest,
    close: () => connection.close(),
    readers: {
      accounts: {
        listAccounts: (from, options) => pages('users', from, accounts.listAccounts(from, options)),
        getAccount: fetched,
        findByLogin: (login, options) => accounts.findByLogin(login, options),
        findByMatchKey: (key, options) => accounts.findByMatchKey(key, options),
      },
      groups: {
        listGroups: (from, options) => pages('groups', from, groups.listGroups(from, options)),
        getGroup: (id, options) => groups.getGroup(id, options),
      },
      apps: {
        listApps: (from, options) => pages('apps', from, apps.listApps(from, options)),
        getApp: (id, options) => apps.getApp(id, options),
      },
      entitlements: {
        entitlementsOf: (holder, options) => entitlements.entitlementsOf(holder, options),
        listMembers: (id, from, options) => pages('memberships', from, entitlements.listMembers(id, from, options)),
        listAssignments: (id, from, options) => pages('app-assignments', from, entitlements.listAssignments(id, from, options)),
      },
      changes,
      disablements,
      permissions,
    },
  };
}

const half = (page: AnyPage): unknown[] => page.items.slice(0, Math.floor(page.items.length / 2));

/** Pages that lie. The connector notices most of these itself; here it vouches for all but the last. */
export const LIES: Readonly<Record<string, (page: AnyPage) => AnyPage>> = {
  empty: (page) => ({ ...page, items: [] }),
  short: (page) => ({ ...page, items: half(page) }),
  repeated: (page) => ({ ...page, items: [...half(page), ...half(page)] }),
  trimmed: (page) => ({
    ...page,
    items: half(page),
    ...(page.complete === undefined ? {} : { complete: false }),
    incompleteBecause: [{ code: 'connection.permission_missing', scope: 'users', message: 'some are hidden' }],
  }),
};

export const shuffled = (page: AnyPage): AnyPage => ({ ...page, items: page.items.toReversed() });
