import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseFlow } from './parse-flow.ts';

const head = `flow: joiner
version: 1
title: Joiner
trigger: identity
scope: identity.lifecycle == 'active'
`;
const flowOf = (steps: string): string => `${head}steps:\n${steps}`;
const problems = (text: string, parameters?: Record<string, string>) => parseFlow(text, 'joiner.flow.yaml', parameters).problems;
const places = (text: string) => problems(text).map(({ line, column, message }) => `${line}:${column} ${message}`);

describe('a flow file', () => {
  it('becomes a document', () => {
    const parsed = parseFlow(flowOf('  - id: all\n    group: { connection: okta-main, name: All staff }\n'), 'joiner.flow.yaml');
    expect(parsed.problems).toEqual([]);
    expect(parsed.flow?.document).toEqual({
      flow: 'joiner',
      version: 1,
      title: 'Joiner',
      trigger: 'identity',
      scope: "identity.lifecycle == 'active'",
      steps: [{ id: 'all', group: { connection: 'okta-main', name: 'All staff' } }],
    });
  });

  it('is refused for an unknown key, at the key', () => {
    const text = flowOf('  - id: all\n    group:\n      connection: okta-main\n      nmae: All staff\n');
    expect(problems(text)).toEqual([
      {
        code: 'flow.invalid',
        file: 'joiner.flow.yaml',
        line: 10,
        column: 7,
        path: 'steps/0/group/nmae',
        message: 'unknown key "nmae"',
        remedy: 'Correct its name, or leave it out.',
      },
    ]);
  });

  it('tells every problem at once, in the order of the file', () => {
    const text = `flow: Joiner!
version: one
titel: Joiner
trigger: identity
scope: 'true'
steps:
  - id: nothing
  - id: both
    group: { connection: okta-main, name: A }
    app: { connection: okta-main, name: B }
  - id: account
    account:
      connection: okta-main
      login: { attribute: login, value: login }
      attributes:
        title: { value: identity.title, mode: sometimes }
`;
    expect(places(text)).toEqual([
      '1:1 "title" is missing',
      expect.stringMatching(/^1:7 expected text that matches/),
      '2:10 expected an integer, found a string',
      '3:1 unknown key "titel"',
      '7:5 a step says nothing',
      '8:5 a step says more than one thing',
      '13:7 "matchKey" is missing',
      '16:47 expected one of always, onCreate, defaultIfEmpty, clearIfEmpty, found a string',
    ]);
  });

  it.each([
    ['a key that stands twice', 'flow: a\nflow: b\n', 2],
    ['broken YAML', 'flow: [\nversion', 2],
    ['an alias', 'flow: &a joiner\ntitle: *a\n', 1],
    ['two documents', `${head}---\nflow: b\n`, 6],
    ['text that is no document', 'just text', 1],
    ['nothing', '', 1],
  ])('is refused for %s', (_, text, line) => {
    const [first] = problems(text);
    expect(first?.line).toBe(line);
    expect(first?.remedy).not.toBe('');
  });

  it('is read or refused, whatever it holds', () => {
    const words = [
      'flow',
      'version',
      'steps',
      'scope',
      'parameters',
      'account',
      ':',
      ': ',
      '\n',
      '\n  ',
      '- ',
      '{',
      '}',
      '[',
      ']',
      '"',
      "'",
      '|',
      '&a',
      '*a',
      '${a}',
    ];
    const text = fc.array(fc.oneof(fc.constantFrom(...words), fc.string({ maxLength: 4 })), { maxLength: 30 });
    fc.assert(
      fc.property(text, (pieces) => {
        const { flow, problems: found } = parseFlow(pieces.join(''), 'f', { a: 'b' });
        return (flow === undefined) !== (found.length === 0) && found.every(({ line }) => line >= 1);
      }),
      { numRuns: 1000 },
    );
  });

  it('is refused when it is larger than any flow', () => {
    expect(places(`${head}# ${'x'.repeat(300_000)}`)).toEqual(['1:1 the file is larger than 262144 characters']);
  });
});

describe('a template', () => {
  const template = `parameters:
  okta: { title: Connection, default: okta-main }
  group: { title: Group, default: All staff }
${flowOf("  - id: all\n    group: { connection: '${okta}', name: '${group}' }\n")}`;
  const group = (parameters?: Record<string, string>) => parseFlow(template, 'joiner.flow.yaml', parameters).flow?.document.steps[0]?.group;

  it('takes its defaults', () => {
    expect(group()).toEqual({ connection: 'okta-main', name: 'All staff' });
  });

  it('takes what is given, and leaves nothing of its parameters in the document', () => {
    expect(group({ group: 'Crew' })).toEqual({ connection: 'okta-main', name: 'Crew' });
    expect(parseFlow(template, 'f').flow?.document).not.toHaveProperty('parameters');
  });

  it('is refused for a parameter that it does not have, uses undeclared, or declares without default', () => {
    expect(problems(template, { grop: 'x' }).map(({ message }) => message)).toEqual(['the template has no parameter "grop"']);
    expect(problems(template.replace('${group}', '${crew}')).map(({ message }) => message)).toEqual([
      'the parameter "crew" is used and not declared',
    ]);
    expect(problems(template.replace(', default: All staff', '')).map(({ line, message }) => `${line} ${message}`)).toContain(
      '3 a parameter has no default',
    );
  });
});
