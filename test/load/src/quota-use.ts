import { kindDefaults } from '@muster/connector';

/** What is looked at of a request in the sandboxes' journal. */
export interface JournalEntry {
  readonly server: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly effects: readonly string[];
}

type Bucket = keyof typeof kindDefaults.okta.buckets;

/** Written here once more, and not taken from the connector: what is measured does not measure itself. */
const rules: readonly (readonly [RegExp, Bucket])[] = [
  [/^\w+ \/api\/v1\/users$/, 'users'],
  [/^GET \/api\/v1\/users\/[^/]+$/, 'userRead'],
  [/^\w+ \/api\/v1\/users\/[^/]+$/, 'userWrite'],
  [/^\w+ \/api\/v1\/groups$/, 'groups'],
  [/^\w+ \/api\/v1\/groups\/[^/]+$/, 'group'],
  [/^\w+ \/api\/v1\/apps\/[^/]+$/, 'app'],
  [/^\w+ \/api\/v1\/apps(\/|$)/, 'apps'],
  [/^\w+ \/api\/v1\/logs/, 'logs'],
  [/^\w+ \/api\/v1\//, 'other'],
];

/** How much of its share of Okta's tightest bucket a time used, 1 being all of it: the bucket of which most was used. */
export function quotaUse(
  entries: readonly JournalEntry[],
  { seconds, timeFactor }: { seconds: number; timeFactor: number },
): { bucket: string; use: number } {
  const used = new Map<Bucket, number>();
  for (const { server, method, path } of entries) {
    if (server !== 'okta') continue;
    const call = `${method} ${path.split('?', 1)[0] ?? ''}`;
    const bucket = rules.find(([pattern]) => pattern.test(call))?.[1];
    if (bucket !== undefined) used.set(bucket, (used.get(bucket) ?? 0) + 1);
  }
  const { buckets, share } = kindDefaults.okta;
  const shares = [...used].map(([bucket, calls]) => {
    const { limit, perMs } = buckets[bucket];
    const allowed = (limit * share * timeFactor * seconds * 1000) / perMs;
    return { bucket, use: calls / allowed };
  });
  return shares.toSorted((a, b) => b.use - a.use)[0] ?? { bucket: 'none', use: 0 };
}
