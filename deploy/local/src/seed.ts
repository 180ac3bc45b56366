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

/** Lets HR push the company's workers and waits until all of them are known and linked on both sides. */
export async function seedCompany({ sandboxes, console, hrToken, size, say }: Seeding): Promise<void> {
  const company = await fillSandboxes(sandboxes, size);
  say(`  ${company.name}: ${company.workers} workers, ${company.groups} groups, ${company.apps} apps`);
  await askAdmin(sandboxes, '/hr/subscription', { target: `${console.url}/scim/v2/hr-main/Bulk`, token: hrToken });
  const api = new Api(console);
  const end = performance.now() + PATIENCE_MS;
  try {
    for (;;) {
      const { counts } = await api.get<{ counts: Record<string, number> }>('/api/status');
      const { identities = 0, 'linked accounts': linked = 0 } = counts;
      if (identities >= company.workers && linked >= company.workers * 2) {
        say(`  ${identities} people known, ${linked} accounts linked`);
        return;
      }
      if (performance.now() > end)
        throw new Error(
          `after ${PATIENCE_MS / 1000} s only ${identities} people are known and ${linked} accounts linked; see the logs in the data folder`,
        );
      await sleep(500);
    }
  } finally {
    await api.close();
  }
}
