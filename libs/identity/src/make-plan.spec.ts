import { describe, expect, it } from '@jest/globals';
import type { Command, PlanReleased } from '@muster/contracts';
import fc from 'fast-check';
import { accountCategory, type Account, type AccountEvent } from './account.ts';
import { afterAnswer } from './after-answer.ts';
import type { DesiredConnection } from './desired.ts';
import { identityCategory, type Identity } from './identity.ts';
import { holdEverything, sendEverything } from './limits.ts';
import { makePlan } from './make-plan.ts';
import { observeAccount, observeEntitlements } from './observe-account.ts';
import { planCategory, releasePlan, type PlanDraft, type PlanEvent } from './plan.ts';
import type { ConnectionView, PlanInput } from './planning.ts';
import { provisioningCategory, type ProvisioningEvent } from './provisioning.ts';
import { given, joiner, testIds, testUuid } from './testing.ts';

const connection = 'okta-main';
const identityId = testUuid('1001');
const at = (second: number): string => new Date(Date.parse('2026-03-02T09:00:00.000Z') + second * 1000).toISOString();
const because = { flow: 'joiner', version: 1, step: 'account' };

const identityOf = (
  change: { state?: 'active' | 'left' | 'preboarding'; title?: string | null; department?: string | null; linked?: boolean } = {},
): Identity => ({
  ...identityCategory.initial,
  revision: 5,
  identityId,
  login: 'ada.byron',
  attributes: {
    givenName: 'Ada',
    familyName: 'Byron',
    title: change.title ?? null,
    department: change.department ?? null,
    employeeNumber: '1001',
  },
  lifecycle: {
    state: change.state ?? 'active',
    startsOn: '2026-03-01',
    timeZone: 'UTC',
    cause: { stream: 'worker-hr-main.w', revision: 0 },
    revision: 1,
  },
  links: change.linked === false ? {} : { [connection]: { accountId: '00u1', by: 'match-key', revision: 4 } },
});

const observed = (
  profile: Record<string, string | null>,
  change: { enabled?: boolean; groups?: string[]; notWritable?: string[] } = {},
): Account => {
  const reading = { read: { readId: 'r1', kind: 'fetch' as const, startedAt: at(10) }, settleMs: 30_000 };
  const whole = {
    firstName: 'Ada',
    lastName: 'Byron',
    title: null,
    department: null,
    employeeNumber: '1001',
    login: 'ada.byron@example.com',
    ...profile,
  };
  const enabled = change.enabled ?? true;
  const sight = {
    connection,
    accountId: '00u1',
    profile: whole,
    status: 'X',
    enabled,
    notWritable: change.notWritable ?? [],
    aspects: ['profile' as const, 'status' as const],
  };
  const items = (change.groups ?? ['g1']).map((id) => ({ entitlement: { kind: 'group' as const, id }, via: 'direct' as const }));
  const past: AccountEvent[] = given(accountCategory).when(observeAccount(sight, reading));
  const holder = { connection, holder: { kind: 'account' as const, id: '00u1' } };
  return given(accountCategory, past).after(observeEntitlements(holder, { aspect: 'groups', items }, reading));
};

interface Scene {
  identity?: Identity;
  account?: Account;
  view?: Partial<ConnectionView>;
  change?: (desired: DesiredConnection) => DesiredConnection;
  plan?: PlanEvent[];
  provisioning?: ProvisioningEvent[];
  input?: Partial<PlanInput>;
}

const planInput = ({
  identity = identityOf(),
  account,
  view,
  change = (desired) => desired,
  plan = [],
  provisioning = [],
  input = {},
}: Scene): PlanInput => {
  const desired = joiner(identity, [connection], { group: 'g1' });
  return {
    identity,
    asOf: at(0),
    desired: { ...desired, connections: desired.connections.map(change) },
    connections: {
      [connection]: {
        state: 'live',
        settleMs: 30_000,
        createAfter: at(0),
        lastCompleteRead: at(1),
        ...(account ? { account } : {}),
        ...view,
      },
    },
    provisioning: given(provisioningCategory, provisioning).state,
    plan: given(planCategory, plan).state,
    ids: testIds,
    limits: holdEverything,
    lane: 'live',
    inputs: [],
    entitlement: () => 'there',
    managerAccount: () => undefined,
    ...input,
  };
};

const short = (commands: readonly Command[]): string[] =>
  commands.map(({ action, field, entitlement, value }) =>
    [action, field ?? entitlement?.id, value].filter((part) => part !== undefined).join(' '),
  );
const reasons = ({ blocked }: PlanDraft): string[] => blocked.map(({ what, reason }) => `${what} ${reason}`);
const plan = (scene: Scene): PlanDraft => makePlan(planInput(scene));
const released = (draft: PlanDraft, id = 'p'): PlanEvent[] => given(planCategory).when(releasePlan(draft, testUuid(id)));
const ended = (command: Command, answer: Parameters<typeof afterAnswer>[1], accountId: string | undefined = '00u1'): ProvisioningEvent[] =>
  afterAnswer(
    { identityId, planId: testUuid('p'), command, sentAt: at(20), attempts: 1, row: { attempts: 0 }, ...(accountId ? { accountId } : {}) },
    answer,
    { ids: testIds, matchKey: '1001' },
  ).events;
const refusal = { result: 'fault' as const, fault: { code: 'target.value_refused', kind: 'refused' as const, message: '' }, at: at(21) };

describe('a plan', () => {
  it('is empty where the account holds what is wanted', () => {
    expect(plan({ account: observed({}) })).toMatchObject({ commands: [], held: [], blocked: [] });
  });

  it('says what to set, from what, and why', () => {
    const [set] = plan({ identity: identityOf({ title: 'Chief' }), account: observed({ title: 'Writer' }) }).commands;
    expect(set).toMatchObject({
      action: 'set',
      field: 'title',
      value: 'Chief',
      before: 'Writer',
      provenance: { title: because },
      object: { id: '00u1' },
    });
  });

  it.each([
    ['always', 'Chief', 'Writer', ['set title Chief']],
    ['always', null, 'Writer', []],
    ['clearIfEmpty', null, 'Writer', ['set title ']],
    ['defaultIfEmpty', 'Chief', 'Writer', []],
    ['defaultIfEmpty', 'Chief', null, ['set title Chief']],
    ['onCreate', 'Chief', 'Writer', []],
  ] as const)('B4: applies %s of %s to %s', (mode, value, actual, commands) => {
    const change = (desired: DesiredConnection): DesiredConnection => ({
      ...desired,
      attributes: { title: { value, mode, provenance: because } },
    });
    expect(short(plan({ account: observed({ title: actual }), change }).commands)).toEqual(commands);
  });

  it('shows an attribute that is mastered elsewhere as not writable and does not try it', () => {
    const draft = plan({ identity: identityOf({ title: 'Chief' }), account: observed({}, { notWritable: ['title'] }) });
    expect([short(draft.commands), reasons(draft)]).toEqual([[], ['title not-writable']]);
  });

  it('B9: waits for the account of the manager, and sets it once it is there', () => {
    const change = (desired: DesiredConnection): DesiredConnection => ({ ...desired, manager: { workerKey: '2', provenance: because } });
    expect(reasons(plan({ account: observed({}), change }))).toEqual(['manager manager-account-missing']);
    expect(short(plan({ account: observed({}), change, input: { managerAccount: () => '00u2' } }).commands)).toEqual(['set manager 00u2']);
  });

  it('I16: of a connection that is only observed holds nothing that could be sent, and shows what it would send', () => {
    const draft = plan({ identity: identityOf({ title: 'Chief' }), account: observed({}), view: { state: 'observe' } });
    expect([draft.commands, short(draft.observed), reasons(draft)]).toEqual([[], ['set title Chief'], ['connection observe-only']]);
    expect(released(draft)).toMatchObject([{ type: 'PlanReleased', data: { commands: [] } }]);
  });

  it('creates nothing before a complete read that began late enough, without a login, or while another account may be theirs', () => {
    const nobody = { identity: identityOf({ linked: false }) };
    expect(short(plan(nobody).commands)).toEqual(['create true', 'grant g1 true']);
    expect(reasons(plan({ ...nobody, view: { createAfter: at(2) } }))).toEqual(['account first-read-missing']);
    const { lastCompleteRead: _none, ...unread } = planInput(nobody).connections[connection] ?? {
      state: 'live',
      settleMs: 0,
      createAfter: at(0),
    };
    expect(reasons(makePlan({ ...planInput(nobody), connections: { [connection]: unread } }))).toEqual(['account first-read-missing']);
    expect(reasons(plan({ ...nobody, view: { candidates: 1 } }))).toEqual(['account no-account-yet']);
    expect(reasons(plan({ ...nobody, view: { openCase: 'c1' } }))).toEqual(['account case-open']);
    const { login: _login, ...unnamed } = identityOf({ linked: false });
    expect(reasons(plan({ identity: unnamed }))).toEqual(['account login-missing']);
    expect(reasons(plan({ identity: identityOf({ linked: false, state: 'preboarding' }) }))).toEqual(['account start-in-future']);
  });

  it('holds removals and disables for a person, and adds nothing for a leaver', () => {
    const leaver = identityOf({ state: 'left', title: 'Chief' });
    const draft = plan({ identity: leaver, account: observed({}, { groups: ['g1', 'g2'] }) });
    expect([draft.commands, short(draft.held)]).toEqual([[], ['disable false', 'revoke g1 false', 'revoke g2 false']]);
    expect(draft.held.every(({ lane }) => lane === 'leaver')).toBe(true);
    expect(released(draft).map(({ type }) => type)).toEqual(['PlanHeld']);
    const sent = plan({ identity: leaver, account: observed({}), input: { limits: sendEverything } });
    expect(short(sent.commands)).toEqual(['disable false', 'revoke g1 false']);
    expect(plan({ identity: identityOf({ state: 'left', linked: false }) }).commands).toEqual([]);
  });

  it('takes away only what we granted', () => {
    const grant = plan({ account: observed({}, { groups: [] }) }).commands[0] as Command;
    const provisioning = ended(grant, { result: 'done', at: at(9) });
    const change = (desired: DesiredConnection): DesiredConnection => ({ ...desired, entitlements: [] });
    expect(short(plan({ account: observed({}, { groups: ['g1', 'g2'] }), provisioning: [], change }).held)).toEqual([]);
    expect(short(plan({ account: observed({}, { groups: ['g1', 'g2'] }), provisioning: provisioning.map(early), change }).held)).toEqual([
      'revoke g1 false',
    ]);
  });

  it('does not make another account for one that was deleted outside, until a person took the join apart', () => {
    const account: Account = { ...observed({}), existence: 'deleted' };
    expect(reasons(plan({ account }))).toEqual(['account locked']);
    const { links: _links, ...rest } = identityOf();
    const apart = { ...rest, links: {}, unlinked: { [connection]: ['00u1'] } };
    expect(short(plan({ identity: apart }).commands)).toEqual(['create true', 'grant g1 true']);
  });
});

const early = (event: ProvisioningEvent): ProvisioningEvent =>
  event.type === 'CommandEnded' ? { ...event, data: { ...event.data, sentAt: at(-60), answeredAt: at(-59) } } : event;

describe('a command', () => {
  const scene: Scene = { identity: identityOf({ title: 'Chief' }), account: observed({}) };

  it('keeps its id as long as it has not ended, and gets the next generation afterwards', () => {
    const first = plan(scene);
    const [command] = first.commands;
    expect(plan({ ...scene, plan: released(first) }).commands[0]?.commandId).toBe(command?.commandId);
    const other = ended({ ...(command as Command), commandId: 'other', value: 'Writer' }, { result: 'done', at: at(21) }).map(early);
    expect(plan({ ...scene, plan: released(first), provisioning: other }).commands[0]).toMatchObject({
      commandId: command?.commandId,
      generation: 0,
    });
    const done = ended(command as Command, { result: 'done', at: at(21) }).map(early);
    expect(plan({ ...scene, plan: released(first), provisioning: done }).commands[0]).toMatchObject({ generation: 1 });
  });

  it('that was refused is not planned again for the same value, and is for another, on demand, or when the field changed', () => {
    const first = plan(scene);
    const command = first.commands[0] as Command;
    const provisioning = ended(command, refusal);
    expect(reasons(plan({ ...scene, provisioning }))).toEqual(['title refused-before']);
    expect(short(plan({ ...scene, identity: identityOf({ title: 'Captain' }), provisioning }).commands)).toEqual(['set title Captain']);
    expect(short(plan({ ...scene, provisioning, input: { retry: new Set([command.commandId]) } }).commands)).toEqual(['set title Chief']);
    const changed = { ...observed({ title: 'Writer' }) };
    const later = { ...changed, fields: { ...changed.fields, title: { ...changed.fields['title'], changedAt: at(60) } } } as Account;
    expect(short(plan({ ...scene, account: later, provisioning }).commands)).toEqual(['set title Chief']);
  });

  it('for an account that was found waits for the first read of it', () => {
    const nobody = { identity: identityOf({ linked: false, title: 'Chief' }) };
    const create = plan(nobody).commands[0] as Command;
    const found = ended(create, { result: 'conflict', found: { id: '00u1', matchKey: '1001' }, at: at(21) }, '');
    expect(reasons(plan({ ...nobody, provisioning: found }))).toEqual(['account no-account-yet']);
    expect(reasons(plan({ identity: identityOf({ title: 'Chief' }), provisioning: found }))).toEqual(['account no-account-yet']);
    expect(short(plan({ identity: identityOf({ title: 'Chief' }), provisioning: found, account: observed({}) }).commands)).toEqual([
      'set title Chief',
    ]);
  });
});

describe('applying a plan', () => {
  it('leaves no plan, whatever was wanted and whatever was there', () => {
    const value = fc.constantFrom('Chief', 'Writer', null);
    const wanted = fc.record({ title: value, department: value, linked: fc.constant(true) });
    const there = fc.record({ title: value, department: value });
    fc.assert(
      fc.property(wanted, there, fc.subarray(['g1', 'g2']), fc.boolean(), (want, profile, groups, enabled) => {
        const scene: Scene = { identity: identityOf(want), account: observed(profile, { groups, enabled }) };
        const first = plan(scene);
        const provisioning = first.commands.flatMap((command) => ended(command, { result: 'done', at: at(21) }));
        const second = plan({ ...scene, plan: released(first), provisioning });
        expect(second.commands).toEqual([]);
        const [last] = given(planCategory, released(first)).when(releasePlan(second, testUuid('q')));
        expect((last?.data as PlanReleased | undefined)?.commands ?? []).toEqual([]);
      }),
    );
  });
});
