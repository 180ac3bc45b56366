import { describe, expect, it } from '@jest/globals';
import { OktaError } from './errors.ts';
import { parseFilter, valueAt } from './filter.ts';

const user = {
  status: 'ACTIVE',
  lastUpdated: '2026-03-01T00:00:00.000Z',
  profile: { login: 'Ann@x.example', department: 'R "and" D', tags: ['a', 'b'], age: 3 },
};
const holds = (filter: string): boolean => parseFilter(filter)((path) => valueAt(user, path));

describe('filter expressions', () => {
  it.each([
    ['status eq "ACTIVE"', true],
    ['profile.login eq "ANN@X.EXAMPLE"', true],
    ['profile.login sw "ann" and not status eq "STAGED"', true],
    ['status eq "STAGED" or profile.login ew "example"', true],
    ['(status eq "STAGED" or status eq "ACTIVE") and profile.login co "zzz"', false],
    ['lastUpdated gt "2026-02-01T00:00:00.000Z" and lastUpdated lt "2026-04-01T00:00:00.000Z"', true],
    ['profile.department eq "R \\"and\\" D"', true],
    ['profile.title pr', false],
    ['profile.tags eq "b"', true],
    ['profile.age eq 3', true],
    ['profile.title ne "x"', true],
  ])('%s is %s', (filter, expected) => expect(holds(filter)).toBe(expected));

  it.each([
    '',
    'status',
    'status eq',
    'status is "x"',
    '(status eq "x"',
    'status eq "x")',
    'status eq "x" and',
    `${'('.repeat(30)}status pr${')'.repeat(30)}`,
  ])('%s is refused', (filter) => {
    expect(() => parseFilter(filter)).toThrow(OktaError);
  });

  it('allow only the operators of the endpoint', () => {
    expect(() => parseFilter('status co "A"', ['eq'])).toThrow(OktaError);
  });
});
