import { describe, expect, it } from '@jest/globals';
import type { Command } from '@muster/contracts';
import fc from 'fast-check';
import { approveRun, letGoBy, objectionTo, refuseRun } from './answer-run.ts';
import { judgeRun } from './judge-run.ts';
import { drawAllowance, limitCategory, usedBefore, type LimitEvent } from './limit.ts';
import { allowedBy, type ConnectionLimits } from './limits.ts';
import { planCategory, releasePlan, type PlanDraft, type PlanEvent } from './plan.ts';
import { memberOf, releaseHeld, type Membership } from './release-held.ts';
import { openRun, planMembers, planText, recordVerdict, runCategory, sealRun, type RunEvent, type RunMember } from './run.ts';
import { given, testUuid } from './testing.ts';

const connection = 'okta-main';
const runId = testUuid('run');
const HOUR = 3_600_000;
const at = (hour: number): string => new Date(Date.parse('2026-03-02T00:00:00.000Z') + hour * HOUR).toISOString();
const limits: ConnectionLimits = {
  revoke: { people: 3, share: 0, perMs: 24 * HOUR },
  disable: { people: 0, share: 0, perMs: 24 * HOUR },
  grant: { people: 10, share: 0, perMs: 24 * HOUR },
};

const command = (person: number, action: Command['action'] = 'revoke', commandId = `${action}-${person}`): Command => ({
  commandId,
  connection,
  object: { kind: 'account', id: `00u${person}` },
  action,
  valueHmac: 'h',
  generation: 0,
  lane: 'live',
  provenance: {},
});

const draftOf = (person: number, held: Command[], lifecycleRevision = 1): PlanDraft => ({
  identityId: testUuid(`person ${person}`),
  asOf: at(0),
  inputs: [],
  flows: [],
  lifecycleRevision,
  commands: [],
  held,
  heldBecause: [],
  observed: [],
  blocked: [],
  left: false,
});

const member = (person: number, ...actions: Command['action'][]): RunMember =>
  memberOf(
    draftOf(person, []),
    (actions.length === 0 ? (['revoke'] as const) : actions).map((action) => command(person, action)),
    { planId: testUuid('plan'), planRevision: 0 },
  );

const hash = 'a'.repeat(64);
const collected = (members: readonly RunMember[]): RunEvent[] => {
  const opened = given(runCategory).when(openRun({ runId, kind: 'collect', cause: {} }));
  return [...opened, ...given(runCategory, opened).when(planMembers(members))];
};
const sealed = (members: readonly RunMember[]): RunEvent[] => {
  const past = collected(members);
  return [...past, ...given(runCategory, past).when(sealRun({ because: 'quiet', planHash: hash, linked: () => 100 }))];
};
const judged = (members: readonly RunMember[], used = 0): RunEvent[] => {
  const past = sealed(members);
  const { state } = given(runCategory, past);
  const verdict = judgeRun(state.sealed?.counts ?? [], { limits: () => limits, used: () => used });
  return [...past, ...given(runCategory, past).when(recordVerdict(verdict))];
};
const types = (events: readonly RunEvent[]): string[] => events.slice(3).map(({ type }) => type);
const stateAfter = (events: readonly RunEvent[]) => given(runCategory, events).state;

describe('a run', () => {
  it('is released and closed when everything is within its limits', () => {
    expect(types(judged([member(1), member(2), member(3)]))).toEqual(['RunReleased', 'RunClosed']);
  });

  it('counts people, not changes, and what other runs used up', () => {
    expect(types(judged([member(1), member(2)], 1))).toEqual(['RunReleased', 'RunClosed']);
    expect(types(judged([member(1), member(2)], 2))).toEqual(['RunHeld']);
    const twice = memberOf(draftOf(1, []), [command(1), command(1, 'revoke', 'another')], { planId: testUuid('p'), planRevision: 0 });
    expect(stateAfter(sealed([twice])).sealed?.counts).toMatchObject([{ people: 1, commands: 2 }]);
  });

  it('is held whole when one limit is exceeded, and in part when something is always asked', () => {
    expect(types(judged([member(1, 'revoke', 'disable')]))).toEqual(['RunReleased', 'RunHeld']);
    expect(types(judged([1, 2, 3, 4].map((person) => member(person, 'revoke', 'disable'))))).toEqual(['RunHeld']);
    expect(types(judged([...[1, 2, 3, 4].map((person) => member(person)), member(5, 'grant')]))).toEqual(['RunHeld']);
    expect(letGoBy(stateAfter(judged([1, 2, 3, 4].map((person) => member(person)))))).toEqual([]);
  });

  it('takes the larger of a count and a share', () => {
    expect([allowedBy({ people: 20, share: 0.05, perMs: 1 }, 100), allowedBy({ people: 20, share: 0.05, perMs: 1 }, 1000)]).toEqual([
      20, 50,
    ]);
  });

  it('records a member once, in pages of at most 500, and nobody once it is sealed', () => {
    const many = Array.from({ length: 1001 }, (_, person) => member(person));
    const past = collected(many);
    expect(past.map(({ data }) => ('members' in data ? data.members.length : 0))).toEqual([0, 500, 500, 1]);
    expect(given(runCategory, past).when(planMembers(many))).toEqual([]);
    expect(given(runCategory, sealed([member(1)])).when(planMembers([member(2)]))).toEqual([]);
  });

  it('has a text to be hashed that says the same in whatever order people came', () => {
    expect(planText({ members: [member(1), member(2)] })).toBe(planText({ members: [member(2), member(1), member(1)] }));
  });
});

describe('an answer', () => {
  const many = [1, 2, 3, 4].map((person) => member(person, 'revoke', 'disable'));
  const by = 'ops';

  it('with another hash, to a run that is not judged, or for nobody, counts for nothing', () => {
    expect(objectionTo(stateAfter(judged(many)), { planHash: 'b'.repeat(64) })).toBe('run.hash_differs');
    expect(objectionTo(stateAfter(sealed(many)), { planHash: hash })).toBe('run.not_sealed');
    expect(objectionTo(stateAfter(judged(many)), { planHash: hash, part: { connections: ['elsewhere'] } })).toBe('run.part_empty');
    expect(given(runCategory, judged(many)).when(approveRun({ runId, by, planHash: 'b'.repeat(64) }))).toEqual([]);
  });

  it('for a part lets exactly that part go; what is refused afterwards stays', () => {
    const identities = [testUuid('person 2')];
    const past = judged(many);
    const approved = given(runCategory, past).when(approveRun({ runId, by, planHash: hash, part: { actions: ['revoke'], identities } }));
    expect(approved.map(({ type }) => type)).toEqual(['RunApproved']);
    const refused = given(runCategory, [...past, ...approved]).when(refuseRun({ runId, by, planHash: hash, reason: 'no' }));
    const state = stateAfter([...past, ...approved, ...refused]);
    expect(letGoBy(state)).toEqual([{ identityId: identities[0], commandIds: ['revoke-2'] }]);
    expect(objectionTo(state, { planHash: hash })).toBe('run.closed');
  });
});

describe('what a run let go', () => {
  const held = (draft: PlanDraft): PlanEvent[] => given(planCategory).when(releasePlan(draft, testUuid('p')));
  const wish = command(1);
  const says = (standing: Membership['standing'], change: Partial<Membership> = {}): Membership[] => [
    { runId, commandId: wish.commandId, planRevision: 0, lifecycleRevision: 1, standing, ...change },
  ];
  const sent = (draft: PlanDraft, past: PlanEvent[], memberships: Membership[]): string[] =>
    releaseHeld(draft, given(planCategory, past).state, { memberships }).draft.commands.map(({ commandId }) => commandId);

  it('leaves while it has been held ever since under the same lifecycle', () => {
    const draft = draftOf(1, [wish]);
    expect(sent(draft, held(draft), says('let-go'))).toEqual([wish.commandId]);
    expect(sent(draft, held(draft), says('held'))).toEqual([]);
    expect(sent(draft, [], says('let-go'))).toEqual([]);
  });

  it('I18: stays after a change of the lifecycle', () => {
    expect(sent(draftOf(1, [wish], 2), held(draftOf(1, [wish])), says('let-go'))).toEqual([]);
  });

  it('I18: stays when the wish was gone in between', () => {
    const draft = draftOf(1, [wish]);
    const gone = given(planCategory, held(draft)).when(releasePlan(draftOf(1, []), testUuid('q')));
    const back = given(planCategory, [...held(draft), ...gone]).when(releasePlan(draft, testUuid('r')));
    expect(sent(draft, [...held(draft), ...gone, ...back], says('let-go'))).toEqual([]);
    expect(
      releaseHeld(draft, given(planCategory, [...held(draft), ...gone, ...back]).state, { memberships: says('let-go') }).unasked,
    ).toEqual([wish]);
  });
});

describe('I8: whatever comes in whatever order', () => {
  const limit = { people: 3, share: 0, perMs: 24 * HOUR };
  const step = fc.record({ hours: fc.integer({ min: 0, max: 30 }), people: fc.integer({ min: 1, max: 6 }), crash: fc.boolean() });

  it('never do more people lose something within the time of a limit than it allows without a person', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 30 }), (steps) => {
        const draws: LimitEvent[] = [];
        const left: { hour: number; people: number }[] = [];
        let hour = 0;
        for (const [index, { hours, people, crash }] of steps.entries()) {
          hour += hours;
          const run = { runId: testUuid(`run ${index}`), at: at(hour) };
          const counts = [{ connection, limit: 'revoke' as const, people, commands: people, linked: 10, share: people / 10 }];
          const judge = () => {
            const { state } = given(limitCategory, draws);
            return judgeRun(counts, {
              limits: () => ({ revoke: limit }),
              used: () => usedBefore(state, { at: run.at, perMs: limit.perMs, exceptRun: run.runId }),
            });
          };
          // A crash between the draw and its record has the same run judged and drawn for again.
          for (let times = 0; times < (crash ? 2 : 1); times += 1)
            for (const { people: drawn, allowed, perMs } of judge().draws)
              draws.push(
                ...given(limitCategory, draws).when(
                  drawAllowance({ ...run, connection, limit: 'revoke', people: drawn }, { allowed, perMs }),
                ),
              );
          if (judge().parts.length > 0) left.push({ hour, people });
        }
        for (const { hour: end } of left) {
          const within = left.filter((one) => one.hour <= end && one.hour > end - 24);
          expect(within.reduce((sum, { people }) => sum + people, 0)).toBeLessThanOrEqual(limit.people);
        }
      }),
      { seed: Number(process.env['MUSTER_SEED'] ?? 1), numRuns: 500 },
    );
  });
});
