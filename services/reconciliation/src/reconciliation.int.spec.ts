import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { type Command, streamOf } from '@muster/contracts';
import { account, flow, group, nothing } from './testing/flows.ts';
import { Rig, until } from './testing/rig.ts';

const OURS = ['claim-', 'identity-', 'plan-', 'case-'];
const OKTA = 'okta-main';
const LATE = 'okta-late';
let rig: Rig;

beforeAll(async () => {
  rig = await Rig.build([OKTA, LATE]);
  await rig.group(OKTA, 'g-staff', 'Staff');
  await rig.group(OKTA, 'g-sales', 'Sales');
  await rig.readWhole(OKTA);
  await rig.publish(flow('staff', "identity.lifecycle == 'active'", [account(OKTA), group(OKTA, 'Staff')]));
  await rig.publish(flow('sales', "identity.department == 'Sales'", [group(OKTA, 'Sales')]));
  await rig.publish(flow('late', "identity.department == 'Late'", [account(LATE)]));
  await rig.publish(flow('leaver', "identity.lifecycle == 'left'", [nothing(OKTA)]));
  await rig.start();
}, 90_000);
afterAll(() => rig.tearDown(), 60_000);

const brief = ({ action, field, entitlement }: Command): string => [action, field ?? entitlement?.id].filter(Boolean).join(' ');
const released = async (identityId: string): Promise<string[]> => ((await rig.plan(identityId)).released?.commands ?? []).map(brief);
const held = async (identityId: string): Promise<string[]> => ((await rig.plan(identityId)).held?.commands ?? []).map(brief);
const commandsOf = async (identityId: string): Promise<Command[]> => (await rig.plan(identityId)).released?.commands ?? [];
const counted = async (): Promise<number> => (await rig.events(...OURS)).length;

const seen = (key: string, login: string) => ({
  employeeNumber: key,
  login: `${login}@kestrel.example`,
  email: `${login}@kestrel.example`,
  firstName: 'Ada',
  lastName: 'Byron',
});

/** Someone at work for long: an account that is linked and holds what they were given. */
const costCenter = (value: string) => ({ 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User': { costCenter: value } });

async function atWork(
  key: string,
  { groups = ['g-staff'], ...change }: { groups?: string[]; department?: string; title?: string; more?: object } = {},
) {
  const id = `00u-${key}`;
  await rig.see(OKTA, id, { ...seen(key, `worker.n${key}`), ...(change.title ? { title: change.title } : {}) });
  for (const one of groups) await rig.hold(OKTA, id, one);
  const identityId = await rig.hire(key, change);
  await rig.rest();
  return { id, identityId };
}

describe('a hire', () => {
  it('becomes an identity, a login that is theirs alone, and a plan', async () => {
    const identityId = await rig.hire('1001', { given: 'Grace', family: 'Hopper' });
    await rig.rest();
    const identity = await rig.identity(identityId);
    expect(identity).toMatchObject({ identityId, login: 'grace.hopper', lifecycle: { state: 'active' }, links: {} });
    const claims = (await rig.events('claim-login.', 'claim-match.')).filter(({ data }) => data['owner'] === identityId);
    expect(claims.map(({ type, data }) => `${type} ${String(data['kind'])}`)).toEqual(['ClaimTaken match', 'ClaimTaken login']);
    const [create, grant] = await commandsOf(identityId);
    expect(create).toMatchObject({
      action: 'create',
      connection: OKTA,
      profile: { login: 'grace.hopper@kestrel.example', employeeNumber: '1001' },
    });
    expect(grant).toMatchObject({ action: 'grant', entitlement: { kind: 'group', id: 'g-staff' }, after: [create?.commandId] });
  });

  it('beside namesakes at the same moment gets a login of their own, and every one of them a plan', async () => {
    await rig.stop();
    const people = await Promise.all(Array.from({ length: 8 }, (_, index) => rig.hire(`11${index}`, { given: 'Mary', family: 'Shelley' })));
    await rig.start();
    await rig.rest();
    const logins = await Promise.all(people.map(async (id) => (await rig.identity(id)).login));
    expect(new Set(logins)).toEqual(new Set(['mary.shelley', ...[2, 3, 4, 5, 6, 7, 8].map((number) => `mary.shelley${number}`)]));
    for (const id of people) expect(await released(id)).toEqual(['create', 'grant g-staff']);
  }, 60_000);

  it('before the first complete read of a connection gets nothing there, and everything after it', async () => {
    const identityId = await rig.hire('1201', { given: 'Emmy', family: 'Noether', department: 'Late' });
    await rig.rest();
    expect((await commandsOf(identityId)).map(({ connection }) => connection)).toEqual([OKTA, OKTA]);
    expect((await rig.plan(identityId)).released?.blocked).toMatchObject([
      { connection: LATE, what: 'account', reason: 'first-read-missing' },
    ]);
    await rig.readWhole(LATE);
    await rig.rest();
    expect((await commandsOf(identityId)).map(({ connection, action }) => `${connection} ${action}`)).toContain(`${LATE} create`);
  });

  it('is looked at again when their manager is there at last', async () => {
    const identityId = await rig.hire('1301', { given: 'Lise', family: 'Meitner', manager: '1302' });
    await rig.rest();
    expect((await commandsOf(identityId))[0]?.profile).not.toHaveProperty('manager');
    await rig.see(OKTA, '00u-1302', seen('1302', 'max.planck'));
    await rig.hire('1302', { given: 'Max', family: 'Planck', more: { displayName: 'Max Planck' } });
    await rig.rest();
    expect((await commandsOf(identityId))[0]?.profile).toMatchObject({ manager: 'Max Planck' });
  });
});

describe('an account', () => {
  it('that carries the match key of a person becomes theirs, keeps its login, and is given what it lacks', async () => {
    await rig.see(OKTA, '00u-2001', seen('2001', 'ada.of.old'));
    await rig.rest();
    const identityId = await rig.hire('2001', { title: 'Analyst' });
    await rig.rest();
    expect(await rig.identity(identityId)).toMatchObject({
      login: 'ada.of.old',
      links: { [OKTA]: { accountId: '00u-2001', by: 'match-key' } },
    });
    expect(await released(identityId)).toEqual(['set title', 'grant g-staff']);
  });

  it('that is seen after the hire is joined to them, and no second one is made', async () => {
    const identityId = await rig.hire('2002', { given: 'Joan', family: 'Clarke' });
    await rig.rest();
    const [create] = await commandsOf(identityId);
    if (!create) throw new Error('nothing was planned');
    await rig.end(identityId, create, { object: { kind: 'account', id: '00u-2002' } });
    await rig.see(OKTA, '00u-2002', { ...seen('2002', 'joan.clarke'), firstName: 'Joan', lastName: 'Clarke' });
    await rig.rest();
    expect((await rig.identity(identityId)).links).toMatchObject({ [OKTA]: { accountId: '00u-2002' } });
    expect(await released(identityId)).toEqual(['grant g-staff']);
  });

  it('whose match key nobody claimed stays without an owner', async () => {
    await rig.see(OKTA, '00u-2003', seen('2003', 'guest'));
    await rig.rest();
    expect(await rig.events(`claim-account.${OKTA}.00u-2003`)).toEqual([]);
  });

  it('that is one of two with the same key makes a case, and the answer says which one it is', async () => {
    await rig.see(OKTA, '00u-2004a', seen('2004', 'twice.a'));
    await rig.see(OKTA, '00u-2004b', seen('2004', 'twice.b'));
    const identityId = await rig.hire('2004', { given: 'Twice', family: 'Seen' });
    await rig.rest();
    expect((await rig.identity(identityId)).links).toEqual({});
    expect(await released(identityId)).toEqual([]);
    const [open, ...more] = await rig.casesOf(identityId);
    expect([open?.kind, open?.accountIds, more]).toEqual(['account-disputed', ['00u-2004a', '00u-2004b'], []]);
    await rig.ask(`/cases/${open?.caseId}/resolve`, { answer: 'link', accountId: '00u-2004b', by: 'ops' });
    await until('the account is linked', async () => (await rig.identity(identityId)).links[OKTA]);
    await rig.rest();
    expect((await rig.identity(identityId)).links).toMatchObject({ [OKTA]: { accountId: '00u-2004b' } });
    expect(await released(identityId)).toContain('grant g-staff');
    expect(await rig.casesOf(identityId)).toEqual([]);
  });
});

describe('an account that somebody else deleted', () => {
  const deleteOutside = (id: string) =>
    rig.append(streamOf.account(OKTA, id), 'AccountDeleted', {
      connection: OKTA,
      accountId: id,
      evidence: 'removed',
      read: { readId: randomUUID(), kind: 'fetch', startedAt: new Date().toISOString() },
    });

  it('asks a person, and another one is made only when the answer says so', async () => {
    const { id, identityId } = await atWork('2101');
    await deleteOutside(id);
    await rig.rest();
    const [open, ...more] = await rig.casesOf(identityId);
    expect([open?.kind, open?.accountIds, more]).toEqual(['lock', [id], []]);
    expect(await released(identityId)).not.toContain('create');
    await rig.ask(`/cases/${open?.caseId}/resolve`, { answer: 'recreate', by: 'ops' });
    await until('another one is planned', async () => ((await released(identityId)).includes('create') ? true : undefined));
    expect((await rig.identity(identityId)).links).toEqual({});
    expect(await rig.casesOf(identityId)).toEqual([]);
  });
});

describe('what would take something away', () => {
  it('from a mover leaves once it was counted and found to be little', async () => {
    const { id, identityId } = await atWork('3001', { department: 'Sales' });
    const grant = (await commandsOf(identityId)).find(({ entitlement }) => entitlement?.id === 'g-sales');
    if (!grant) throw new Error('the group was not planned');
    await rig.end(identityId, grant);
    await rig.hold(OKTA, id, 'g-sales');
    await rig.hire('3001', { version: 2, department: 'Legal' });
    await rig.rest();
    expect([await held(identityId), await released(identityId)]).toEqual([[], expect.arrayContaining(['revoke g-sales'])]);
  });

  it('from a leaver leaves too, but turning the account off waits for a person; nothing more is given', async () => {
    const { identityId } = await atWork('3002');
    await rig.hire('3002', { version: 2, worker: { status: 'terminated' } });
    await rig.rest();
    expect((await rig.identity(identityId)).lifecycle?.state).toBe('left');
    const plan = await rig.plan(identityId);
    expect(plan.held?.commands.map((one) => `${one.lane} ${brief(one)}`)).toEqual(['leaver disable']);
    expect(plan.released?.commands.map((one) => `${one.lane} ${brief(one)}`)).toEqual(['leaver revoke g-staff']);
  });
});

describe('a flow that cannot be computed', () => {
  it('for a person is listed in their plan, and what it gave before is not taken away', async () => {
    await rig.publish(flow('senior', 'int(identity.costCenter) >= 5', [group(OKTA, 'Sales')]));
    const { id, identityId } = await atWork('3101', { more: costCenter('7') });
    const grant = (await commandsOf(identityId)).find(({ entitlement }) => entitlement?.id === 'g-sales');
    if (!grant) throw new Error('the group was not planned');
    await rig.end(identityId, grant);
    await rig.hold(OKTA, id, 'g-sales');
    await rig.hire('3101', { version: 2, more: costCenter('seven') });
    await rig.rest();
    const { released: inForce, held: waiting } = await rig.plan(identityId);
    expect([waiting?.commands ?? [], inForce?.commands]).toEqual([[], []]);
    expect(inForce?.blocked).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ connection: OKTA, what: 'scope', reason: 'mapping-failed' }),
        expect.objectContaining({ connection: OKTA, what: 'group:g-sales', reason: 'mapping-failed' }),
      ]),
    );
    await rig.hire('3101', { version: 3, more: costCenter('3') });
    await rig.rest();
    expect(await released(identityId)).toEqual(['revoke g-sales']);
  });

  it('because its connection is not there is listed in the plans of those whom it concerns', async () => {
    await rig.publish(flow('gone', "identity.department == 'Gone'", [account('okta-gone'), group('okta-gone', 'Staff')]));
    const { identityId } = await atWork('3102', { department: 'Gone' });
    const plan = await rig.plan(identityId);
    expect(plan.released?.blocked).toMatchObject([{ connection: 'okta-gone', what: 'connection', reason: 'mapping-failed' }]);
    expect([plan.released?.commands, plan.held?.commands ?? []]).toEqual([[], []]);
  });
});

describe('a dry run', () => {
  it('writes nothing and says what the live run then writes', async () => {
    await rig.see(OKTA, '00u-4001', seen('4001', 'dry.run'));
    await rig.rest();
    const release = await rig.keepFromWork(await rig.idOf('4001'));
    const identityId = await rig.hire('4001', { title: 'Surveyor', department: 'Sales' });
    const dry = await until('the person is known', () => rig.dryRun(identityId).catch(() => undefined));
    expect(await rig.identity(identityId)).toMatchObject({ revision: -1 });
    expect(await rig.plan(identityId)).toMatchObject({ revision: -1 });
    await release();
    await rig.rest();
    const { released: live } = await rig.plan(identityId);
    const { commands, blocked, flows, inputs, lifecycleRevision } = dry;
    expect(commands.map(brief)).toEqual(['set title', 'grant g-sales', 'grant g-staff']);
    expect(live).toMatchObject({ commands, blocked, flows, inputs, lifecycleRevision });
  });
});

describe('a second look', () => {
  it('at what has not changed writes nothing', async () => {
    await rig.hire('5000', { given: 'Same', family: 'Again', title: 'Clerk' });
    await rig.rest();
    const before = await counted();
    await rig.lookAgain();
    expect(await counted()).toBe(before);
  });

  it('after a record older than the newest one writes nothing', async () => {
    const identityId = await rig.hire('5001', { version: 5, title: 'Head', given: 'Old', family: 'Record' });
    await rig.rest();
    const before = await counted();
    await rig.hire('5001', { version: 3, title: 'Deputy', given: 'Old', family: 'Record' });
    await rig.rest();
    expect([await counted(), (await rig.identity(identityId)).attributes['title']]).toEqual([before, 'Head']);
  });
});
