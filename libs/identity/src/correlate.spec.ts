import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { accountCategory, type Account } from './account.ts';
import { caseCategory, resolveCase, type CaseEvent } from './case.ts';
import { claimCategory, releaseClaim, takeClaim, type Claim } from './claim.ts';
import { correlateAccount, stepsOfAnswer } from './correlate-account.ts';
import { correlateWorker, type LoginFacts, type Step } from './correlate.ts';
import { identityCategory, type Identity } from './identity.ts';
import { given, recorded, testIds, testUuid, workerRecord } from './testing.ts';
import { recordWorker, workerCategory } from './worker.ts';

const connection = 'okta-main';
const me = testUuid('1001');
const other = testUuid('2002');
const identity = (links: Identity['links'] = {}): Identity => ({
  ...identityCategory.initial,
  revision: 3,
  identityId: me,
  links,
  lifecycle: { state: 'active', startsOn: '2026-03-01', timeZone: 'UTC', cause: { stream: 'w', revision: 0 }, revision: 1 },
});
const claim = (owner?: string) => ({
  stream: 'claim-account.okta-main.00u1',
  claim: owner === undefined ? claimCategory.initial : ({ revision: 0, kind: 'account', owner, lastOwner: owner } satisfies Claim),
});
const account = (existence: Account['existence'] = 'there'): Account => ({
  ...accountCategory.initial,
  revision: 0,
  existence,
  connection,
  accountId: '00u1',
});
const input = {
  account: account(),
  accountStream: 'account-okta-main.00u1',
  connection,
  accountId: '00u1',
  claim: claim(),
  rivals: [],
  ids: testIds,
};
const kinds = (steps: readonly Step[]): string[] => steps.map(({ category }) => category);
const questionOf = (steps: readonly Step[]) => {
  const [step] = steps;
  return step?.category === 'case' ? given(caseCategory).when(step.decide)[0] : undefined;
};

describe('an account', () => {
  it('is claimed first and linked second, and nothing once linked', () => {
    expect(correlateAccount({ ...input, matchOwner: me, identity: identity() })).toMatchObject({
      situation: 'unlinked',
      steps: [{ category: 'claim' }],
    });
    expect(correlateAccount({ ...input, matchOwner: me, identity: identity(), claim: claim(me) })).toMatchObject({
      situation: 'unlinked',
      steps: [{ category: 'identity' }],
    });
    const linked = identity({ [connection]: { accountId: '00u1', by: 'match-key', revision: 4 } });
    expect(correlateAccount({ ...input, matchOwner: me, identity: linked, claim: claim(me) })).toEqual({ situation: 'linked', steps: [] });
  });

  it('that nobody claims is unmatched, and waits for an identity that does not exist yet', () => {
    expect(correlateAccount(input)).toEqual({ situation: 'unmatched', steps: [] });
    expect(correlateAccount({ ...input, matchOwner: me, identity: identityCategory.initial })).toEqual({
      situation: 'unmatched',
      steps: [],
    });
  });

  it('beside another of the same person or key, or claimed by another person, is a question, and the same question is one case', () => {
    const second = identity({ [connection]: { accountId: '00u0', by: 'match-key', revision: 4 } });
    const beside = correlateAccount({ ...input, matchOwner: me, identity: second });
    const rival = correlateAccount({ ...input, matchOwner: me, identity: identity(), rivals: ['00u0'] });
    expect([beside.situation, rival.situation]).toEqual(['disputed', 'disputed']);
    const lagging = correlateAccount({ ...input, matchOwner: me, identity: second, rivals: ['00u0'] });
    expect(questionOf(beside.steps)).toEqual(questionOf(rival.steps));
    expect(questionOf(beside.steps)).toEqual(questionOf(lagging.steps));
    expect(questionOf(beside.steps)).toMatchObject({ data: { kind: 'account-disputed', accountIds: ['00u0', '00u1'] } });
    const theirs = { ...identity(), identityId: other };
    expect(correlateAccount({ ...input, matchOwner: me, identity: theirs, claim: claim(other) })).toMatchObject({
      situation: 'disputed',
      steps: [{ category: 'case' }],
    });
  });

  it('that was deleted outside asks a person; the answer takes the join apart and frees the claim', () => {
    const linked = identity({ [connection]: { accountId: '00u1', by: 'created', revision: 4 } });
    const { situation, steps } = correlateAccount({
      ...input,
      account: account('deleted'),
      identity: linked,
      claim: claim(me),
      matchOwner: me,
    });
    expect(situation).toBe('deleted');
    const opened = questionOf(steps) as CaseEvent;
    const answer = { caseId: (opened.data as { caseId: string }).caseId, answer: 'recreate', by: 'operator' };
    const state = given(caseCategory, [opened]).after(resolveCase(answer));
    expect(kinds(stepsOfAnswer(state, { identity: linked, claim: claim(me) }))).toEqual(['identity']);
    expect(kinds(stepsOfAnswer(state, { identity: identity(), claim: claim(me) }))).toEqual(['claim']);
    expect(stepsOfAnswer(state, { identity: identity(), claim: claim() })).toEqual([]);
    expect(stepsOfAnswer(given(caseCategory, [opened]).state, { identity: linked, claim: claim(me) })).toEqual([]);
  });
});

describe('a claim', () => {
  it('has one owner at a time, and a login never another one', () => {
    const mine = given(claimCategory).when(takeClaim({ kind: 'login', owner: me, reason: 'joiner' }));
    expect(given(claimCategory, mine).when(takeClaim({ kind: 'login', owner: other, reason: 'joiner' }))).toEqual([]);
    const freed = [...mine, ...given(claimCategory, mine).when(releaseClaim(me, 'erased'))];
    expect(given(claimCategory, freed).when(takeClaim({ kind: 'login', owner: other, reason: 'joiner' }))).toEqual([]);
    expect(given(claimCategory, freed).when(takeClaim({ kind: 'login', owner: me, reason: 'joiner' }))).toHaveLength(1);
    const account1 = given(claimCategory).when(takeClaim({ kind: 'account', owner: me, reason: 'link' }));
    const free = [...account1, ...given(claimCategory, account1).when(releaseClaim(me, 'split'))];
    expect(given(claimCategory, free).when(takeClaim({ kind: 'account', owner: other, reason: 'link' }))).toHaveLength(1);
  });
});

interface Options {
  readonly stops?: readonly boolean[];
  readonly taken?: readonly string[];
  readonly foreign?: readonly string[];
  readonly match?: string;
  readonly existing?: string;
}

/** A tiny store of claims and one identity, stopped and asked again as often as one likes. */
class Desk {
  state: Identity = identityCategory.initial;
  cases = 0;
  readonly claims: Map<string, Claim>;
  readonly #options: Options;
  readonly #loaded = new Set<string>();

  constructor(options: Options) {
    const taken = (options.taken ?? []).map((login): [string, Claim] => [
      `claim-login.${login}`,
      { revision: 0, kind: 'login', owner: other, lastOwner: other },
    ]);
    this.#options = options;
    this.claims = new Map([
      ...taken,
      ...(options.match ? [['claim-match.m', { revision: 0, kind: 'match', owner: options.match }] as [string, Claim]] : []),
    ]);
  }

  claim(stream: string): Claim {
    return this.claims.get(stream) ?? claimCategory.initial;
  }

  /** True once there is nothing left to do. */
  ask(stopped: boolean): boolean {
    const { existing } = this.#options;
    const { steps, needs } = correlateWorker({
      worker,
      workerStream: 'worker-hr-main.w1',
      identityId: me,
      identity: this.state,
      asOf: '2026-03-05T12:00:00Z',
      match: { stream: 'claim-match.m', claim: this.claim('claim-match.m') },
      authority: { '*': ['hr-main'] },
      login: (login) => this.#login(login),
      ids: testIds,
      ...(existing === undefined ? {} : { existingLogin: existing }),
    });
    for (const login of needs) this.#loaded.add(login);
    for (const step of stopped ? [] : steps) this.#run(step);
    return this.cases > 0 || (steps.length === 0 && needs.length === 0);
  }

  #login(login: string): LoginFacts | undefined {
    const stream = `claim-login.${login}`;
    const holder = this.#options.foreign?.includes(login) ? { holder: { connection, accountId: '00u7' } } : {};
    return this.#loaded.has(login) ? { stream, claim: this.claim(stream), ...holder } : undefined;
  }

  #run(step: Step): void {
    if (step.category === 'case') this.cases += 1;
    if (step.category === 'claim') {
      const before = this.claim(step.stream);
      this.claims.set(
        step.stream,
        recorded(step.decide(before)).reduce((claimed, event) => claimCategory.evolve(claimed, event), before),
      );
    }
    if (step.category === 'identity')
      this.state = recorded(step.decide(this.state)).reduce((known, event) => identityCategory.evolve(known, event), this.state);
  }
}

const stated = {
  connection: 'hr-main',
  workerKey: '1001',
  sourceKey: 'v1',
  recordVersion: 1,
  effectiveFrom: '2026-03-01',
  record: workerRecord(),
};
const worker = given(workerCategory).after(recordWorker(stated));

const settle = (options: Options): Desk => {
  const desk = new Desk(options);
  for (let round = 0; round < 80; round += 1) if (desk.ask(options.stops?.[round] ?? false)) return desk;
  throw new Error('does not come to rest');
};

describe('a worker', () => {
  it('comes to the same end wherever correlation is stopped and begun again', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 20 }), (stops) => {
        expect(settle({ stops }).state).toMatchObject({ identityId: me, login: 'ada.byron', lifecycle: { state: 'active' } });
      }),
    );
  });

  it('gets the next login where one is taken, and gives one found at a foreign account to its owner', () => {
    const { state, claims } = settle({ taken: ['ada.byron'], foreign: ['ada.byron2'] });
    expect(state.login).toBe('ada.byron3');
    expect(claims.get('claim-login.ada.byron2')?.owner).toBe('account-okta-main.00u7');
  });

  it('keeps the login of an account that already carries the match key', () => {
    expect(settle({ existing: 'countess' }).state.login).toBe('countess');
  });

  it('whose every login is taken, or whose match key is another person’s, is a question', () => {
    const all = ['ada.byron', ...Array.from({ length: 99 }, (_, index) => `ada.byron${index + 2}`)];
    expect(settle({ taken: all })).toMatchObject({ cases: 1, state: { identityId: me } });
    expect(settle({ match: other })).toMatchObject({ cases: 1, state: { revision: -1 } });
  });
});
