import { describe, expect, it } from '@jest/globals';
import type { DecisionInput } from './decision-input.ts';
import { desiredState } from './desired-state.ts';
import { decide, document, identityRef, input, okta, oktaAccount, oktaOf, workerRef, type Account, type Step } from './small-world.ts';

describe('the desired state of a person in scope', () => {
  it('holds the account, its keys and its attributes', () => {
    const state = decide([document('joiner', [oktaAccount()])]);
    expect(state.problems).toEqual([]);
    expect(state.flows).toEqual([{ flow: 'joiner', version: 2 }]);
    const [wanted] = state.connections;
    expect(wanted?.account?.enabled).toBe(true);
    expect(wanted?.matchKey).toEqual({ attribute: 'employeeNumber', value: 'E7' });
    expect(wanted?.login).toEqual({ attribute: 'login', value: 'zoe.mueller@work.example' });
    expect(Object.fromEntries(Object.entries(wanted?.attributes ?? {}).map(([name, { value, mode }]) => [name, [value, mode]]))).toEqual({
      employeeNumber: ['E7', 'always'],
      login: ['zoe.mueller@work.example', 'onCreate'],
      email: ['zoe@work.example', 'always'],
      firstName: ['Zoë', 'always'],
      lastName: ['Müller', 'always'],
    });
  });

  it('says of each value the flow, version, step, expression and the facts behind it', () => {
    const wanted = oktaOf([document('joiner', [oktaAccount({ attributes: { department: "identity.department + ' ' + login" } })])]);
    expect(wanted?.attributes['department']?.provenance).toEqual({
      flow: 'joiner',
      version: 2,
      step: 'okta-account',
      expression: "identity.department + ' ' + login",
      sources: [workerRef, { stream: 'identity-7', revision: 2 }],
    });
    expect(wanted?.account?.provenance.sources).toEqual([{ stream: 'identity-7', revision: 4 }]);
    expect(wanted?.attributes['firstName']?.provenance.sources).toEqual([identityRef]);
  });

  it('cites the record for what comes from the record', () => {
    const record = { value: { externalId: 'E7', name: { givenName: 'Z', familyName: 'M' } } as never, ref: workerRef };
    const wanted = oktaOf([document('j', [oktaAccount({ attributes: { nickName: 'worker.name.givenName' } })])], { workers: [record] });
    expect(wanted?.attributes['nickName']).toMatchObject({ value: 'Z', provenance: { sources: [workerRef] } });
  });

  it('leaves out what was never stated and empties what was stated as empty, each with its mode', () => {
    const attributes: Account['attributes'] = {
      title: { value: 'identity.title', mode: 'clearIfEmpty' },
      division: { value: 'identity.division', mode: 'clearIfEmpty' },
      city: { value: 'identity.department', mode: 'defaultIfEmpty' },
      nickName: { value: 'identity.givenName', mode: 'onCreate' },
    };
    const wanted = oktaOf([document('joiner', [oktaAccount({ attributes })])], {}, { title: null });
    expect(wanted?.attributes['title']).toMatchObject({ value: null, mode: 'clearIfEmpty' });
    expect(wanted?.attributes).not.toHaveProperty('division');
    expect(wanted?.attributes['city']).toMatchObject({ value: 'Sales', mode: 'defaultIfEmpty' });
    expect(wanted?.attributes['nickName']).toMatchObject({ value: 'Zoë', mode: 'onCreate' });
  });

  it('has no login before one is assigned, and says so', () => {
    const { login: _login, ...rest } = input([document('joiner', [oktaAccount()])]);
    const state = desiredState(rest);
    expect(state.connections[0]).not.toHaveProperty('login');
    expect(state.problems).toEqual([expect.objectContaining({ field: 'login', required: true, reason: 'mapping-failed' })]);
  });

  it('says nothing about whether the account is enabled if that cannot be known', () => {
    const state = decide([document('joiner', [oktaAccount({ enabled: "identity.division == 'x'" })])]);
    expect(state.connections[0]).not.toHaveProperty('account');
    expect(state.problems).toEqual([expect.objectContaining({ field: 'enabled' })]);
  });

  it('passes on when time alone changes the answer', () => {
    expect(decide([], { nextDue: '2026-12-01T00:00:00Z' }).nextDue).toBe('2026-12-01T00:00:00Z');
  });
});

describe('the manager', () => {
  const managed: Step = {
    id: 'entra-account',
    account: {
      connection: 'entra-main',
      matchKey: { attribute: 'employeeId', value: 'identity.employeeNumber' },
      login: { attribute: 'userPrincipalName', value: "login + '@' + domain" },
      attributes: { displayName: 'identity.givenName', mailNickname: 'login' },
      manager: { workerKey: 'identity.managerKey' },
    },
  };
  const managerOf = (attributes: DecisionInput['identity']['attributes']) =>
    decide([document('j', [managed])], {}, attributes).connections[0]?.manager;

  it('is a worker key, whether or not that worker has an account yet', () => {
    expect(managerOf({ managerKey: 'E1' })).toMatchObject({ workerKey: 'E1', provenance: { step: 'entra-account' } });
  });

  it('is none if the record empties it, and left alone if the record never stated it', () => {
    expect(managerOf({ managerKey: null })).toMatchObject({ workerKey: null });
    expect(managerOf({})).toBeUndefined();
  });

  it('has an account only in the connections that are named', () => {
    const flow = document('j', [
      oktaAccount({ attributes: { nickName: "manager.hasAccount ? 'yes' : 'no'" } }),
      {
        ...managed,
        account: {
          ...(managed.account as Account),
          attributes: { displayName: "manager.hasAccount ? 'yes' : 'no'", mailNickname: 'login' },
        },
      },
    ]);
    const state = decide([flow], { manager: { employeeNumber: 'E1', accounts: ['okta-main'], ref: identityRef } });
    expect(state.connections.map(({ attributes }) => (attributes['nickName'] ?? attributes['displayName'])?.value)).toEqual(['no', 'yes']);
  });
});

describe('a value that cannot be had', () => {
  it.each([
    [
      'too long for the target',
      { firstName: 'identity.familyName' },
      { familyName: 'x'.repeat(51) },
      'firstName: it holds at most 50 characters',
    ],
    ['too short for the target', { countryCode: 'identity.country' }, { country: 'D' }, 'countryCode: it needs at least 2 characters'],
    ['not computable', { title: 'string(int(identity.title))' }, { title: 'Boss' }, 'title: a text is not a whole number'],
  ])('is a problem of that attribute alone: %s', (_, attributes, facts, message) => {
    const state = decide([document('j', [oktaAccount({ attributes })])], {}, facts);
    const field = Object.keys(attributes)[0] as string;
    expect(state.problems[0]).toMatchObject({ connection: 'okta-main', field, reason: 'mapping-failed', message });
    expect(state.connections[0]?.attributes).not.toHaveProperty(field);
    expect(state.connections[0]?.attributes).toHaveProperty('email');
  });

  it('is marked if no account can be made without it', () => {
    const state = decide([document('j', [oktaAccount()])], {}, { email: null });
    expect(state.problems).toEqual([
      expect.objectContaining({ field: 'email', required: true, message: 'Okta user needs email, and nothing gives it a value' }),
    ]);
  });

  it('is not wished where the connection does not declare it', () => {
    const flow = document('j', [oktaAccount({ attributes: { hireDate: 'identity.hireDate' } })]);
    const facts = { hireDate: '2026-12-01' };
    expect(decide([flow], {}, facts).connections[0]?.attributes).not.toHaveProperty('hireDate');
    const declared = { connections: [{ ...okta, writes: ['hireDate'] }] };
    expect(decide([flow], declared, facts).connections[0]?.attributes['hireDate']?.value).toBe('2026-12-01');
  });

  it('empties an attribute of several values by an empty list', () => {
    const step: Step = {
      id: 'entra',
      account: {
        connection: 'entra-main',
        matchKey: { attribute: 'employeeId', value: 'identity.employeeNumber' },
        login: { attribute: 'userPrincipalName', value: "login + '@' + domain" },
        attributes: { businessPhones: { value: '[identity.workPhone]', mode: 'clearIfEmpty' } },
      },
    };
    const phones = (facts: DecisionInput['identity']['attributes']) =>
      decide([document('j', [step])], {}, facts).connections[0]?.attributes['businessPhones']?.value;
    expect([phones({ workPhone: '1' }), phones({ workPhone: null }), phones({})]).toEqual([['1'], [], undefined]);
  });

  it('does not come from a recorded expression that is no longer valid', () => {
    const state = decide([document('j', [oktaAccount({ attributes: { title: 'identity.gone' } })])]);
    expect(state.problems).toEqual([expect.objectContaining({ field: 'title', message: 'title: the expression is not valid' })]);
  });
});

describe('scope', () => {
  it('gives nothing to a person outside of it', () => {
    const state = decide([document('j', [oktaAccount()], "identity.department == 'Legal'")]);
    expect(state).toEqual({ connections: [], flows: [{ flow: 'j', version: 2 }], problems: [] });
  });

  it('does not hold over a field that is missing or empty', () => {
    for (const facts of [{}, { division: null }] as DecisionInput['identity']['attributes'][]) {
      const state = decide([document('j', [oktaAccount()], "identity.division == 'x'")], {}, facts);
      expect([state.connections, state.problems]).toEqual([[], []]);
    }
  });

  it('that fails is a problem of every connection of the flow, and gives nothing', () => {
    const state = decide([
      document('j', [oktaAccount(), { id: 'g', group: { connection: 'entra-main', id: 'e1' } }], 'int(identity.department) > 1'),
    ]);
    expect(state.connections).toEqual([]);
    expect(state.problems.map(({ connection, field }) => [connection, field])).toEqual([
      ['entra-main', 'scope'],
      ['okta-main', 'scope'],
    ]);
  });

  it('names a connection that is not there', () => {
    const state = decide([document('j', [oktaAccount({ connection: 'gone' })])]);
    expect(state.problems).toEqual([expect.objectContaining({ connection: 'gone', field: 'connection' })]);
  });
});
