import type { Problems } from './config-problems.ts';
import { readDuration } from './connection-limits.ts';

type Path = readonly (string | number)[];
type Entry = Readonly<Record<string, unknown>>;

/** What may be limited: the actions, and `leaver` for what people lose who left by their own HR record. */
export const changeNames = ['create', 'set', 'enable', 'disable', 'revokeSessions', 'grant', 'revoke', 'leaver'] as const;

export type ChangeName = (typeof changeNames)[number];

/** How many people a change may touch in one run, and in any such time, before a person has to say. */
export interface ChangeLimit {
  people: number;
  /** Of the people linked on the connection; the larger of the two counts. */
  share: number;
  perMs: number;
}

export type ChangeLimits = Readonly<Partial<Record<ChangeName, ChangeLimit>>>;

const DAY_MS = 86_400_000;
const taking: ChangeLimit = { people: 20, share: 0.05, perMs: DAY_MS };
const hold: ChangeLimit = { people: 0, share: 0, perMs: DAY_MS };

/** Until a connection file says otherwise: 20 people or 5 % a day may lose something, nobody is turned off without a person, nothing else is limited. */
const defaults: ChangeLimits = { revoke: taking, leaver: taking, disable: hold, revokeSessions: hold };

const isEntry = (value: unknown): value is Entry => typeof value === 'object' && value !== null && !Array.isArray(value);

const inRange = (value: unknown, highest: number): value is number => typeof value === 'number' && value >= 0 && value <= highest;

const readLimit = (value: unknown, path: Path, problems: Problems): ChangeLimit => {
  if (value === 'hold') return hold;
  if (!isEntry(value)) {
    problems.add(path, 'not a limit', 'Write hold, or { count: 20, share: 0.05, per: 24h }.');
    return hold;
  }
  const { count = 0, share = 0 } = value;
  for (const key of Object.keys(value))
    if (!['count', 'share', 'per'].includes(key)) problems.add([...path, key], 'unknown key', 'Known here: count, share, per.');
  if (!inRange(count, 1_000_000) || !Number.isInteger(count))
    problems.add([...path, 'count'], 'not a number of people', 'Write a whole number from 0 to 1000000.');
  if (!inRange(share, 1)) problems.add([...path, 'share'], 'not a share', 'Write a number from 0 to 1, such as 0.05.');
  const perMs = readDuration(value, 'per', DAY_MS, { path, problems });
  return { people: Number(count), share: Number(share), perMs };
};

/** The limits of a connection: the start values, changed by what its file says. Times are divided by the time factor. */
export const readChangeLimits = (
  value: unknown,
  path: Path,
  { problems, timeFactor }: { problems: Problems; timeFactor: number },
): ChangeLimits => {
  if (value !== undefined && !isEntry(value))
    problems.add(path, 'not a list of keys', 'Write actions and their limits, such as { revoke: { count: 20, share: 0.05, per: 24h } }.');
  const given = isEntry(value) ? value : {};
  const limits: Partial<Record<ChangeName, ChangeLimit>> = { ...defaults };
  for (const [name, limit] of Object.entries(given)) {
    const known = changeNames.find((one) => one === name);
    if (known) limits[known] = readLimit(limit, [...path, name], problems);
    else problems.add([...path, name], 'there is no such action', `Known here: ${changeNames.join(', ')}.`);
  }
  return Object.fromEntries(
    Object.entries(limits).map(([name, { people, share, perMs }]) => [name, { people, share, perMs: perMs / timeFactor }]),
  );
};
