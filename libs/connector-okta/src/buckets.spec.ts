import { describe, expect, it } from '@jest/globals';
import { bucketOf, limitSignal } from './buckets.ts';

const headers = (values: Record<string, string>) => ({ get: (name: string) => values[name] ?? null });
const now = Date.parse('2026-01-05T08:00:00Z');
const at = (seconds: number): string => String(now / 1000 + seconds);

describe('the bucket of a request', () => {
  it.each([
    ['GET', '/api/v1/users', 'users'],
    ['POST', '/api/v1/users', 'users'],
    ['GET', '/api/v1/users/00u1', 'userRead'],
    ['GET', '/api/v1/users/00u1/groups', 'other'],
    ['POST', '/api/v1/users/00u1', 'userWrite'],
    ['POST', '/api/v1/users/00u1/lifecycle/deactivate', 'other'],
    ['GET', '/api/v1/groups', 'groups'],
    ['GET', '/api/v1/groups/00g1', 'group'],
    ['PUT', '/api/v1/groups/00g1/users/00u1', 'other'],
    ['GET', '/api/v1/apps', 'apps'],
    ['POST', '/api/v1/apps/0oa1/users', 'apps'],
    ['GET', '/api/v1/apps/0oa1', 'app'],
    ['GET', '/api/v1/logs', 'logs'],
    ['GET', '/api/v1/meta/schemas/user/default', 'other'],
    ['GET', '/api/v1/constructor', 'other'],
  ])('of %s %s is %s', (method, path, bucket) => {
    expect(bucketOf(method, path)).toBe(bucket);
  });
});

describe('the rate headers of Okta', () => {
  it('tell what is left until the reset, by the clock of Okta, with a second for its rounding', () => {
    const answer = headers({ 'x-rate-limit-remaining': '12', 'x-rate-limit-reset': at(30), date: new Date(now).toUTCString() });
    expect(limitSignal(200, answer, { now: now + 5_000_000, timeFactor: 1 })).toEqual({ remaining: 12, resetIn: 31_000 });
  });

  it('of a 429 tell how long to wait', () => {
    const answer = headers({ 'x-rate-limit-limit': '600', 'x-rate-limit-remaining': '0', 'x-rate-limit-reset': at(10) });
    expect(limitSignal(429, answer, { now, timeFactor: 1 })).toEqual({ throttled: 'rate', retryAfter: 11_000 });
    expect(limitSignal(429, answer, { now, timeFactor: 10 })).toEqual({ throttled: 'rate', retryAfter: 10_100 });
  });

  it('of a 429 with a limit of 0 mean too many calls at once', () => {
    const answer = headers({ 'x-rate-limit-limit': '0', 'x-rate-limit-remaining': '0', 'x-rate-limit-reset': at(2) });
    expect(limitSignal(429, answer, { now, timeFactor: 1 })).toMatchObject({ throttled: 'concurrency' });
  });

  it('of a 429 with a reset in the past, doubled or missing name no time', () => {
    for (const reset of [at(-60), `${at(9)}, ${at(9)}`, 'soon', '']) {
      expect(limitSignal(429, headers({ 'x-rate-limit-reset': reset }), { now, timeFactor: 1 })).toEqual({ throttled: 'rate' });
    }
    expect(limitSignal(429, headers({}), { now, timeFactor: 1 })).toEqual({ throttled: 'rate' });
  });

  it('say nothing when they are not there', () => {
    expect(limitSignal(200, headers({}), { now, timeFactor: 1 })).toEqual({});
  });
});
