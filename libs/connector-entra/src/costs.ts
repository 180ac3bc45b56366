import type { BudgetSignal, Cost } from '@muster/connector';

/** Resource units by operation where they are not 1 (Microsoft's throttling limits of the identity service). */
const UNITS: readonly [RegExp, number][] = [
  [/^\/users(?:\/delta)?$/, 2],
  [/^\/applications$/, 2],
  [/^\/groups\/[^/]+\/members(?:\/microsoft\.graph\.\w+)?$/, 3],
  [/\/transitive(?:Members|MemberOf)(?:\/microsoft\.graph\.\w+)?$/, 5],
  [/\/memberOf(?:\/microsoft\.graph\.\w+)?$/, 2],
  [/^\/groups(?:\/delta)?$/, 2],
  [/\/owners$/, 2],
  [/\/appRole(?:Assignments|AssignedTo)(?:\/[^/]+)?$/, 2],
  [/\/get(?:MemberGroups|MemberObjects)$/, 2],
  [/^\/directoryObjects\/getByIds$/, 3],
  [/^\/subscribedSkus$/, 3],
];

const READS_BY_POST = /\/(?:getByIds|getMemberGroups|getMemberObjects|checkMemberGroups)$/;

const adjustment = (query: URLSearchParams): number => {
  const smallPage = Number(query.get('$top') ?? 100) < 20;
  return (query.has('$expand') ? 1 : 0) - (query.has('$select') ? 1 : 0) - (smallPage ? 1 : 0);
};

/** What one request costs: `$select` takes a unit off, `$expand` adds one, a page below 20 takes one off, never below 1; a write counts as write too. */
export const costOf = (method: string, pathAndQuery: string): Cost => {
  const [path = '', search = ''] = pathAndQuery.split('?', 2);
  if (path.startsWith('/auditLogs/')) return { audit: 1 };
  const base = UNITS.find(([pattern]) => pattern.test(path))?.[1] ?? 1;
  const units = Math.max(1, base + adjustment(new URLSearchParams(search)));
  return method === 'GET' || READS_BY_POST.test(path) ? { units } : { units, writes: 1 };
};

/** The cost of a batch is that of its requests. */
export const sumOf = (costs: readonly Cost[]): Cost => {
  const sum: Record<string, number> = {};
  for (const cost of costs) for (const [bucket, units] of Object.entries(cost)) sum[bucket] = (sum[bucket] ?? 0) + units;
  return sum;
};

/** Milliseconds of a Retry-After header, in seconds or as a date. */
export const retryAfterOf = (header: string | null | undefined, now: number): number | undefined => {
  if (header === null || header === undefined || header === '') return undefined;
  const seconds = /^\d{1,9}$/.test(header.trim()) ? Number(header) : Number.NaN;
  const wait = Number.isNaN(seconds) ? Date.parse(header) - now : seconds * 1000;
  return wait >= 0 ? wait : undefined;
};

/** What the headers say about limits. Graph tells no remaining units: only what a call cost, and the used part once it is above 0.8. */
export const limitSignal = (status: number, header: (name: string) => string | null, now: number): BudgetSignal => {
  if (status === 429) {
    const retryAfter = retryAfterOf(header('retry-after'), now);
    return { throttled: 'rate', ...(retryAfter === undefined ? {} : { retryAfter }) };
  }
  const units = Number(header('x-ms-resource-unit') ?? Number.NaN);
  const used = Number(header('x-ms-throttle-limit-percentage') ?? Number.NaN);
  return { ...(Number.isFinite(units) ? { spent: { units } } : {}), ...(Number.isFinite(used) ? { usedShare: used } : {}) };
};
