import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkFlow, compileFlow, desiredState, parseFlow } from '../src/index.ts';
import type { DecisionInput, TargetConnection } from '../src/index.ts';

const load = (file: string) => parseFlow(readFileSync(join(import.meta.dirname, file), 'utf8'), file);
const leaver = load('leaver.flow.yaml');
const joiner = load('joiner.flow.yaml');
const connections: TargetConnection[] = [
  { name: 'okta-main', kind: 'okta', domain: 'x.example' },
  { name: 'entra-main', kind: 'entra', domain: 'x.example' },
];
const ref = { stream: 'identity-1', revision: 1 };
const stateIn = (lifecycle: DecisionInput['lifecycle']['value']) =>
  desiredState({
    identity: { attributes: { employeeNumber: 'E1' }, provenance: {}, ref },
    lifecycle: { value: lifecycle, ref },
    workers: [],
    flows: [compileFlow(leaver.flow!.document), compileFlow(joiner.flow!.document)],
    connections,
  });

describe('the leaver template', () => {
  it('loads without problems', () => {
    expect(leaver.problems).toEqual([]);
    expect(checkFlow(leaver.flow!, connections, [joiner.flow!.document])).toEqual({ problems: [], unmapped: [], overlaps: [] });
  });

  it('wants nothing to be held by a person who left, and says why', () => {
    expect(
      stateIn('left').connections.map(({ connection, account, entitlements, holdNothing }) => [
        connection,
        account?.enabled,
        entitlements,
        holdNothing?.flow,
      ]),
    ).toEqual([
      ['entra-main', false, [], 'leaver'],
      ['okta-main', false, [], 'leaver'],
    ]);
    expect(stateIn('left').problems).toEqual([]);
  });

  it.each(['preboarding', 'active', 'onLeave'] as const)('says nothing about a person who is %s', (lifecycle) => {
    expect(stateIn(lifecycle).connections.every(({ holdNothing }) => holdNothing === undefined)).toBe(true);
  });
});
