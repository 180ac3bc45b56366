import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compileFlow, namedObjects } from './compile-flow.ts';
import { desiredState } from './desired-state.ts';
import { decide, document, entra, input, okta, oktaAccount, oktaOf, type Step } from './small-world.ts';

describe('groups and apps', () => {
  const steps: Step[] = [
    { id: 'by-name', group: { connection: 'okta-main', name: 'All staff' } },
    { id: 'by-id', group: { connection: 'okta-main', id: 'g2', when: "identity.department == 'Sales'" } },
    { id: 'not-now', group: { connection: 'okta-main', id: 'g3', when: "identity.department == 'Legal'" } },
    { id: 'app', app: { connection: 'okta-main', name: 'Workday' } },
    { id: 'through', app: { connection: 'entra-main', name: 'Workday', throughGroup: { name: 'Workday users' } } },
  ];

  it('are found by id and by name, and an app through the group that holds it', () => {
    const state = decide([document('j', steps)]);
    expect(state.problems).toEqual([]);
    expect(
      state.connections.map(({ connection, entitlements }) => [
        connection,
        entitlements.map(({ entitlement: { kind, id }, provenance }) => `${kind}:${id} by ${provenance.step}`),
      ]),
    ).toEqual([
      ['entra-main', ['group:e1 by through']],
      ['okta-main', ['app:a1 by app', 'group:g1 by by-name', 'group:g2 by by-id']],
    ]);
  });

  it.each([
    [{ group: { connection: 'okta-main', name: 'Nobody' } }, 'group:Nobody', 'group-missing', 'nothing with this name was seen'],
    [{ group: { connection: 'okta-main', name: 'Twins' } }, 'group:Twins', 'group-missing', '2 have this name: name it by its id'],
    [{ group: { connection: 'okta-main', id: 'g9' } }, 'group:g9', 'group-missing', 'nothing with this id was seen'],
    [{ app: { connection: 'okta-main', name: 'Gone' } }, 'app:Gone', 'app-missing', 'nothing with this name was seen'],
    [
      { app: { connection: 'entra-main', name: 'Gone', throughGroup: { id: 'e1' } } },
      'app:Gone',
      'app-missing',
      'nothing with this name was seen',
    ],
    [
      { app: { connection: 'entra-main', id: 's1', throughGroup: { name: 'No' } } },
      'group:No',
      'group-missing',
      'nothing with this name was seen',
    ],
  ])('%j is missing', (step, field, reason, message) => {
    const state = decide([document('j', [{ id: 'x', ...step }])]);
    expect(state.problems).toEqual([expect.objectContaining({ field, reason, message: `${field}: ${message}` })]);
    expect(state.connections[0]?.entitlements).toEqual([]);
  });

  it.each([
    ["'All ' + 'staff'", ['group:g1'], []],
    ["identity.department == 'Sales' ? ['All staff', 'Sales ' + identity.department] : []", ['group:g1'], ['group:Sales Sales']],
    ["[] + ['All staff', 'All staff']", ['group:g1'], []],
    ['identity.division', [], []],
    ["split(identity.department, '')[99]", [], ['nameOf']],
  ])('are named by the expression %s', (nameOf, held, missing) => {
    const state = decide([document('j', [{ id: 'x', group: { connection: 'okta-main', nameOf } }])]);
    expect(state.connections[0]?.entitlements.map(({ entitlement: { kind, id } }) => `${kind}:${id}`)).toEqual(held);
    expect(state.problems.map(({ field }) => field)).toEqual(missing);
    for (const { provenance } of state.connections[0]?.entitlements ?? []) expect(provenance.expression).toBe(nameOf);
  });

  it('are listed for who has to look them up', () => {
    expect(namedObjects(compileFlow(document('j', steps.slice(3))))).toEqual([
      { connection: 'okta-main', kind: 'app', object: { name: 'Workday' } },
      { connection: 'entra-main', kind: 'app', object: { name: 'Workday' } },
      { connection: 'entra-main', kind: 'group', object: { name: 'Workday users' } },
    ]);
  });
});

describe('several flows', () => {
  it('add up, and the first by name is cited for what both want', () => {
    const group = (id: string): Step => ({ id, group: { connection: 'okta-main', id: 'g1' } });
    const state = decide([document('b', [group('second')]), document('a', [group('first'), oktaAccount()])]);
    expect(state.flows.map(({ flow }) => flow)).toEqual(['a', 'b']);
    expect(state.connections[0]?.entitlements.map(({ provenance }) => [provenance.flow, provenance.step])).toEqual([['a', 'first']]);
  });

  it('that want different values cancel out, and both are named', () => {
    const other = oktaAccount({ enabled: 'false', attributes: { lastName: "'Other'" } });
    const state = decide([document('a', [oktaAccount()]), document('b', [other]), document('c', [oktaAccount()])]);
    expect(state.connections[0]?.attributes).not.toHaveProperty('lastName');
    expect(state.connections[0]).not.toHaveProperty('account');
    expect(state.problems.map(({ field, message }) => [field, message])).toEqual([
      ['enabled', 'a (step okta-account) and b (step okta-account) want different values: change one of the flows'],
      ['lastName', 'a (step okta-account) and b (step okta-account) want different values: change one of the flows'],
    ]);
  });

  it('that want different logins leave the person without one', () => {
    const other = oktaAccount({ login: { attribute: 'login', value: "'x@y.example'" } });
    expect(oktaOf([document('a', [oktaAccount()]), document('b', [other])])).not.toHaveProperty('login');
  });

  it('give way to one that says: nothing', () => {
    const nothing = document('z', [{ id: 'nothing', none: { connection: 'okta-main' } }]);
    const wanted = oktaOf([document('a', [oktaAccount(), { id: 'g', group: { connection: 'okta-main', id: 'g1' } }]), nothing]);
    expect(wanted).toMatchObject({
      account: { enabled: false },
      attributes: {},
      entitlements: [],
      holdNothing: { flow: 'z', step: 'nothing' },
    });
  });
});

describe('a decision', () => {
  const expressions = fc.constantFrom(
    'identity.title',
    'identity.division',
    "default(identity.title, 'none')",
    'identity.title + identity.division',
    "identity.department == 'Sales' ? identity.title : identity.division",
    'string(int(identity.title))',
    'lower(ascii(identity.familyName))',
    "has(identity.title) ? 'yes' : 'no'",
  );
  const modes = fc.constantFrom('always' as const, 'onCreate' as const, 'defaultIfEmpty' as const, 'clearIfEmpty' as const);
  const flow = fc.record({
    name: fc.constantFrom('a', 'b', 'c', 'd'),
    title: expressions,
    city: expressions,
    mode: modes,
    scope: fc.constantFrom('true', "identity.title == 'x'"),
  });
  const facts = fc.record(
    { title: fc.option(fc.string(), { nil: null }), division: fc.option(fc.string(), { nil: null }), familyName: fc.string() },
    { requiredKeys: [] },
  );

  it('is the same again, and in any order of flows and connections', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(flow, { selector: ({ name }) => name }),
        facts,
        fc.infiniteStream(fc.boolean()),
        (flows, attributes, coin) => {
          const documents = flows.map(({ name, title, city, mode, scope }) =>
            document(name, [oktaAccount({ attributes: { title: { value: title, mode }, city } })], scope),
          );
          const first = decide(documents, {}, attributes);
          const shuffled = documents.toSorted(() => (coin.next().value ? 1 : -1));
          expect(decide(shuffled, { connections: [entra, okta] }, attributes)).toEqual(first);
          expect(decide(structuredClone(documents), {}, attributes)).toEqual(first);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('does not change what it is given', () => {
    const deepFreeze = <T>(value: T): T => {
      if (typeof value === 'object' && value !== null && !(value instanceof Map) && !(value instanceof Set) && !Object.isFrozen(value)) {
        Object.freeze(value);
        Object.values(value).forEach(deepFreeze);
      }
      return value;
    };
    const given = input([document('a', [oktaAccount()])]);
    const { flows, ...rest } = given;
    expect(desiredState({ ...deepFreeze(rest), flows }).problems).toEqual([]);
  });
});
