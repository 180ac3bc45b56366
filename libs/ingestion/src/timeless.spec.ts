import { describe, expect, it } from '@jest/globals';
import { isEventType } from '@muster/contracts';
import { globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import {
  accountCategory,
  appCategory,
  claimCategory,
  groupCategory,
  identityCategory,
  planCategory,
  provisioningCategory,
  readCategory,
  type StreamCategory,
} from '@muster/identity';
import { objectCategory } from './facts.ts';

type AnyCategory = StreamCategory<unknown, { type: string; data: object }>;

const examples = join(import.meta.dirname, '../../../contracts/examples');
const typeOf = (file: string): string =>
  basename(dirname(dirname(file)))
    .replace(/\.v\d+$/, '')
    .split('-')
    .map((part) => part[0]?.toUpperCase() + part.slice(1))
    .join('');

/** Every valid example of an event, by type. */
const events = globSync('*/*/valid/*.json', { cwd: examples })
  .map((file) => ({ type: typeOf(file), data: JSON.parse(readFileSync(join(examples, file), 'utf8')) as object }))
  .filter(({ type }) => isEventType(type));

const categories = [
  accountCategory,
  appCategory,
  claimCategory,
  groupCategory,
  identityCategory,
  objectCategory,
  planCategory,
  provisioningCategory,
  readCategory,
] as unknown as AnyCategory[];

/** An event whose time of recording must not be asked for. */
const unclocked = (event: { type: string; data: object }, revision: number) =>
  Object.defineProperty({ ...event, id: 'e', revision, recordedAt: '' }, 'recordedAt', {
    get: () => {
      throw new Error(`the fold of ${event.type} looks at recordedAt`);
    },
  });

describe.each(categories.map((category) => [category.name, category] as const))('the fold of %s', (_, category) => {
  it('never looks at the time of recording, as it says', () => {
    expect(category.timeless).toBe(true);
    const known = events.filter(({ type }) => category.types.includes(type));
    expect(new Set(known.map(({ type }) => type))).toEqual(new Set(category.types));
    // Each after all others: some are looked at closely only when something stands already.
    let state = category.initial;
    [...known, ...known].forEach((event, revision) => {
      state = category.evolve(state, unclocked(event, revision) as never);
    });
    expect(state).not.toEqual(category.initial);
  });
});
