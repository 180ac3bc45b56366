import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { RunHeld, RunSealed } from '@muster/contracts';
import { Company, OKTA, staff } from './testing/company.ts';
import type { ShownMember, ShownRun } from './show-runs.ts';
import { type Rig, until } from './testing/rig.ts';

/** Enough for 20 people, the limit, to be far less than everybody. */
const COMPANY = 40;
let company: Company;
let rig: Rig;
let people: Company['people'];

async function build(): Promise<void> {
  company = await Company.build(COMPANY);
  ({ rig, people } = company);
}

describe('too much at once', () => {
  beforeEach(build, 120_000);
  afterEach(() => rig.tearDown(), 60_000);

  it('by a file in which nearly everybody has left is held, with nothing taken away; approved in part, exactly that part is let go', async () => {
    await company.terminate(people.slice(4));
    await rig.rest(60_000);
    expect(await company.removals()).toBe(0);
    const run = await company.onlyHold();
    expect(run.heldBecause).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ code: 'limit.exceeded', connection: OKTA, limit: 'leaver', people: 36, allowed: 20, left: 20 }),
        expect.objectContaining({ code: 'limit.approval_needed', limit: 'disable', people: 36 }),
      ]),
    );
    const chosen = people.slice(10, 13).map(({ identityId }) => identityId);
    const answer = { planHash: run.planHash, by: 'ops', actions: ['revoke'], identities: chosen };
    await expect(rig.ask(`/runs/${run.runId}/approve`, { ...answer, planHash: 'f'.repeat(64) })).rejects.toThrow('run.hash_differs');
    await rig.rest();
    expect(await company.removals()).toBe(0);
    await rig.ask(`/runs/${run.runId}/approve`, answer);
    await rig.rest(60_000);
    for (const { identityId } of people.slice(4))
      expect(await company.standing(identityId)).toEqual(
        chosen.includes(identityId) ? [['revoke'], ['disable']] : [[], ['disable', 'revoke']],
      );
    await rig.ask(`/runs/${run.runId}/refuse`, { planHash: run.planHash, by: 'ops', reason: 'the file was cut' });
    await rig.rest();
    expect(await company.removals()).toBe(3);
    expect(await company.holds()).toEqual([]);
    await expect(rig.ask(`/runs/${run.runId}/approve`, { planHash: run.planHash, by: 'ops' })).rejects.toThrow('run.closed');
  }, 120_000);

  it('by a flow that suddenly means nobody is held as one run of that flow, with nothing taken away', async () => {
    await rig.publish(staff("identity.lifecycle == 'onLeave'", 2));
    await until('the run is held', async () => ((await company.holds()).length > 0 ? true : undefined), 60_000);
    await rig.rest(60_000);
    const run = await company.onlyHold();
    expect(run).toMatchObject({ kind: 'flow', cause: { flow: 'staff', version: 2 }, people: COMPANY, commands: COMPANY });
    expect(await company.removals()).toBe(0);
    const chosen = people.slice(7, 9).map(({ identityId }) => identityId);
    await company.approveOnly(run, { actions: ['revoke'], identities: chosen });
    for (const { identityId } of people)
      expect(await company.standing(identityId)).toEqual(chosen.includes(identityId) ? [['revoke'], []] : [[], ['revoke']]);
  }, 120_000);

  it('by a clock that jumps over many last days is held, with nothing taken away', async () => {
    // The day after a last day that lies behind the clock is what a clock sees that jumped over it.
    const worker = { leaveDate: new Date(Date.now() - 3 * 86_400_000).toISOString().slice(0, 10) };
    await rig.stop();
    await Promise.all(people.slice(5).map(({ key }) => rig.hire(key, { version: 2, worker })));
    await rig.start();
    await rig.rest(60_000);
    const run = await company.onlyHold();
    expect(run.people).toBe(35);
    expect(await company.removals()).toBe(0);
    const chosen = people.slice(7, 9).map(({ identityId }) => identityId);
    await company.approveOnly(run, { actions: ['revoke'], identities: chosen });
    expect(await company.removals()).toBe(2);
    for (const identityId of chosen) expect(await company.standing(identityId)).toEqual([['revoke'], ['disable']]);
  }, 120_000);

  it('while the service is killed in the middle is counted whole', async () => {
    await company.terminate(people.slice(0, 30));
    await until('some have joined', async () => ((await rig.events('run-')).length > 0 ? true : undefined));
    await rig.stop();
    await rig.start();
    await rig.rest(60_000);
    const sealed = (await rig.events('run-')).filter(({ type }) => type === 'RunSealed').map(({ data }) => data as unknown as RunSealed);
    expect(sealed.map(({ people: counted }) => counted).reduce((sum, counted) => sum + counted, 0)).toBe(30);
    const lost = (await rig.events('limit-')).reduce((sum, { data }) => sum + Number(data['people']), 0);
    expect(lost).toBeLessThanOrEqual(20);
    expect(await company.removals()).toBeLessThanOrEqual(20);
  }, 120_000);

  it('an approval for somebody whose lifecycle has changed since lets nothing go', async () => {
    await company.terminate(people.slice(0, 25));
    await rig.rest(60_000);
    const run = await company.onlyHold();
    const [first] = people;
    if (!first) throw new Error('nobody');
    const undo = await rig.keepFromWork(first.identityId);
    await rig.hire(first.key, { version: 3, worker: { status: 'active' } });
    await rig.ask(`/runs/${run.runId}/approve`, { planHash: run.planHash, by: 'ops' });
    await undo();
    await rig.rest(60_000);
    expect((await rig.identity(first.identityId)).lifecycle?.state).toBe('active');
    expect(await company.standing(first.identityId)).toEqual([[], []]);
    expect(await company.released(people[1]?.identityId ?? '')).toEqual(['disable', 'revoke']);
  }, 120_000);
});

describe('a small removal', () => {
  beforeAll(build, 120_000);
  afterAll(() => rig.tearDown(), 60_000);

  it('is counted, found to be within its limit, drawn from it and released', async () => {
    const [first] = people;
    if (!first) throw new Error('nobody');
    await company.terminate([first]);
    await rig.rest();
    expect(await company.standing(first.identityId)).toEqual([['revoke'], ['disable']]);
    const types = (await rig.events('run-')).map(({ type }) => type);
    expect(types).toEqual(['RunOpened', 'RunMembersPlanned', 'RunSealed', 'RunReleased', 'RunHeld']);
    const draws = (await rig.events('limit-')).map(({ stream, data }) => `${stream} ${String(data['people'])}`);
    expect(draws).toEqual([`limit-${OKTA}.leaver 1`]);
  });

  it('after many small ones is held: together they are more than the limit of a day', async () => {
    await company.terminate(people.slice(1, 15));
    await rig.rest(60_000);
    expect(await company.removals()).toBe(15);
    await company.terminate(people.slice(15, 25));
    await rig.rest(60_000);
    expect(await company.removals()).toBe(15);
    const because = (await rig.events('run-')).filter(({ type }) => type === 'RunHeld').map(({ data }) => data as unknown as RunHeld);
    expect(because.at(-1)?.because).toContainEqual(expect.objectContaining({ code: 'limit.exceeded', people: 10, allowed: 20, left: 5 }));
  }, 60_000);

  it('asked for again by name is a question of its own, and shows who is in it', async () => {
    const chosen = people[20]?.identityId ?? '';
    const { runId } = await rig.ask<{ runId: string }>('/runs', { identities: [chosen], by: 'ops' });
    await rig.rest(60_000);
    const run = await rig.ask<ShownRun & { members: ShownMember[] }>(`/runs/${runId}`);
    expect(run).toMatchObject({ kind: 'scope', people: 1 });
    expect(run.members.map(({ identityId }) => identityId)).toEqual([chosen]);
    expect(await company.released(chosen)).toEqual(['revoke']);
  }, 60_000);

  it('of a dry run writes nothing', async () => {
    const before = (await rig.events('run-', 'plan-')).length;
    const { plans } = await rig.ask<{ plans: { held: unknown[] }[] }>('/runs', {
      identities: [people[21]?.identityId],
      by: 'ops',
      dry: true,
    });
    expect(plans[0]?.held).toHaveLength(2);
    expect(await rig.events('run-', 'plan-')).toHaveLength(before);
  });
});
