import { describe, expect, it } from '@jest/globals';
import type { FlowDocument } from '@muster/contracts';
import { compileFlow } from './compile-flow.ts';
import type { DecisionInput } from './decision-input.ts';
import { desiredState } from './desired-state.ts';
import { trace } from './trace.ts';

const document: FlowDocument = {
  flow: 'joiner',
  version: 1,
  title: 'Joiner',
  trigger: 'identity',
  scope: "identity.lifecycle == 'active' && identity.department in ['Sales', 'Legal']",
  steps: [
    {
      id: 'okta',
      account: {
        connection: 'okta-main',
        matchKey: { attribute: 'employeeNumber', value: 'identity.employeeNumber' },
        login: { attribute: 'login', value: "login + '@' + domain" },
        attributes: {
          title: 'identity.title',
          division: 'identity.division',
          costCenter: 'string(int(identity.department))',
          leaveDate: 'identity.department',
        },
      },
    },
    { id: 'group', group: { connection: 'okta-main', id: 'g1', when: "identity.department == 'Legal'" } },
  ],
};
const ref = { stream: 'identity-7', revision: 5 };
const inputFor = (attributes: DecisionInput['identity']['attributes']): DecisionInput => ({
  identity: { attributes: { employeeNumber: 'E7', ...attributes }, provenance: {}, ref },
  lifecycle: { value: 'active', ref },
  login: { value: 'zoe', ref },
  workers: [],
  flows: [compileFlow(document)],
  connections: [{ name: 'okta-main', kind: 'okta', domain: 'x.example' }],
});

describe('a trace', () => {
  const input = inputFor({ department: 'Sales', title: null });
  const traced = trace(input);

  it('decides as the decision does', () => {
    expect(traced.desired).toEqual(desiredState(input));
  });

  it('explains the scope part by part, with what it read', () => {
    expect(traced.flows[0]).toMatchObject({ flow: 'joiner', version: 1, inScope: true });
    expect(traced.flows[0]?.scope).toEqual([
      {
        field: 'scope',
        expression: "identity.lifecycle == 'active'",
        reads: { 'identity.lifecycle': 'active' },
        outcome: 'value',
        value: true,
      },
      {
        field: 'scope',
        expression: "identity.department in ['Sales', 'Legal']",
        reads: { 'identity.department': 'Sales' },
        outcome: 'value',
        value: true,
      },
    ]);
  });

  it('says which part keeps a person out, and evaluates no step', () => {
    const [flow] = trace(inputFor({ department: 'Finance' })).flows;
    expect(flow?.inScope).toBe(false);
    expect(flow?.scope.map((part) => 'value' in part && part.value)).toEqual([true, false]);
    expect(flow?.steps.map(({ expressions }) => expressions)).toEqual([[], []]);
    expect(trace(inputFor({})).flows[0]?.scope[1]).toMatchObject({ outcome: 'missing', reads: {} });
  });

  it('shows what each expression read and gave', () => {
    const shown = traced.flows[0]?.steps[0]?.expressions.map((one) => [
      one.field,
      one.outcome,
      'value' in one ? one.value : 'message' in one ? one.message : '',
      one.reads,
    ]);
    expect(shown).toEqual([
      ['enabled', 'value', true, {}],
      ['employeeNumber', 'value', 'E7', { 'identity.employeeNumber': 'E7' }],
      ['login', 'value', 'zoe@x.example', { login: 'zoe', domain: 'x.example' }],
      ['title', 'empty', '', { 'identity.title': null }],
      ['division', 'missing', '', {}],
      ['costCenter', 'failed', 'a text is not a whole number', { 'identity.department': 'Sales' }],
      ['leaveDate', 'value', 'Sales', { 'identity.department': 'Sales' }],
    ]);
    expect(traced.flows[0]?.steps[0]?.expressions.at(-1)?.notOffered).toMatch(/custom attribute/);
    expect(traced.flows[0]?.steps[1]?.expressions).toMatchObject([{ field: 'when', outcome: 'value', value: false }]);
  });
});
