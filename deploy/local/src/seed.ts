import { setTimeout as sleep } from 'node:timers/promises';
import { Api } from '@muster/cli';
import { askAdmin, type Sandboxes } from './sandboxes.ts';

/** How large the sandbox company is; absent: 200 workers, 30 groups, 8 apps. */
export interface CompanySize {
  readonly workers?: number;
  readonly groups?: number;
  readonly apps?: number;
  /** Groups of these names and without members, instead of drawn ones. */
  readonly groupNames?: readonly string[];
  /** `frame`: groups and apps only; people are in HR alone. Absent: everybody is everywhere. */
  readonly directories?: 'full' | 'frame';
}

interface Company {
  readonly name: string;
  readonly workers: number;
  readonly groups: number;
  readonly apps: number;
}

/** Fills HR, org and tenant with a company that is at work already; what is there stays. Best before anything reads: an empty system is not believed. */
export const fillSandboxes = (sandboxes: Pick<Sandboxes, 'addresses'>, size: CompanySize = {}): Promise<Company> =>
  askAdmin<Company>(sandboxes, '/seed', { announce: true, ...size });

export interface Seeding {
  readonly sandboxes: Sandboxes;
  readonly console: { readonly url: string; readonly token: string };
  readonly hrToken: string;
  readonly size?: CompanySize;
  readonly say: (line: string) => void;
}

const PATIENCE_MS = 180_000;

interface Status {
  readonly counts: Record<string, number>;
  readonly connections: readonly { readonly connection: string; readonly kind: string; readonly lastCompleteRead: string | null }[];
}

/** Nothing is created before a second complete read: an account may be there that the first one, of a lagging replica, did not see. */
function wereReadTwice(connections: Status['connections'], first: Map<string, string>): boolean {
  const directories = connections.filter(({ kind }) => kind !== 'hr');
  for (const { connection, lastCompleteRead } of directories)
    if (lastCompleteRead !== null && !first.has(connection)) first.set(connection, lastCompleteRead);
  return directories.every(({ connection, lastCompleteRead }) => lastCompleteRead !== null && lastCompleteRead !== first.get(connection));
}

/** Lets HR push the company's workers and waits until all of them are known and linked on both sides, and new accounts may be made. */
export async function seedCompany({ sandboxes, console, hrToken, size, say }: Seeding): Promise<void> {
  const company = await fillSandboxes(sandboxes, size);
  say(`  ${company.name}: ${company.workers} workers, ${company.groups} groups, ${company.apps} apps`);
  await askAdmin(sandboxes, '/hr/subscription', { target: `${console.url}/scim/v2/hr-main/Bulk`, token: hrToken });
  const api = new Api(console);
  const end = performance.now() + PATIENCE_MS;
  try {
    const firstReads = new Map<string, string>();
    const look = async (): Promise<Seen> => {
      const { counts, connections } = await api.get<Status>('/api/status');
      return { ...named(counts), readTwice: wereReadTwice(connections, firstReads) };
    };
    const linked = await lookUntil(look, ({ people, accounts }) => people >= company.workers && accounts >= company.workers * 2, end);
    say(`  ${linked.people} people known, ${linked.accounts} accounts linked`);
    if (linked.readTwice) return;
    say('  reading both directories once more: nobody is created before that');
    await lookUntil(look, ({ readTwice }) => readTwice, end);
  } finally {
    await api.close();
  }
}

interface Seen {
  readonly people: number;
  readonly accounts: number;
  readonly readTwice: boolean;
}

const named = ({ identities = 0, 'linked accounts': accounts = 0 }: Record<string, number>): Pick<Seen, 'people' | 'accounts'> => ({
  people: identities,
  accounts,
});

async function lookUntil(look: () => Promise<Seen>, enough: (seen: Seen) => boolean, end: number): Promise<Seen> {
  for (;;) {
    const seen = await look();
    if (enough(seen)) return seen;
    if (performance.now() > end)
      throw new Error(
        `after ${PATIENCE_MS / 1000} s ${seen.people} people are known and ${seen.accounts} accounts linked, and the directories were ${seen.readTwice ? '' : 'not '}read twice; see the logs in the data folder`,
      );
    await sleep(500);
  }
}
