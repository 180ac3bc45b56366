import { grantable, isGrant } from '@muster/contracts';
import type { Problems } from './config-problems.ts';

type Path = readonly (string | number)[];

/** A system that is given topics of its own, with the personal fields that it may see and no others. */
export interface SubscriberConfig {
  /** Part of the names of its topics. */
  readonly name: string;
  /** What it was granted, sorted: `login`, `attributes` (all of them), `attributes.department`. */
  readonly sees: readonly string[];
}

const MAX_SUBSCRIBERS = 50;
const MAX_GRANTS = 500;
const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;
const KEYS = ['name', 'sees'];
const SEES_REMEDY = `List what it may see, such as [attributes.department]; [] for nothing personal. Known here: ${grantable.join(', ')}.`;

const readGrants = (value: unknown, path: Path, problems: Problems): string[] => {
  if (!Array.isArray(value) || value.length > MAX_GRANTS) {
    problems.add(path, value === undefined ? 'missing' : `not a list of at most ${MAX_GRANTS} fields`, SEES_REMEDY);
    return [];
  }
  value.forEach((grant, index) => {
    if (typeof grant !== 'string' || !isGrant(grant))
      problems.add([...path, index], 'not a personal field of the public topics', SEES_REMEDY);
  });
  return [...new Set(value.map(String))].toSorted((a, b) => (a < b ? -1 : 1));
};

const readSubscriber = (entry: unknown, path: Path, problems: Problems): SubscriberConfig | undefined => {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
    problems.add(path, 'not a list of keys', 'Write "- name: ..." and "sees: [...]" below it.');
    return undefined;
  }
  const given = entry as Readonly<Record<string, unknown>>;
  for (const key of Object.keys(given))
    if (!KEYS.includes(key)) problems.add([...path, key], 'unknown key', `Known here: ${KEYS.join(', ')}.`);
  const { name } = given;
  const named = typeof name === 'string' && NAME.test(name);
  if (!named)
    problems.add(
      [...path, 'name'],
      name === undefined ? 'missing' : 'not a name',
      'Use lower-case letters, digits and hyphens; at most 63.',
    );
  const sees = readGrants(given['sees'], [...path, 'sees'], problems);
  return named ? { name, sees } : undefined;
};

/** The subscribers of a connection file; none if it names none. */
export const readSubscribers = (value: unknown, problems: Problems): SubscriberConfig[] => {
  if (value === undefined) return [];
  if (!Array.isArray(value) || value.length > MAX_SUBSCRIBERS) {
    problems.add(
      ['subscribers'],
      `not a list of at most ${MAX_SUBSCRIBERS}`,
      'Write "- name: ..." for each subscriber, or take the key out.',
    );
    return [];
  }
  const names = new Set<string>();
  return value.flatMap((entry: unknown, index) => {
    const subscriber = readSubscriber(entry, ['subscribers', index], problems);
    if (!subscriber) return [];
    if (names.has(subscriber.name))
      problems.add(['subscribers', index, 'name'], 'this name is taken above', 'Give every subscriber a name of its own.');
    names.add(subscriber.name);
    return [subscriber];
  });
};
