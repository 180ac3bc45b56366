import { describe, expect, it } from '@jest/globals';
import { costOf, limitSignal, retryAfterOf, sumOf } from './costs.ts';

const header = (values: Record<string, string>) => (name: string) => values[name] ?? null;
const now = Date.parse('2026-01-05T08:00:00Z');

describe('the cost of a request', () => {
  it.each([
    ['GET', '/users', { units: 2 }],
    ['GET', '/users?$select=id', { units: 1 }],
    ['GET', '/users?$select=id&$expand=manager($select=id)&$top=999', { units: 2 }],
    ['GET', '/users/1?$select=id', { units: 1 }],
    ['GET', '/users?$top=10', { units: 1 }],
    ['GET', '/groups/1/members', { units: 3 }],
    ['GET', '/users/1/memberOf?$select=id', { units: 1 }],
    ['GET', '/groups/1/transitiveMembers', { units: 5 }],
    ['GET', '/users/1/appRoleAssignments?$top=999', { units: 2 }],
    ['POST', '/users', { units: 2, writes: 1 }],
    ['PATCH', '/groups/1', { units: 1, writes: 1 }],
    ['POST', '/directoryObjects/getByIds', { units: 3 }],
    ['GET', '/auditLogs/directoryAudits?$top=20', { audit: 1 }],
  ])('of %s %s is %j', (method, path, cost) => {
    expect(costOf(method, path)).toEqual(cost);
  });

  it('of a batch is the sum', () => {
    expect(sumOf([{ units: 1, writes: 1 }, { units: 2 }, { units: 1, writes: 1 }])).toEqual({ units: 4, writes: 2 });
  });
});

describe('the headers of Graph', () => {
  it('tell of a 429 how long to wait, in seconds or as a date', () => {
    expect(limitSignal(429, header({ 'retry-after': '7' }), now)).toEqual({ throttled: 'rate', retryAfter: 7000 });
    expect(limitSignal(429, header({ 'retry-after': 'Mon, 05 Jan 2026 08:00:09 GMT' }), now)).toMatchObject({ retryAfter: 9000 });
  });

  it('of a 429 without Retry-After, or with one in the past, name no time', () => {
    expect(limitSignal(429, header({}), now)).toEqual({ throttled: 'rate' });
    expect(retryAfterOf('Mon, 05 Jan 2026 07:00:00 GMT', now)).toBeUndefined();
    expect(retryAfterOf('soon', now)).toBeUndefined();
  });

  it('tell what was spent and how much of the limit is used', () => {
    expect(limitSignal(200, header({ 'x-ms-resource-unit': '3', 'x-ms-throttle-limit-percentage': '0.92' }), now)).toEqual({
      spent: { units: 3 },
      usedShare: 0.92,
    });
    expect(limitSignal(200, header({}), now)).toEqual({});
  });
});
