import { describe, expect, it } from '@jest/globals';
import type { MappingProblem, PlanInput } from './index.ts';
import { holdEverything, identityCategory, makePlan, planCategory, provisioningCategory } from './index.ts';
import { joiner, testIds, testUuid } from './testing.ts';

const asOf = '2026-03-02T09:00:00.000Z';
const provenance = { flow: 'joiner', version: 1, step: 'account' };
const identity = {
  ...identityCategory.initial,
  identityId: testUuid('hr-main 1001'),
  login: 'zoe.mueller',
  attributes: { employeeNumber: '1001', givenName: 'Zoë', familyName: 'Müller' },
  lifecycle: { state: 'active' as const, startsOn: '2026-03-01', timeZone: 'UTC', revision: 1 },
} as unknown as PlanInput['identity'];

const planWith = (problem: Partial<MappingProblem>) =>
  makePlan({
    identity,
    asOf,
    desired: {
      ...joiner(identity, ['okta-main']),
      problems: [{ connection: 'okta-main', field: 'email', reason: 'mapping-failed', message: 'email: empty', provenance, ...problem }],
    },
    connections: { 'okta-main': { state: 'live', settleMs: 30_000, createAfter: asOf, lastCompleteRead: asOf } },
    provisioning: provisioningCategory.initial,
    plan: planCategory.initial,
    ids: testIds,
    limits: holdEverything,
    lane: 'live',
    inputs: [],
    entitlement: () => 'there',
    managerAccount: () => undefined,
  });

describe('an account that a mapping problem concerns', () => {
  it('is made without the attribute, if the target does not need it', () => {
    const { commands, blocked } = planWith({});
    expect(commands.map(({ action }) => action)).toEqual(['create']);
    expect(blocked.map(({ what, reason }) => [what, reason])).toEqual([['email', 'mapping-failed']]);
  });

  it('is not made, if the target needs it', () => {
    const { commands, blocked } = planWith({ required: true });
    expect(commands).toEqual([]);
    expect(blocked.map(({ what, reason }) => [what, reason])).toEqual([
      ['email', 'mapping-failed'],
      ['account', 'mapping-failed'],
    ]);
  });

  it('is made, if the problem concerns another connection', () => {
    expect(planWith({ connection: 'entra-main', required: true }).commands.map(({ action }) => action)).toEqual(['create']);
  });

  it('lists a missing group as missing', () => {
    expect(planWith({ field: 'group:Crew', reason: 'group-missing' }).blocked.map(({ what, reason }) => [what, reason])).toEqual([
      ['group:Crew', 'group-missing'],
    ]);
  });
});
