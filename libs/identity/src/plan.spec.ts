import { describe, expect, it } from '@jest/globals';
import type { Command } from '@muster/contracts';
import { isOutdated, planCategory, releasePlan, wantedCommand, type PlanDraft } from './plan.ts';
import { given, testUuid } from './testing.ts';

const command: Command = {
  commandId: 'c1',
  connection: 'okta-main',
  object: { kind: 'account', id: '00u1' },
  action: 'set',
  field: 'title',
  value: 'Chief',
  valueHmac: 'h',
  generation: 0,
  lane: 'live',
  provenance: {},
};
const draft: PlanDraft = {
  identityId: testUuid('1001'),
  asOf: '2026-03-02T09:00:00.000Z',
  inputs: [],
  flows: [],
  lifecycleRevision: 1,
  commands: [command],
  held: [],
  heldBecause: [],
  observed: [],
  blocked: [],
  left: false,
};
const released = (plan: PlanDraft) => given(planCategory).when(releasePlan(plan, testUuid('p')));

describe('releasing', () => {
  it('replaces the plan before: what is not in it is not wanted any more', () => {
    const past = [
      ...released(draft),
      ...given(planCategory, released(draft)).when(releasePlan({ ...draft, commands: [{ ...command, commandId: 'c2' }] }, testUuid('q'))),
    ];
    const { state } = given(planCategory, past);
    expect([wantedCommand(state, 'c1'), wantedCommand(state, 'c2')?.commandId]).toEqual([undefined, 'c2']);
  });

  it('nothing at first yields nothing, and nothing after something empties it', () => {
    expect(released({ ...draft, commands: [] })).toEqual([]);
    expect(given(planCategory, released(draft)).when(releasePlan({ ...draft, commands: [] }, testUuid('q')))).toMatchObject([
      { data: { commandIds: [] } },
    ]);
  });

  it('the same plan again yields nothing; under another lifecycle revision it is released again', () => {
    const past = released(draft);
    expect(given(planCategory, past).when(releasePlan(draft, testUuid('q')))).toEqual([]);
    expect(given(planCategory, past).when(releasePlan({ ...draft, lifecycleRevision: 9 }, testUuid('q')))).toHaveLength(1);
  });

  it('a draft from older facts than the plan in force yields nothing', () => {
    const newer = { ...draft, inputs: [{ stream: 'account-okta-main.00u1', revision: 7 }] };
    const older = { ...draft, commands: [], inputs: [{ stream: 'account-okta-main.00u1', revision: 6 }] };
    const past = released(newer);
    expect(isOutdated(older, given(planCategory, past).state)).toBe(true);
    expect(given(planCategory, past).when(releasePlan(older, testUuid('q')))).toEqual([]);
    expect(isOutdated({ ...older, inputs: newer.inputs }, given(planCategory, past).state)).toBe(false);
  });
});
