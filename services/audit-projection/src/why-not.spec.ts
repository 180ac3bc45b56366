import { describe, expect, it } from '@jest/globals';
import type { FlowDocument } from '@muster/contracts';
import { compileFlow } from '@muster/flow';
import { Hire, type Stated } from './testing/hire.ts';
import { stored } from './testing/stored.ts';
import { whyNot } from './why-not.ts';

const ada = new Hire(1);
const AT = '2026-03-02T08:00:00.000Z';

const flow = (scope: string, when?: string) =>
  compileFlow({
    flow: 'joiner',
    version: 3,
    scope,
    steps: [{ id: 'engineers', group: { connection: 'okta-main', name: 'Engineering', ...(when === undefined ? {} : { when }) } }],
  } as unknown as FlowDocument);

const asked = {
  connection: 'okta-main',
  entitlement: { kind: 'group' as const, id: '00g1' },
  name: 'Engineering',
  existence: 'there' as const,
  hasAccount: true,
};

const joined = [ada.stated('Engineer', '2026-03-02', 1), ...ada.joined('Engineer', AT)];
const inScope = flow("identity.title == 'Engineer'");
const { grant } = ada.commands('Engineer');
const planned = (more: object): Stated => {
  const { data, ...rest } = ada.planned([], AT, '5f0c7b9e-1d2a-5e3f-8a4b-6c7d8e9f0a1b');
  return { ...rest, data: { ...data, ...more } } as Stated;
};

const reasons = (stated: readonly Stated[], flows: Parameters<typeof whyNot>[1]['flows'], more: Partial<typeof asked> | object = {}) =>
  whyNot({ ...asked, ...more }, { history: stored(stated), flows, now: AT }).map(({ reason, text }) => [reason, text]);

describe('somebody who is not in a group', () => {
  it('is not, because no flow gives it', () => {
    expect(reasons(joined, [])).toEqual([['no-flow', 'no flow in force gives this group']]);
  });

  it('is not, because the scope does not hold, and the part that fails is named', () => {
    const narrow = flow("identity.title == 'Lead' && identity.employeeNumber == 'emp-0001'");
    expect(reasons(joined, [narrow])).toEqual([['scope-false', "not in the scope of flow joiner version 3: identity.title == 'Lead'"]]);
  });

  it('is not, because the step does not apply', () => {
    expect(reasons(joined, [flow("identity.title == 'Engineer'", "identity.title == 'Lead'")])).toEqual([
      ['condition-false', "step engineers of flow joiner version 3 does not apply: identity.title == 'Lead'"],
    ]);
  });

  it('is not, because the plan was blocked', () => {
    const blocked = planned({
      blocked: [{ connection: 'okta-main', what: 'group:00g1', reason: 'not-writable', message: 'it is a rule group' }],
    });
    expect(reasons([...joined, blocked], [inScope])).toEqual([['blocked', 'not-writable: it is a rule group']]);
  });

  it('is not, because the grant waits for a person', () => {
    const held = {
      ...planned({ commands: [grant], heldBecause: [{ code: 'limit.exceeded', message: 'too many at once' }] }),
      type: 'PlanHeld',
    } as Stated;
    expect(reasons([...joined, held], [inScope])).toEqual([['held', 'its grant waits for a person: too many at once']]);
  });

  it('is not, because the target refused', () => {
    const ended = ada.ended(grant, AT, '5f0c7b9e-1d2a-5e3f-8a4b-6c7d8e9f0a1b');
    const refused = { ...ended, data: { ...ended.data, result: 'refused', fault: { message: 'the group is full' } } } as unknown as Stated;
    expect(reasons([...joined, refused], [inScope])).toEqual([['refused', 'granting it ended refused: the group is full']]);
  });

  it('is not any more, because a read saw it gone', () => {
    const gone = { ...ada.seenMember(AT), type: 'EntitlementGone' } as Stated;
    expect(reasons([...joined, ada.seenMember(AT), gone], [inScope])).toMatchObject([['gone', expect.stringContaining(AT)]]);
  });

  it('is not, because the group is deleted or there is no account', () => {
    expect(reasons(joined, [inScope], { existence: 'deleted', hasAccount: false }).map(([reason]) => reason)).toEqual([
      'object-deleted',
      'no-account',
    ]);
  });

  it('is not yet, because the grant is under way, or no plan was made', () => {
    expect(reasons([...joined, planned({ commands: [grant] })], [inScope])).toMatchObject([['under-way', expect.any(String)]]);
    expect(reasons(joined, [inScope])).toMatchObject([['not-planned', expect.any(String)]]);
  });
});
