import { describe, expect, it } from '@jest/globals';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { catalogue, grantable, isGrant, topicMap, topicOfSubscriber, topics, viewFor } from './index.ts';

type Data = Record<string, unknown>;

const contracts = join(import.meta.dirname, '../../../contracts');
const json = (file: string): Data => JSON.parse(readFileSync(file, 'utf8')) as Data;
const STATE = 'muster:identity/identity-state.v1';
const publicEvents = [...catalogue.values()].filter(({ streams }) =>
  topics.some((topic) => topic.public && streams.some((stream) => (topic.categories as readonly string[]).includes(stream))),
);
/** By the marks in the schemas alone; the state has the fields of the events that it is folded from. */
const marked = new Set(
  publicEvents.flatMap(({ schema }) => {
    const { properties } = json(join(contracts, 'schemas', `${schema.slice('muster:'.length)}.schema.json`)) as {
      properties: Record<string, Data>;
    };
    return Object.keys(properties).filter((name) => properties[name]?.['x-personal'] === true);
  }),
);
const examples = [...publicEvents.map(({ schema }) => schema), STATE].flatMap((schema) =>
  globSync(`${schema.slice('muster:'.length)}/valid/*.json`, { cwd: join(contracts, 'examples') }).map((file): [string, Data] => [
    file,
    json(join(contracts, 'examples', file)),
  ]),
);

const isRecord = (value: unknown): value is Data => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Every value and every attribute's name in personal fields is replaced by one that stands nowhere else, so that it can be looked for in whatever comes out. */
function withTokens(data: Data): { data: Data; values: Map<string, string[]> } {
  const values = new Map<string, string[]>();
  let count = 0;
  const replaced = (value: unknown, path: string): unknown => {
    if (isRecord(value))
      return Object.fromEntries(
        Object.entries(value).map(([name, inner]) => [name, name === 'connection' ? inner : replaced(inner, path)]),
      );
    if (Array.isArray(value)) return value.map((inner) => replaced(inner, path));
    const token = `personal-value-${count++};`;
    values.set(path, [...(values.get(path) ?? []), token]);
    return token;
  };
  const field = (name: string, value: unknown): unknown => {
    if (!marked.has(name)) return value;
    return isRecord(value)
      ? Object.fromEntries(Object.entries(value).map(([attribute, inner]) => [attribute, replaced(inner, `${name}.${attribute}`)]))
      : replaced(value, name);
  };
  return { data: Object.fromEntries(Object.entries(data).map(([name, value]) => [name, field(name, value)])), values };
}

const pathsOf = (data: Data): string[] =>
  [...marked].flatMap((field) => {
    const value = data[field];
    return [field, ...(isRecord(value) ? Object.keys(value).map((attribute) => `${field}.${attribute}`) : [])];
  });

const granted = (path: string, grants: readonly string[]): boolean =>
  grants.includes(path) || grants.includes(path.split('.')[0] as string);

describe('what a subscriber with topics of its own is shown', () => {
  it('is tried on every public event and on the state', () => {
    expect(examples.length).toBeGreaterThanOrEqual(2 * (publicEvents.length + 1));
    expect([...marked].toSorted((a, b) => (a < b ? -1 : 1))).toEqual(['attributes', 'login', 'losing']);
  });

  it.each(examples)('holds of %s every personal value that was granted and no other', (_file, example) => {
    const { data, values } = withTokens(example);
    fc.assert(
      fc.property(fc.subarray(pathsOf(data)), (grants) => {
        const shown = JSON.stringify(viewFor(grants)(data));
        for (const [path, tokens] of values)
          for (const token of tokens) expect([path, shown.includes(token)]).toEqual([path, granted(path, grants)]);
      }),
      { numRuns: 40 },
    );
  });

  it.each(examples)('leaves of %s everything that is not personal, and names no attribute that was not granted', (_file, example) => {
    const shown = viewFor([])(example);
    const clear = Object.entries(example).filter(([name]) => !marked.has(name) && name !== 'changed' && name !== 'provenance');
    expect(shown).toEqual({
      ...Object.fromEntries(clear),
      ...('changed' in example ? { changed: [], provenance: {} } : {}),
    });
  });

  it('is whole when everything is granted', () => {
    const all = viewFor([...marked]);
    for (const [, example] of examples) expect(all(example)).toEqual(example);
  });

  it('tells of a change of a granted attribute, and keeps quiet about the others', () => {
    const data = {
      attributes: { title: 'Analyst', lastName: 'Byron' },
      changed: ['title', 'lastName'],
      provenance: { title: { field: 'title' }, lastName: { field: 'lastName' } },
      losing: { lastName: [{ connection: 'okta', value: 'Milbanke' }] },
    };
    expect(viewFor(['attributes.title'])(data)).toEqual({
      attributes: { title: 'Analyst' },
      changed: ['title'],
      provenance: { title: { field: 'title' } },
    });
  });

  it('shows that a granted attribute is gone', () => {
    expect(viewFor(['attributes.title'])({ attributes: { lastName: 'Byron' }, changed: ['title'] })).toEqual({
      attributes: {},
      changed: ['title'],
    });
  });

  it('hides what the store held as ciphertext, though the contracts do not know the field', () => {
    expect(viewFor(['login', 'attributes'])({ identityId: 'x', birthday: '1815-12-10' }, ['birthday'])).toEqual({ identityId: 'x' });
  });

  it('is decided for every field of the state: a new one is personal by its mark in an event, or is added to these', () => {
    const { properties } = json(join(contracts, 'schemas/identity/identity-state.v1.schema.json')) as { properties: Data };
    expect(Object.keys(properties).filter((name) => !marked.has(name))).toEqual([
      'identityId',
      'revision',
      'lifecycle',
      'startsOn',
      'endsOn',
      'accounts',
    ]);
  });
});

describe('a grant', () => {
  it('names a personal field, or one attribute of it', () => {
    expect(['login', 'attributes', 'losing', 'attributes.title', 'attributes.custom.badge'].filter((grant) => !isGrant(grant))).toEqual([]);
    expect(['', 'title', 'lifecycle', 'login.x', 'attributes.', '.title', 'profile'].filter(isGrant)).toEqual([]);
    expect(grantable).toEqual(['attributes', 'attributes.NAME', 'login', 'losing', 'losing.NAME']);
  });
});

describe('the topics of a subscriber', () => {
  it('stand under one prefix that no other subscriber has', () => {
    expect(topicOfSubscriber(topicMap.identityEvents, 'badges').name).toBe('muster.subscriber.badges.identity.events.v1');
    expect(topicOfSubscriber(topicMap.identityState, 'badges')).toEqual({
      ...topicMap.identityState,
      name: 'muster.subscriber.badges.identity.state.v1',
    });
    for (const name of ['', 'a.b', 'Badges', '-a', 'a'.repeat(64)])
      expect(() => topicOfSubscriber(topicMap.identityState, name)).toThrow(RangeError);
  });
});
