import { describe, expect, it } from '@jest/globals';
import { checkFlow } from './check-flow.ts';
import type { CheckedConnection } from './flow-check.ts';
import { parseFlow, recordedFlow } from './parse-flow.ts';

const connections: CheckedConnection[] = [
  { name: 'okta-main', kind: 'okta' },
  { name: 'entra-main', kind: 'entra' },
  { name: 'hr-main', kind: 'hr' },
];

const flowOf = (steps: string, scope = "identity.lifecycle == 'active'"): string => `flow: joiner
version: 1
title: Joiner
trigger: identity
scope: ${scope}
steps:
${steps}`;

const report = (text: string, over = connections) => {
  const { flow, problems } = parseFlow(text, 'joiner.flow.yaml');
  if (!flow) throw new Error(JSON.stringify(problems));
  return checkFlow(flow, over);
};
const told = (text: string, over = connections) =>
  report(text, over).problems.map(({ line, column, message }) => `${line}:${column} ${message}`);

const okta = (attributes: string, rest = ''): string => `  - id: okta
    account:
      connection: okta-main
      matchKey: { attribute: employeeNumber, value: identity.employeeNumber }
      login: { attribute: login, value: login + '@' + domain }${rest}
      attributes:
        email: identity.email
        firstName: identity.givenName
        lastName: identity.familyName${attributes}
`;
const entra = (attributes: string, rest = "\n      enabled: 'true'"): string => `  - id: entra
    account:
      connection: entra-main
      matchKey: { attribute: employeeId, value: identity.employeeNumber }
      login: { attribute: userPrincipalName, value: login + '@' + domain }${rest}
      attributes:
        displayName: identity.displayName
        mailNickname: login${attributes}
`;

describe('a flow that is right', () => {
  it('has no problem, and a list of what it leaves out', () => {
    const { problems, unmapped } = report(flowOf(okta('') + entra('\n        jobTitle: identity.title')));
    expect(problems).toEqual([]);
    expect(unmapped.find(({ step }) => step === 'okta')?.attributes).toEqual(expect.arrayContaining(['title', 'department']));
    const left = unmapped.find(({ step }) => step === 'entra')?.attributes;
    expect(left).toContain('department');
    expect(left).not.toContain('jobTitle');
    expect(left).not.toContain('proxyAddresses');
  });
});

describe('the mapping of an account', () => {
  it.each([
    ['an unknown field', 'title: identity.titel', '16:25 there is no field "titel" in identity'],
    ['a wrong type', 'title: size(identity.title)', '16:16 it must give a text, and gives a whole number'],
    ['a list in a single value', 'title: "[identity.title]"', '16:17 it must give a text, and gives a list of texts'],
    ['a whole record', 'title: identity', '16:16 it must give a text, and gives a whole identity'],
    ['an unknown attribute', 'titel: identity.title', '16:9 Okta user has no attribute "titel"'],
    ['an attribute that login writes already', 'login: login', '16:9 login is mapped twice'],
    ['a broken expression', 'title: identity.title +', '16:32 Unexpected token: EOF'],
  ])('is refused for %s, where it stands', (_, line, expected) => {
    expect(told(flowOf(okta(`\n        ${line}`)))).toEqual([expected]);
  });

  it.each([
    ['a read-only attribute', 'proxyAddresses: "[identity.email]"', '16:9 proxyAddresses cannot be written'],
    ['one value where several belong', 'businessPhones: identity.workPhone', '16:25 it must give a list of texts, and gives a text'],
    ['the status as an attribute', "accountEnabled: 'true'", '16:9 accountEnabled is not mapped as an attribute'],
    ['the manager as an attribute', 'manager: manager.name', '16:9 manager is a reference to an account, not a text'],
  ])('is refused in Entra for %s', (_, line, expected) => {
    expect(told(flowOf(entra(`\n        ${line}`)))).toEqual([expected]);
  });

  it('is refused without what the target needs', () => {
    const bare = okta('')
      .replace(/ {8}email:.*\n {8}firstName:.*\n {8}lastName:.*\n/, '')
      .replace('attributes:', 'attributes: {}');
    expect(told(flowOf(bare))).toEqual([
      '12:7 Okta user needs email, and it is not mapped',
      '12:7 Okta user needs firstName, and it is not mapped',
      '12:7 Okta user needs lastName, and it is not mapped',
    ]);
    const entraBare = entra('', '')
      .replace(/ {8}displayName:.*\n {8}mailNickname:.*\n/, '')
      .replace('attributes:', 'attributes: {}');
    expect(told(flowOf(entraBare))).toEqual([
      '8:5 Entra user needs accountEnabled, and it is not mapped',
      '12:7 Entra user needs displayName, and it is not mapped',
      '12:7 Entra user needs mailNickname, and it is not mapped',
    ]);
    expect(told(flowOf(entraBare.replace('attribute: userPrincipalName', 'attribute: mail')))).toContain(
      '12:7 Entra user needs userPrincipalName, and it is not mapped',
    );
  });

  it('is refused for a reference to the manager where the target holds text', () => {
    const managed = '\n      manager: { workerKey: identity.managerKey }';
    expect(told(flowOf(okta('', managed)))).toEqual(['12:7 Okta user holds the manager as text']);
    expect(told(flowOf(entra('', `\n      enabled: 'true'${managed}`)))).toEqual([]);
  });

  it('takes a custom attribute that the connection declares', () => {
    const text = flowOf(okta('\n        badge: identity.costCenter'));
    expect(told(text)).toEqual(['16:9 Okta user has no attribute "badge"']);
    expect(told(text, [{ name: 'okta-main', kind: 'okta', writes: ['badge'] }])).toEqual([]);
  });

  it('tells two flaws of one flow together, in the order of the file', () => {
    const text = flowOf(okta('\n        title: identity.titel') + entra('\n        jobTitle: identity.jobTitle'), 'identity.titel == 1');
    expect(report(text).problems.map(({ line, code, path }) => `${line} ${code} ${path}`)).toEqual([
      '5 flow.expression_invalid scope',
      '16 flow.expression_invalid steps/0/account/attributes/title',
      '26 flow.expression_invalid steps/1/account/attributes/jobTitle',
    ]);
  });
});

describe('where an expression goes wrong', () => {
  it('is told inside quotes, and in a block of lines', () => {
    expect(told(flowOf(okta("\n        title: 'identity.titel'")))).toEqual(['16:26 there is no field "titel" in identity']);
    const block = `\n        title: |\n          default(identity.title,\n            identity.titel)`;
    expect(told(flowOf(okta(block)))).toEqual(['18:22 there is no field "titel" in identity']);
  });

  it('is told as the beginning of the value where quotes change the text', () => {
    expect(told(flowOf(okta("\n        title: 'default(identity.titel, ''x'')'")))).toEqual([
      '16:16 there is no field "titel" in identity',
    ]);
  });

  it('is nowhere for a document that was recorded', () => {
    const { flow } = parseFlow(flowOf(okta('\n        title: identity.titel')), 'f');
    const { problems } = checkFlow(recordedFlow(flow!.document), connections);
    expect(problems).toEqual([expect.objectContaining({ file: 'joiner', line: 0, column: 0, remedy: 'Did you mean title?' })]);
  });
});

describe('a flow', () => {
  it.each([
    ['a scope that is no condition', flowOf(okta(''), 'identity.department'), '5:8 it must give true or false, and gives a text'],
    ['a scope that differs by connection', flowOf(okta(''), "domain == 'x'"), '5:8 the scope reads domain, which differs by connection'],
    [
      'an unknown connection',
      flowOf('  - id: a\n    group: { connection: okta-mian, name: A }\n'),
      '8:26 there is no connection "okta-mian"',
    ],
    [
      'a connection that it cannot write to',
      flowOf('  - id: a\n    group: { connection: hr-main, name: A }\n'),
      '8:26 "hr-main" is of kind hr, which flows do not write to',
    ],
    [
      'two steps of one id',
      flowOf('  - id: a\n    group: { connection: okta-main, name: A }\n  - id: a\n    group: { connection: okta-main, name: B }\n'),
      '9:9 another step has the id "a"',
    ],
    [
      'two account steps of one connection',
      flowOf(okta('') + okta('').replace('id: okta', 'id: again')),
      '18:19 step "okta" maps the account of okta-main already',
    ],
    [
      'a group by name and by id',
      flowOf('  - id: a\n    group: { connection: okta-main, name: A, id: B }\n'),
      '8:12 it is named in more than one way',
    ],
    [
      'groups named by something that is no text',
      flowOf("  - id: a\n    group: { connection: okta-main, nameOf: 'size(login)' }\n"),
      '8:46 it must give a text or a list of texts, and gives a whole number',
    ],
    ['a group without either', flowOf("  - id: a\n    group: { connection: okta-main, when: 'true' }\n"), '8:12 it names nothing'],
    [
      'a condition of a step that is none',
      flowOf('  - id: a\n    group: { connection: okta-main, name: A, when: login }\n'),
      '8:52 it must give true or false, and gives a text',
    ],
    [
      'an Entra app that no group gives',
      flowOf('  - id: a\n    app: { connection: entra-main, name: A }\n'),
      expect.stringMatching(/^8:10 apps of entra-main are given through a group/),
    ],
  ])('is refused for %s', (_, text, expected) => {
    expect(told(text)).toEqual([expected]);
  });

  it('may assign an Entra app directly where the connection declares the privilege', () => {
    const text = flowOf('  - id: a\n    app: { connection: entra-main, name: A }\n');
    expect(told(text, [{ name: 'entra-main', kind: 'entra', directApps: true }])).toEqual([]);
  });

  it('says where another flow in force wants something else, and leaves its own older version aside', () => {
    const { flow } = parseFlow(flowOf(okta('\n        title: identity.title')), 'f');
    const mine = flow!.document;
    const other = { ...mine, flow: 'contractors', version: 4 };
    expect(checkFlow(flow!, connections, [mine, other]).overlaps).toEqual([]);
    const changed = parseFlow(flowOf(okta('\n        title: upper(identity.title)')), 'f').flow!.document;
    const { overlaps, problems } = checkFlow(flow!, connections, [changed, { ...changed, flow: 'contractors', version: 4 }]);
    expect(problems).toEqual([]);
    expect(overlaps).toEqual([
      { step: 'okta', connection: 'okta-main', field: 'title', other: { flow: 'contractors', version: 4, step: 'okta' } },
    ]);
  });
});
