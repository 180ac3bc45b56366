import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { categories, categoryOf, keySubject, parseStream, streamOf } from './index.ts';

const names = [
  streamOf.worker('hr-main', 'hmac_A-1'),
  streamOf.account('okta-main', '00u1'),
  streamOf.group('entra', '02bd9fd6-8f93-4758-87c3-1fb73740a315'),
  streamOf.app('okta-main', '0oa5'),
  streamOf.device('entra', 'd1'),
  streamOf.read('okta-main'),
  streamOf.claimMatch('h'),
  streamOf.claimLogin('h'),
  streamOf.claimAccount('okta-main', '00u1.x'),
  streamOf.identity('7d1f'),
  streamOf.plan('7d1f'),
  streamOf.provisioning('7d1f'),
  streamOf.run('r'),
  streamOf.limit('okta-main', 'revoke'),
  streamOf.case('c'),
  streamOf.ticket('t'),
  streamOf.task('t'),
  streamOf.flow('joiner'),
  streamOf.connection('okta-main'),
  streamOf.operator('o'),
  streamOf.erasure('e'),
];

/** What stands behind the category, as the parsed parts say it. */
const rest = (name: string): string => {
  const { category: _, ...parts } = parseStream(name) ?? { category: '' };
  return Object.values(parts).join('.');
};

describe('a stream name', () => {
  it('exists for every category', () => {
    expect(new Set(names.map(categoryOf))).toEqual(new Set(categories));
  });

  it.each(names)('%s is taken apart without loss', (name) => {
    expect(`${categoryOf(name)}-${rest(name)}`).toBe(name);
  });

  it('keeps dots and hyphens of a vendor id, whatever it is', () => {
    const connection = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,62}$/);
    const id = fc.stringMatching(/^[\x21-\x7e]{1,60}$/);
    fc.assert(
      fc.property(connection, id, (where, what) => {
        expect(parseStream(streamOf.account(where, what))).toEqual({ category: 'account', connection: where, id: what });
        expect(parseStream(streamOf.claimAccount(where, what))).toEqual({
          category: 'claim',
          claim: 'account',
          connection: where,
          id: what,
        });
      }),
    );
  });

  it.each(['', 'a.b', 'Okta', '-okta', 'okta_main', 'ö', 'x'.repeat(64)])('is refused for the connection name "%s"', (connection) => {
    expect(() => streamOf.account(connection, '1')).toThrow(RangeError);
    expect(() => streamOf.read(connection)).toThrow(RangeError);
  });

  it.each(['', 'a b', 'zoë', 'a\nb', 'x'.repeat(201)])('is refused for the id "%s", which the message does not repeat', (id) => {
    expect(() => streamOf.account('okta', id)).toThrow(RangeError);
    expect(() => streamOf.identity(id)).toThrow(/^An id of \d+ characters/);
  });

  it.each([
    '',
    '-',
    'worker',
    'worker-',
    'worker-hr',
    'worker-hr.',
    'worker-.x',
    'worker-HR.x',
    '$ce-worker',
    '$$worker-hr.x',
    'claim-x.y',
    'claim-account.x',
    'claim-match.',
    'toString-x',
    'unknown-1',
  ])('"%s" is none of ours', (name) => {
    expect(parseStream(name)).toBeUndefined();
  });
});

describe('the key of a stream', () => {
  it.each([
    [streamOf.worker('hr', 'x'), 'worker-hr.x'],
    [streamOf.account('okta', 'x'), 'account-okta.x'],
    [streamOf.identity('7-d'), 'identity-7-d'],
    [streamOf.plan('7-d'), 'identity-7-d'],
    [streamOf.provisioning('7-d'), 'identity-7-d'],
  ])('of %s is that of %s', (stream, subject) => {
    expect(keySubject(stream)).toBe(subject);
  });

  it('is none for every other category', () => {
    const keyed = new Set(['worker', 'account', 'identity', 'plan', 'provisioning']);
    const others = names.filter((name) => !keyed.has(categoryOf(name) ?? ''));
    expect(others.length).toBeGreaterThan(10);
    expect(others.map(keySubject).filter(Boolean)).toEqual([]);
    expect(keySubject('$settings')).toBeUndefined();
  });
});
