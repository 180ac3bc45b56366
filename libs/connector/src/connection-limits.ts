import type { Problems } from './config-problems.ts';
import type { KindDefaults } from './documented-limits.ts';
import type { BudgetLimits, Rate } from './ledger.ts';

type Path = readonly (string | number)[];

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 };
const DURATION = /^(\d{1,9})\s*(ms|s|min|h|d)$/;
const RATE = /^(\d{1,9})\s*\/\s*(?:(\d{1,6})\s*)?(ms|s|min|h|d)$/;
const LONGEST = 31 * 86_400_000;

const milliseconds = (value: unknown): number | undefined => {
  const [, count, unit] = typeof value === 'string' ? (DURATION.exec(value) ?? []) : [];
  const ms = Number(count) * (UNITS[unit ?? ''] ?? Number.NaN);
  return ms >= 0 && ms <= LONGEST ? ms : undefined;
};

/** Milliseconds of an entry such as `30s`, `5 min`, `24h`. */
export const readDuration = (
  entry: Readonly<Record<string, unknown>>,
  key: string,
  fallback: number,
  { path, problems }: { path: Path; problems: Problems },
): number => {
  if (!(key in entry)) return fallback;
  const ms = milliseconds(entry[key]);
  if (ms === undefined) problems.add([...path, key], 'not a duration', 'Write a number and ms, s, min, h or d, such as 30s; at most 31d.');
  return ms ?? fallback;
};

const rateOf = (value: unknown): Rate | undefined => {
  const [, limit, periods, unit] = typeof value === 'string' ? (RATE.exec(value) ?? []) : [];
  const rate = { limit: Number(limit), perMs: Number(periods ?? 1) * (UNITS[unit ?? ''] ?? Number.NaN) };
  return rate.limit >= 1 && rate.perMs >= 1 && rate.perMs <= LONGEST ? rate : undefined;
};

const readShare = (value: unknown, at: Path, problems: Problems): number | undefined => {
  if (typeof value === 'number' && value > 0 && value <= 1) return value;
  problems.add(at, 'not a share', 'Write a number above 0 and at most 1, such as 0.5.');
  return undefined;
};

const readConcurrency = (value: unknown, at: Path, problems: Problems): number | undefined => {
  if (Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 1000) return Number(value);
  problems.add(at, 'not a number of calls', 'Write a whole number from 1 to 1000.');
  return undefined;
};

const readRate = (value: unknown, at: Path, problems: Problems): Rate | undefined => {
  const rate = rateOf(value);
  if (!rate) problems.add(at, 'not a rate', 'Write a count and a time, such as 600/min or 5/10s.');
  return rate;
};

const readRates = (
  rates: Readonly<Record<string, unknown>>,
  path: Path,
  problems: Problems,
  defaults: KindDefaults,
): Record<string, Rate> => {
  const buckets: Record<string, Rate> = { ...defaults.buckets };
  const known = [...Object.keys(buckets), 'share', 'concurrency'].join(', ');
  for (const [name, given] of Object.entries(rates)) {
    const rate = Object.hasOwn(buckets, name) ? readRate(given, [...path, name], problems) : undefined;
    if (rate) buckets[name] = rate;
    else if (!Object.hasOwn(buckets, name)) problems.add([...path, name], 'there is no such bucket', `Known here: ${known}.`);
  }
  return buckets;
};

/** The budget of a connection: the documented limits, changed by what its file says. Buckets that the kind does not have are refused. */
export const readBudget = (
  value: unknown,
  path: Path,
  problems: Problems,
  { defaults, timeFactor }: { defaults: KindDefaults; timeFactor: number },
): BudgetLimits => {
  const given = typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
  if (value !== undefined && value !== given) {
    problems.add(path, 'not a list of keys', 'Write buckets and their rates, such as { users: 600/min, share: 0.5 }.');
  }
  const { share = defaults.share, concurrency = defaults.concurrency, ...rates } = given;
  return {
    buckets: readRates(rates, path, problems, defaults),
    share: readShare(share, [...path, 'share'], problems) ?? defaults.share,
    concurrency: readConcurrency(concurrency, [...path, 'concurrency'], problems) ?? defaults.concurrency,
    timeFactor,
  };
};
