import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { streamOf } from '@muster/contracts';
import { comparePositions, type RecordedEvent } from '@muster/event-store';
import { account, flow, group, nothing } from './testing/flows.ts';
import { Rig } from './testing/rig.ts';

const OKTA = 'okta-main';
let rig: Rig;

beforeAll(async () => {
  rig = await Rig.build([OKTA]);
  await rig.group(OKTA, 'g-staff', 'Staff');
  await rig.readWhole(OKTA);
  await rig.publish(flow('staff', "identity.lifecycle == 'active'", [account(OKTA), group(OKTA, 'Staff')]));
  await rig.publish(flow('leaver', "identity.lifecycle == 'left'", [nothing(OKTA)]));
  await rig.start();
}, 90_000);
afterAll(() => rig.tearDown(), 60_000);

const seen = (key: string) => ({
  employeeNumber: key,
  login: `n${key}@kestrel.example`,
  email: `n${key}@kestrel.example`,
  firstName: 'Ada',
  lastName: 'Byron',
});
const newest = async (stream: string): Promise<RecordedEvent> => {
  const event = (await rig.events(stream)).at(-1);
  if (!event) throw new Error(`nothing is in ${stream}`);
  return event;
};
const causeOf = ({ metadata }: RecordedEvent) => ({ id: metadata.causationId, correlationId: metadata.correlationId });
const asCause = ({ id, metadata }: RecordedEvent) => ({ id, correlationId: metadata.correlationId });
const workerStream = async (key: string): Promise<string> =>
  streamOf.worker('hr-main', await rig.store.personalFields.opaqueName('worker', 'hr-main', key));

describe('while a population is planned', () => {
  it('a single hire does not wait for it, nor does a leaver who is part of it', async () => {
    await rig.hire('1900', { given: 'Last', family: 'Day' });
    await rig.rest();
    await rig.stop();
    const people: string[] = [];
    for (let operation = 0; operation < 60; operation += 1)
      people.push(await rig.hire(String(1000 + operation), { family: `Number${operation}`, delivery: { id: 'many', operation } }));
    const leaver = await rig.hire('1900', { version: 2, worker: { status: 'terminated' }, delivery: { id: 'many', operation: 60 } });
    const single = await rig.hire('1901', { given: 'Single', family: 'Hire', delivery: { id: 'one', operation: 0 } });
    await rig.start();
    await rig.rest();
    const made = (await rig.events('identity-')).filter(({ type }) => type === 'LoginAssigned' || type === 'IdentityLifecycleChanged');
    const whenOf = (identityId: string): string => made.findLast(({ stream }) => stream === streamOf.identity(identityId))?.position ?? '';
    const before = (identityId: string): number => people.filter((one) => comparePositions(whenOf(one), whenOf(identityId)) < 0).length;
    // The first claim of rows may come before all of them are there, and takes as many as are looked at once.
    expect([before(leaver) <= 16, before(single) <= 16]).toEqual([true, true]);
    const lanes = async (identityId: string) => new Set((await rig.plan(identityId)).released?.commands.map(({ lane }) => lane));
    expect([await lanes(people[30] as string), await lanes(single)]).toEqual([new Set(['batch']), new Set(['live'])]);
  }, 60_000);

  it('what was planned for one person by themselves stays as urgent when their population is looked at', async () => {
    const identityId = await rig.hire('1902', { given: 'Stays', family: 'Urgent' });
    await rig.rest();
    await rig.publish(flow('staff', "identity.lifecycle == 'active'", [account(OKTA)], 2));
    await rig.rest();
    await rig.publish(flow('staff', "identity.lifecycle == 'active'", [account(OKTA), group(OKTA, 'Staff')], 3));
    await rig.rest();
    const commands = (await rig.plan(identityId)).released?.commands ?? [];
    expect(commands.map(({ action, lane }) => `${action} ${lane}`)).toEqual(['create live', 'grant batch']);
  }, 30_000);
});

describe('what is written', () => {
  it('names the record that it follows from, and belongs to its chain', async () => {
    const identityId = await rig.hire('2001', { given: 'Cause', family: 'Named' });
    await rig.rest();
    const cause = asCause(await newest(await workerStream('2001')));
    const claims = (await rig.events('claim-')).filter(({ data }) => data['owner'] === identityId);
    const ours = [...claims, ...(await rig.events(streamOf.identity(identityId), streamOf.plan(identityId)))];
    expect(ours.map(({ type }) => type)).toEqual([
      'ClaimTaken',
      'ClaimTaken',
      'IdentityCreated',
      'IdentityLifecycleChanged',
      'IdentityAttributesChanged',
      'LoginAssigned',
      'PlanReleased',
    ]);
    expect(ours.map(causeOf)).toEqual(ours.map(() => cause));
  });

  it('names the end of a call, and the sight of an account', async () => {
    const identityId = await rig.idOf('2001');
    const [create] = (await rig.plan(identityId)).released?.commands ?? [];
    if (!create) throw new Error('nothing is planned');
    await rig.end(identityId, create, { object: { kind: 'account', id: '00u-2001' } });
    await rig.rest();
    expect(causeOf(await newest(streamOf.plan(identityId)))).toEqual(asCause(await newest(streamOf.provisioning(identityId))));
    await rig.see(OKTA, '00u-2001', { ...seen('2001'), firstName: 'Changed' });
    await rig.rest();
    expect(causeOf(await newest(streamOf.plan(identityId)))).toEqual(asCause(await newest(streamOf.account(OKTA, '00u-2001'))));
  });

  it('names the question that an answer ends, and then the answer', async () => {
    await rig.see(OKTA, '00u-2002a', seen('2002'));
    await rig.see(OKTA, '00u-2002b', seen('2002'));
    const identityId = await rig.hire('2002');
    await rig.rest();
    const [open] = await rig.casesOf(identityId);
    await rig.ask(`/cases/${open?.caseId}/resolve`, { answer: 'link', accountId: '00u-2002a', by: 'ops' });
    await rig.rest();
    const [opened, resolved] = await rig.events(streamOf.case(open?.caseId ?? ''));
    const linked = (await rig.events(streamOf.identity(identityId))).find(({ type }) => type === 'AccountLinked');
    if (!opened || !resolved || !linked) throw new Error('the case was not answered');
    expect([causeOf(resolved), causeOf(linked)]).toEqual([asCause(opened), asCause(resolved)]);
  });

  it('names the flow that was published', async () => {
    const identityId = await rig.hire('2003', { given: 'Flow', family: 'Named' });
    await rig.rest();
    await rig.publish(flow('staff', "identity.lifecycle == 'active'", [account(OKTA)], 4));
    await rig.rest();
    expect(causeOf(await newest(streamOf.plan(identityId)))).toEqual(asCause(await newest(streamOf.flow('staff'))));
  });
});
