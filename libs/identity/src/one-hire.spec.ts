import { describe, expect, it } from '@jest/globals';
import type { Command, ReadRef } from '@muster/contracts';
import {
  accountCategory,
  accountIdOf,
  afterAnswer,
  claimCategory,
  correlateCreated,
  correlateWorker,
  fold,
  holdEverything,
  identityCategory,
  loginCandidates,
  makePlan,
  nextStep,
  observeAccount,
  planCategory,
  provisioningCategory,
  recordEnd,
  recordWorker,
  releasePlan,
  wantedCommand,
  workerCategory,
  type Account,
  type Claim,
  type ConnectionView,
  type Identity,
  type Plan,
  type PlanInput,
  type Provisioning,
  type Step,
  type Worker,
} from './index.ts';
import { joiner, recorded, testIds, testUuid, workerRecord } from './testing.ts';

const connection = 'okta-main';
const identityId = testUuid('hr-main 1001');
const workerStream = 'worker-hr-main.w1';
const asOf = '2026-03-02T09:00:00.000Z';
const at = (second: number): string => `2026-03-02T09:00:${String(second).padStart(2, '0')}.000Z`;

/** The streams of one person, appended to as a store would. */
class Person {
  worker: Worker = workerCategory.initial;
  identity: Identity = identityCategory.initial;
  plan: Plan = planCategory.initial;
  provisioning: Provisioning = provisioningCategory.initial;
  account: Account = accountCategory.initial;
  readonly claims = new Map<string, Claim>();
  readonly log: string[] = [];

  hear(version: number, change: Parameters<typeof workerRecord>[0] = {}): void {
    const record = workerRecord(change);
    const stated = {
      connection: 'hr-main',
      workerKey: '1001',
      sourceKey: `v${version}`,
      recordVersion: version,
      effectiveFrom: '2026-03-01',
      record,
    };
    this.worker = this.#append(workerCategory, this.worker, recordWorker(stated)(this.worker));
  }

  claim(stream: string) {
    return { stream, claim: this.claims.get(stream) ?? claimCategory.initial };
  }

  correlate(): void {
    for (let round = 0; round < 20; round += 1) {
      const steps = [...this.#workerSteps(), ...this.#createdSteps()];
      if (steps.length === 0) return;
      for (const step of steps) this.#run(step);
    }
    throw new Error('correlation does not come to rest');
  }

  planInput(view: Partial<ConnectionView> = {}): PlanInput {
    const account = this.account.revision < 0 ? {} : { account: this.account };
    return {
      identity: this.identity,
      asOf,
      desired: joiner(this.identity, [connection], { group: 'g1', app: 'a1' }),
      connections: { [connection]: { state: 'live', settleMs: 30_000, createAfter: at(0), lastCompleteRead: at(1), ...account, ...view } },
      provisioning: this.provisioning,
      plan: this.plan,
      ids: testIds,
      limits: holdEverything,
      lane: 'live',
      inputs: [],
      entitlement: () => 'there',
      managerAccount: () => undefined,
    };
  }

  release(planId = testUuid('plan')): void {
    this.plan = this.#append(planCategory, this.plan, releasePlan(makePlan(this.planInput()), planId)(this.plan));
  }

  answer(command: Command, id: string): void {
    const call = {
      identityId,
      planId: testUuid('plan'),
      command,
      sentAt: at(10),
      attempts: 1,
      row: { attempts: 0 },
      ...(command.action === 'create' ? {} : { accountId: id }),
    };
    const after = afterAnswer(call, { result: 'done', id, at: at(11) }, { ids: testIds, matchKey: '1001' });
    for (const event of after.events) {
      if (event.type === 'CommandEnded')
        this.provisioning = this.#append(provisioningCategory, this.provisioning, recordEnd(event.data)(this.provisioning));
    }
  }

  observe(profile: Record<string, string | null>, read: ReadRef): void {
    const sight = {
      connection,
      accountId: '00u1',
      profile,
      status: 'ACTIVE',
      enabled: true,
      aspects: ['profile' as const, 'status' as const],
    };
    this.account = this.#append(accountCategory, this.account, observeAccount(sight, { read, settleMs: 30_000 })(this.account));
  }

  #workerSteps(): readonly Step[] {
    return correlateWorker({
      worker: this.worker,
      workerStream,
      identityId,
      identity: this.identity,
      asOf,
      match: this.claim('claim-match.m1'),
      authority: { '*': ['hr-main'] },
      login: (login) => this.claim(`claim-login.${login}`),
      ids: testIds,
    }).steps;
  }

  #createdSteps(): readonly Step[] {
    const claim = this.claim('claim-account.okta-main.00u1');
    return correlateCreated({
      identity: this.identity,
      identityId,
      connection,
      provisioning: this.provisioning,
      provisioningStream: `provisioning-${identityId}`,
      claim,
      ids: testIds,
    });
  }

  #run(step: Step): void {
    this.log.push(step.stream);
    if (step.category === 'claim') {
      const { claim } = this.claim(step.stream);
      this.claims.set(step.stream, this.#append(claimCategory, claim, step.decide(claim)));
    }
    if (step.category === 'identity') this.identity = this.#append(identityCategory, this.identity, step.decide(this.identity));
  }

  #append<S extends { revision: number }, E extends { type: string; data: object }>(
    category: Parameters<typeof fold<S, E>>[0],
    state: S,
    events: readonly E[],
  ): S {
    const numbered = recorded(events).map((event) => ({ ...event, revision: event.revision + state.revision + 1 }));
    return fold(category, numbered, state);
  }
}

const hired = (): Person => {
  const person = new Person();
  person.hear(1, { title: 'Engineer', department: 'Engines' });
  person.correlate();
  return person;
};

describe('a hire', () => {
  it('becomes an identity with its match key and login claimed, whatever is asked twice', () => {
    const person = hired();
    expect(person.identity).toMatchObject({ identityId, login: 'ada.byron', lifecycle: { state: 'active', startsOn: '2026-03-01' } });
    expect(person.identity.attributes).toMatchObject({ givenName: 'Ada', title: 'Engineer', employeeNumber: '1001' });
    expect(person.identity.provenance['title']).toEqual({ stream: workerStream, revision: 0, field: 'title' });
    const before = person.log.length;
    person.hear(1, { title: 'Engineer', department: 'Engines' });
    person.correlate();
    expect(person.log).toHaveLength(before);
  });

  it('is planned as one account with its group and app behind it, and the same plan again is no event', () => {
    const person = hired();
    person.release();
    const commands = person.plan.released?.commands ?? [];
    expect(commands.map(({ action }) => action)).toEqual(['create', 'grant', 'grant']);
    expect(commands[0]?.profile).toMatchObject({ login: 'ada.byron@example.com', employeeNumber: '1001', title: 'Engineer' });
    expect(commands[1]?.after).toEqual([commands[0]?.commandId]);
    expect(releasePlan(makePlan(person.planInput()), testUuid('other'))(person.plan)).toEqual([]);
  });

  it('gets no account before the first complete read, and none twice while the first is under way or made', () => {
    const person = hired();
    const early = { ...person.planInput().connections[connection], createAfter: at(30) };
    expect(makePlan(person.planInput(early)).blocked).toMatchObject([{ what: 'account', reason: 'first-read-missing' }]);
    person.release();
    const create = person.plan.released?.commands[0] as Command;
    person.hear(2, { title: 'Chief', department: 'Engines' });
    person.correlate();
    const again = makePlan(person.planInput()).commands[0];
    expect(again).toMatchObject({ commandId: create.commandId, profile: { title: 'Chief' } });
    person.answer(create, '00u1');
    expect(makePlan(person.planInput()).commands.filter(({ action }) => action === 'create')).toEqual([]);
  });

  it('is linked to what was created, corrected where it changed meanwhile, and left alone once everything agrees', () => {
    const person = hired();
    person.release();
    for (const command of person.plan.released?.commands ?? []) person.answer(command, '00u1');
    person.correlate();
    expect(person.identity.links[connection]).toMatchObject({ accountId: '00u1', by: 'created' });
    expect(accountIdOf(person.identity, person.provisioning, connection)).toBe('00u1');
    person.release();
    expect(person.plan.released?.commands).toEqual([]);
    person.hear(2, { title: 'Chief', department: 'Engines' });
    person.correlate();
    const [set] = makePlan(person.planInput()).commands;
    expect(set).toMatchObject({ action: 'set', field: 'title', value: 'Chief', before: 'Engineer', object: { id: '00u1' } });
  });

  it('is not corrected by an old replica after our own write, and is corrected once a read after settle time disagrees', () => {
    const person = hired();
    person.release();
    for (const command of person.plan.released?.commands ?? []) person.answer(command, '00u1');
    person.correlate();
    const profile = {
      firstName: 'Ada',
      lastName: 'Byron',
      title: 'Engineer',
      department: 'Engines',
      login: 'ada.byron@example.com',
      employeeNumber: '1001',
    };
    person.observe(profile, { readId: 'r1', kind: 'fetch', startedAt: at(12) });
    person.hear(2, { title: 'Chief', department: 'Engines' });
    person.correlate();
    person.release();
    const set = person.plan.released?.commands[0] as Command;
    person.answer(set, '00u1');
    person.observe({ ...profile, title: 'Engineer', department: 'Old' }, { readId: 'r2', kind: 'fetch', startedAt: at(15) });
    expect(makePlan(person.planInput()).commands.map(({ field }) => field)).toEqual(['department']);
    person.observe({ ...profile, title: 'Engineer' }, { readId: 'r3', kind: 'fetch', startedAt: '2026-03-02T09:00:41.000Z' });
    expect(makePlan(person.planInput()).commands).toMatchObject([{ field: 'title', value: 'Chief', generation: 1 }]);
  });
});

describe('the fence', () => {
  it('stops a joiner plan once the person left, before and after a lost answer', () => {
    const person = hired();
    person.release();
    const command = person.plan.released?.commands[0] as Command;
    const lifecycle = person.identity.lifecycle?.revision ?? -1;
    const input = {
      command,
      row: { attempts: 0 },
      fence: { ended: false, wanted: true, plannedUnder: lifecycle, lifecycle, leaseHeld: true, live: true },
      now: at(20),
      settleMs: 30_000,
      logLagMs: 60_000,
      dependencies: 'met' as const,
    };
    expect(nextStep(input)).toEqual({ do: 'send', repeat: false });
    expect(nextStep({ ...input, fence: { ...input.fence, lifecycle: lifecycle + 1 } })).toMatchObject({
      do: 'wait',
      because: 'plan-outdated',
    });
    person.hear(2, { title: 'Engineer', worker: { status: 'terminated' } });
    person.correlate();
    person.release();
    expect(person.identity.lifecycle).toMatchObject({ state: 'left' });
    expect(wantedCommand(person.plan, command.commandId)).toBeUndefined();
    const unwanted = { ...input, fence: { ...input.fence, wanted: false } };
    expect(nextStep(unwanted)).toMatchObject({ do: 'end', result: 'superseded', probed: false });
    expect(nextStep({ ...unwanted, row: { attempts: 1, lostAt: at(10) } })).toEqual({ do: 'probe' });
  });
});

describe('logins', () => {
  it('follow the name, then the middle initial, then numbers, and stay within 64 characters of the allowed set', () => {
    const names = loginCandidates({ givenName: 'Zoë', middleName: 'Quinn', familyName: "O'Brien Núñez" }).map(({ login }) => login);
    expect(names.slice(0, 4)).toEqual(['zoe.obriennunez', 'zoe.q.obriennunez', 'zoe.obriennunez2', 'zoe.obriennunez3']);
    expect(names.at(-1)).toBe('zoe.obriennunez100');
    const long = loginCandidates({ givenName: 'x'.repeat(60), familyName: 'y'.repeat(60) }).map(({ login }) => login);
    expect(long.every((login) => login.length <= 64 && /^[a-z0-9.-]+$/.test(login))).toBe(true);
    expect(loginCandidates({ givenName: '🙂', familyName: '🙂' }).every(({ login }) => /^[a-z0-9.-]+$/.test(login))).toBe(true);
  });
});
