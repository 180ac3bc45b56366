import { setTimeout as sleep } from 'node:timers/promises';
import { Api } from '@muster/cli';
import { askAdmin, type Sandboxes, VendorViews } from '@muster/local';

/** How many of the hires are as they should be on one side, and who is not. */
export interface Side {
  readonly accounts: number;
  readonly missing: readonly string[];
  /** Employee numbers with more than one account, or more than one create in the vendor's journal. */
  readonly doubled: readonly string[];
  readonly linked: number;
  readonly unlinked: readonly string[];
}

export interface Verdict {
  readonly okta: Side;
  readonly entra: Side;
  readonly deadLetters: number;
  readonly openCases: number;
}

export const isRight = ({ okta, entra }: Verdict): boolean =>
  [okta, entra].every(({ missing, doubled, unlinked }) => missing.length + doubled.length + unlinked.length === 0);

export interface Judging {
  readonly sandboxes: Sandboxes;
  readonly console: { readonly url: string; readonly token: string };
  readonly keys: readonly string[];
}

const LOOK_EVERY_MS = 2_000;
const AT_ONCE = 8;

/** Looks with the vendors' own APIs, read-only credentials and the sandboxes' journal, until all is right or the time is over. */
export async function judge(judging: Judging, withinMs: number, signal: AbortSignal): Promise<Verdict> {
  const end = performance.now() + withinMs;
  const api = new Api(judging.console);
  try {
    for (;;) {
      const began = performance.now();
      const verdict = await look(judging, api).catch((error: unknown) => error as Error);
      const last = performance.now() > end || signal.aborted;
      if (!(verdict instanceof Error) && (isRight(verdict) || last)) return verdict;
      if (last) throw verdict as Error;
      // A look at many people must not be most of what the machine does.
      await sleep(LOOK_EVERY_MS + 2 * (performance.now() - began));
    }
  } finally {
    await api.close();
  }
}

interface Found {
  readonly id?: string | undefined;
  readonly doubled?: true;
}

async function look({ sandboxes, keys }: Judging, api: Api): Promise<Verdict> {
  const vendors = new VendorViews(sandboxes.addresses);
  const creates = await askAdmin<Record<string, number>>(sandboxes, '/counters');
  const okta = await found(keys, (key) => vendors.oktaUser(key));
  const entra = await found(keys, (key) => vendors.entraUser(key));
  const links = await linksOf(keys, api);
  const { counts } = await api.get<{ counts: Record<string, number> }>('/api/status');
  const side = (accounts: ReadonlyMap<string, Found>, counter: string, connection: string): Side => {
    const has = (key: string): boolean => accounts.get(key)?.id !== undefined;
    const isDoubled = (key: string): boolean => accounts.get(key)?.doubled === true || (creates[`${counter}.${key}`] ?? 0) > 1;
    const isLinked = (key: string): boolean => has(key) && links.get(key)?.get(connection) === accounts.get(key)?.id;
    const present = keys.filter(has);
    return {
      accounts: present.length,
      missing: keys.filter((key) => !has(key) && !isDoubled(key)),
      doubled: keys.filter(isDoubled),
      linked: keys.filter(isLinked).length,
      unlinked: keys.filter((key) => !isLinked(key)),
    };
  };
  return {
    okta: side(okta, 'okta.create.employeeNumber', 'okta-main'),
    entra: side(entra, 'graph.create.employeeId', 'entra-main'),
    deadLetters: counts['dead letters'] ?? 0,
    openCases: counts['open cases'] ?? 0,
  };
}

async function found(
  keys: readonly string[],
  one: (key: string) => Promise<{ id: string } | undefined>,
): Promise<ReadonlyMap<string, Found>> {
  return new Map(
    await inTurns(keys, async (key): Promise<[string, Found]> => {
      try {
        return [key, { id: (await one(key))?.id }];
      } catch (error) {
        if (/^there are \d+/.test((error as Error).message)) return [key, { doubled: true }];
        throw error;
      }
    }),
  );
}

/** What the product says is linked, by connection. */
async function linksOf(keys: readonly string[], api: Api): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>> {
  const date = new Date(Date.now() + 1_000).toISOString();
  return new Map(
    await inTurns(keys, async (key) => {
      const answer = await api
        .get<{ accounts: { connection: string; accountId: string }[] }>(`/api/as-of/${key}`, { date })
        .catch(() => ({ accounts: [] }));
      return [key, new Map(answer.accounts.map(({ connection, accountId }) => [connection, accountId] as const))] as const;
    }),
  );
}

async function inTurns<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += AT_ONCE) results.push(...(await Promise.all(items.slice(at, at + AT_ONCE).map(work))));
  return results;
}
