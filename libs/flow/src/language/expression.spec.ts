import { describe, expect, it } from '@jest/globals';
import type { WorkerRecord } from '@muster/contracts';
import { canonicalAttributes } from '@muster/identity';
import fc from 'fast-check';
import { compileExpression, type Expression } from './expression.ts';
import { Facts } from './facts.ts';
import { Failed } from './stops.ts';
import { viewTypes } from './views.ts';

const record: WorkerRecord = {
  schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
  externalId: 'E7',
  name: { givenName: 'Zoë', familyName: 'Müller', middleName: null },
  title: '',
  emails: [
    { value: 'zoe@home.example', type: 'home' },
    { value: 'zoe@work.example', type: 'work' },
  ],
  phoneNumbers: [{ value: '+49 1', primary: true }],
  addresses: [{ type: 'work', locality: 'Berlin', country: 'DE' }],
  'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User': { department: 'Sales', manager: null },
  'urn:muster:scim:schemas:extension:worker:1.0:User': {
    hireDate: '2026-12-01',
    status: 'active',
    apps: [{ app: 'Figma', assignedBy: 'hr' }],
  },
};
const attributes = { givenName: 'Zoë', familyName: 'Müller', department: 'Sales', title: null, costCenter: '' };
const person = { identity: Facts.identityView(attributes, 'active'), record, login: 'zoe.mueller' };
const facts = new Facts(person, { employeeNumber: 'E1', name: 'Ann' }, 'work.example');

const compiled = (text: string): Expression => {
  const result = compileExpression(text);
  if ('flaws' in result) throw new Error(`${text}: ${JSON.stringify(result.flaws)}`);
  return result.expression;
};
const value = (text: string, over: Facts = facts) => compiled(text).evaluate(over);
const flaw = (text: string) => {
  const result = compileExpression(text);
  return 'flaws' in result ? result.flaws[0] : undefined;
};

describe('an expression', () => {
  it.each([
    ['identity.givenName', 'Zoë'],
    ["login + '@' + domain", 'zoe.mueller@work.example'],
    ['worker.externalId', 'E7'],
    ['worker.enterprise.department', 'Sales'],
    ['worker.work.status', 'active'],
    ['manager.name', 'Ann'],
    ["primary(worker.emails, 'work')", 'zoe@work.example'],
    ["primary(worker.phoneNumbers, 'work')", '+49 1'],
    ["primary(worker.addresses, 'work').locality", 'Berlin'],
    ['lower(identity.familyName)', 'müller'],
    ["upper('de')", 'DE'],
    ["trim(' x ')", 'x'],
    ['lower(ascii(identity.familyName))', 'muller'],
    ["join(worker.emails.map(e, e.value), ';')", 'zoe@home.example;zoe@work.example'],
    ["worker.emails.map(e, e.value).join(';')", 'zoe@home.example;zoe@work.example'],
    ["replace('a-b-c', '-', '.')", 'a.b.c'],
    ["'a-b'.split('-')", ['a', 'b']],
    ["identity.givenName.matches('^Z.*')", true],
    ["matches(identity.givenName, '^Y')", false],
    ["worker.work.apps.exists(a, a.app == 'Figma')", true],
    ["identity.department in ['Sales', 'Legal']", true],
    ["size('abc') + 1", 4],
    ["int('12')", 12],
    ["[identity.givenName, 'x']", ['Zoë', 'x']],
  ])('%s gives %j', (text, expected) => {
    expect(value(text)).toEqual(expected);
  });

  it('knows every canonical attribute', () => {
    expect(Object.keys(viewTypes.Identity).toSorted()).toEqual(['lifecycle', ...canonicalAttributes].toSorted());
  });

  it('gives the same again for the same facts, and is compiled once', () => {
    expect(compileExpression('login + domain')).toBe(compileExpression('login + domain'));
    expect(value("login + '@' + domain")).toBe(value("login + '@' + domain"));
  });

  it('names everything that it may read', () => {
    const { reads } = compiled(
      "has(identity.title) ? identity.title : default(manager.name, worker.emails.map(e, e.value + login).join(''))",
    );
    expect(reads.map((path) => path.join('.')).toSorted()).toEqual(['identity.title', 'login', 'manager.name', 'worker.emails']);
  });
});

describe('what is not there', () => {
  it.each(['identity.title', 'identity.costCenter', "identity.title + 'x'", 'worker.name.middleName', 'worker.enterprise.manager.value'])(
    '%s is null, because it was stated as empty',
    (text) => {
      expect(value(text)).toBeNull();
    },
  );

  it.each(['identity.division', 'lower(identity.division)', '[identity.division]', 'worker.work.leaveDate', 'worker.displayName'])(
    '%s gives nothing, because it was never stated',
    (text) => {
      expect(value(text)).toBeUndefined();
    },
  );

  it('is null for a list that is stated and lacks the entry', () => {
    expect(value("primary(worker.phoneNumbers, 'mobile')")).toBeNull();
  });

  it('gives nothing when one field is missing and another is empty', () => {
    expect(value('identity.title + identity.division')).toBeUndefined();
  });

  it('tells a person without manager from one whose manager is not known', () => {
    expect(value('manager.name', new Facts(person, null, undefined))).toBeNull();
    expect(value('manager.name', new Facts(person, undefined, undefined))).toBeUndefined();
    expect(value('login', new Facts({ identity: person.identity }, undefined, undefined))).toBeUndefined();
  });

  it.each([
    ["default(identity.title, 'none')", 'none'],
    ["default(identity.division, 'none')", 'none'],
    ["default(identity.givenName, 'none')", 'Zoë'],
    ["default(primary(worker.phoneNumbers, 'mobile'), 'none')", 'none'],
    ["default(identity.division, default(identity.title, 'last'))", 'last'],
    ["default(lower(identity.division), 'none')", 'none'],
    ["worker.emails.map(e, default(e.type, 'x')).join(',')", 'home,work'],
    ['has(identity.title)', false],
    ['has(identity.costCenter)', false],
    ['has(identity.division)', false],
    ['has(identity.givenName)', true],
    ['has(manager.hasAccount)', false],
    ["identity.department == 'Sales' || identity.division == 'x'", true],
    ["identity.department == 'Legal' && identity.division == 'x'", false],
  ])('%s gives %j', (text, expected) => {
    expect(value(text)).toBe(expected);
  });

  it.each([
    ["identity.department == 'Sales' ? identity.title : 'x'", null],
    ["identity.department == 'Sales' ? identity.division : 'x'", undefined],
    ["identity.department == 'Legal' ? identity.division : 'x'", 'x'],
  ])('%s depends on the branch that is taken', (text, expected) => {
    expect(value(text)).toBe(expected);
  });
});

describe('an evaluation that fails', () => {
  it.each([
    ['worker.emails[7].value', 'a list has no element at that place'],
    ["1 / size('')", 'it divides by zero'],
    ['int(identity.givenName)', 'a text is not a whole number'],
    ['identity.givenName.substring(99)', 'a position lies outside of the text'],
    ["worker.emails.map(e, e.value + e.value)[0].matches('a') && int(login) > 0", 'a text is not a whole number'],
  ])('%s is told in words', (text, message) => {
    expect(value(text)).toEqual(new Failed(message));
  });

  it('never quotes a value', () => {
    const secret = 'canary-7731';
    const over = new Facts({ identity: Facts.identityView({ title: secret }, 'active') }, undefined, undefined);
    for (const text of ['int(identity.title)', 'double(identity.title)', 'bool(identity.title)', 'identity.title.substring(99)']) {
      const result = value(text, over);
      expect(result).toBeInstanceOf(Failed);
      expect((result as Failed).message).not.toContain(secret);
    }
  });

  it('does not give more than an attribute can hold', () => {
    const long = new Facts({ identity: Facts.identityView({ title: 'x'.repeat(8000) }, 'active') }, undefined, undefined);
    expect(value('identity.title + identity.title', long)).toEqual(new Failed('it gives a text of more than 8192 characters'));
    const doubled = Array.from({ length: 20 }, () => 'identity.title').join(', ');
    expect(value(`[${doubled}].join('')`, long)).toEqual(new Failed('a text of more than 65536 characters was made'));
    expect(value("replace(identity.title, 'x', 'yyyyyyyyyyyyyyyy')", long)).toBeInstanceOf(Failed);
    expect(value("identity.title.split('').join('')", long)).toBeInstanceOf(Failed);
  });
});

describe('the check of an expression', () => {
  it.each([
    ['identity.titel', 'there is no field "titel" in identity', 'Did you mean title?', 9],
    ['worker.nmae.givenName', 'there is no field "nmae" in worker', 'Did you mean name?', 7],
    ['identiti.title', 'there is no variable "identiti"', 'Did you mean identity?', 0],
    ["lowre('x')", 'there is no function "lowre" in the mapping language', 'Did you mean lower()?', 0],
    ['identity.title + 5', 'no such overload: string + int', 'Use values of matching types; string() and int() convert.', 0],
    ['identity.title == 5', 'no such overload: string == int', 'Use values of matching types; string() and int() convert.', 0],
    ["true ? 'a' : 1", "Ternary branches must have the same type, got 'string' and 'int'", 'Give both branches the same type.', 0],
    [
      'default(login, 1)',
      "Both values of default() must have the same type, got 'string' and 'int'",
      'Give both values the same type.',
      15,
    ],
    ['login +', 'Unexpected token: EOF', 'Correct the expression.', 7],
  ])('%s is refused: %s', (text, message, remedy, offset) => {
    expect(flaw(text)).toEqual({ message, remedy, offset });
  });

  it('tells all unknown functions at once', () => {
    const result = compileExpression('foo(1) + bar(2)');
    expect('flaws' in result && result.flaws.map(({ offset }) => offset)).toEqual([0, 9]);
  });

  it.each([
    "timestamp('2020-01-01T00:00:00Z')",
    "duration('1s')",
    'now()',
    'random()',
    'dyn(login)',
    'type(login)',
    "bytes('x')",
    "b'x'",
    '1u',
    "{'a': 1}",
    'cel.bind(x, login, x)',
    'login.charAt(0)',
    "'x'.getFullYear()",
  ])('%s is not part of the language: nothing may read a clock, the machine or types at run time', (text) => {
    expect(flaw(text)).toBeDefined();
  });

  it.each([
    ['too long', `'${'x'.repeat(4001)}'`],
    ['too deep', `${'('.repeat(40)}login${')'.repeat(40)}`],
    ['too many parts', Array.from({ length: 300 }, () => 'login').join('+')],
    ['three levels of lists', 'worker.emails.exists(a, worker.emails.exists(b, worker.emails.exists(c, true)))'],
    [
      'too many steps',
      `worker.emails.all(a, worker.emails.all(b, ${Array.from({ length: 20 }, () => 'a.value != b.value').join(' && ')}))`,
    ],
    ['lists of lists', 'worker.emails.map(a, worker.emails.map(b, b.value))'],
    ['an element named like a variable', "worker.emails.map(identity, 'x')"],
  ])('refuses %s', (_, text) => {
    expect(flaw(text)).toBeDefined();
  });

  it('allows two levels of lists', () => {
    expect(value('worker.emails.exists(a, worker.phoneNumbers.exists(b, a.value != b.value))')).toBe(true);
  });
});

describe('any text as an expression', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      'identity',
      'worker',
      '.',
      'title',
      'emails',
      'manager',
      '(',
      ')',
      '[',
      ']',
      "'a'",
      '1',
      '+',
      '==',
      '&&',
      '?',
      ':',
      ',',
      ' ',
    ),
    fc.constantFrom(
      'default',
      'has',
      'primary',
      'lower',
      'join',
      '.map(e, e.value)',
      '.exists(e, true)',
      '.matches(',
      '!',
      '-',
      'null',
      'true',
    ),
    fc.string({ maxLength: 3 }),
  );
  const text = fc.array(piece, { maxLength: 14 }).map((pieces) => pieces.join(''));

  it('is compiled or refused, and evaluated without a throw', () => {
    fc.assert(
      fc.property(text, (one) => {
        const result = compileExpression(one);
        if ('flaws' in result) return result.flaws.length > 0 && result.flaws.every(({ message, offset }) => message !== '' && offset >= 0);
        const first = result.expression.evaluate(facts);
        expect(result.expression.evaluate(facts)).toEqual(first);
        return true;
      }),
      { numRuns: 2000 },
    );
  });
});
