import { describe, expect, it } from '@jest/globals';
import type { Command } from '@muster/contracts';
import { accountCategory, type Account } from './account.ts';
import type { DesiredConnection, MappingProblem } from './desired.ts';
import { identityCategory, type Identity } from './identity.ts';
import { holdEverything } from './limits.ts';
import { makePlan } from './make-plan.ts';
import { planCategory, type PlanDraft } from './plan.ts';
import { provisioningCategory } from './provisioning.ts';
import { testIds, testUuid } from './testing.ts';

const connection = 'okta-main';
const at = '2026-03-02T09:00:00.000Z';
const because = (step: string) => ({ flow: 'joiner', version: 1, step });
const problem = (field: string, change: Partial<MappingProblem> = {}): MappingProblem => ({
  connection,
  field,
  reason: 'mapping-failed',
  message: `${field} cannot be computed`,
  provenance: because(field),
  ...change,
});

const identity: Identity = {
  ...identityCategory.initial,
  revision: 3,
  identityId: testUuid('1001'),
  lifecycle: { state: 'active', startsOn: '2026-03-01', timeZone: 'UTC', cause: { stream: 'w', revision: 0 }, revision: 1 },
  links: { [connection]: { accountId: '00u1', by: 'match-key', revision: 2 } },
};
const group = { kind: 'group', id: 'g1' } as const;
const account: Account = {
  ...accountCategory.initial,
  revision: 1,
  existence: 'there',
  connection,
  accountId: '00u1',
  enabled: { value: true, readAt: at, changedAt: at, revision: 0 },
  reads: { groups: at },
  entitlements: { 'group:g1': { entitlement: group, value: true, via: 'direct', readAt: at, changedAt: at, revision: 1 } },
};
const wanted: DesiredConnection = {
  connection,
  account: { enabled: true, provenance: because('account') },
  attributes: {},
  entitlements: [],
};

/** Somebody who holds a group that we gave and no flow names any more. */
const plan = (problems: readonly MappingProblem[], desired: readonly DesiredConnection[] = [wanted]): PlanDraft =>
  makePlan({
    identity,
    asOf: at,
    desired: { connections: desired, flows: [], problems },
    connections: { [connection]: { state: 'live', settleMs: 30_000, createAfter: at, lastCompleteRead: at, account } },
    provisioning: { ...provisioningCategory.initial, granted: { [`${connection}|group:g1`]: true } },
    plan: planCategory.initial,
    ids: testIds,
    limits: holdEverything,
    lane: 'live',
    inputs: [],
    entitlement: () => 'there',
    managerAccount: () => undefined,
  });
const actions = ({ commands, held }: PlanDraft): Command['action'][] => [...commands, ...held].map(({ action }) => action);
const listed = ({ blocked }: PlanDraft): string[] => blocked.map(({ connection: where, what }) => `${where} ${what}`);

describe('a problem of a flow', () => {
  it.each([[problem('scope')], [problem('when of g')], [problem('group:Staff', { reason: 'group-missing' })]])(
    'that leaves open what is to be held, as %j, takes nothing away and is listed with what stays',
    (one) => {
      expect(actions(plan([]))).toEqual(['revoke']);
      expect([actions(plan([one])), listed(plan([one]))]).toEqual([[], [`${connection} ${one.field}`, `${connection} group:g1`]]);
    },
  );

  it('that is about a value of the account keeps nothing from being taken away', () => {
    const draft = plan([problem('title', { provenance: because('account') })]);
    expect([actions(draft), listed(draft)]).toEqual([['revoke'], [`${connection} title`]]);
  });

  it('does not keep from being taken away what a flow says is not to be held', () => {
    const nothing = { ...wanted, account: { enabled: false, provenance: because('none') }, holdNothing: because('none') };
    expect(actions(plan([problem('scope')], [nothing])).toSorted()).toEqual(['disable', 'revoke']);
  });

  it('where no flow says anything is listed once, and nothing is done there', () => {
    const draft = plan([problem('scope')], []);
    expect([actions(draft), listed(draft)]).toEqual([[], [`${connection} scope`, `${connection} group:g1`]]);
    const gone = problem('connection', { connection: 'okta-gone' });
    const elsewhere = plan([gone, { ...gone, provenance: because('other') }]);
    expect([actions(elsewhere), listed(elsewhere)]).toEqual([['revoke'], ['okta-gone connection']]);
  });
});
