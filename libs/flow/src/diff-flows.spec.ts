import { expect, it } from '@jest/globals';
import type { FlowDocument } from '@muster/contracts';
import { diffFlows } from './diff-flows.ts';

const base: FlowDocument = {
  flow: 'joiner',
  version: 1,
  title: 'Joiner',
  trigger: 'identity',
  scope: 'true',
  steps: [
    { id: 'a', group: { connection: 'okta-main', name: 'A' } },
    { id: 'b', group: { connection: 'okta-main', name: 'B' } },
  ],
};

it('finds no change between a flow and itself, nor when only the order of steps differs', () => {
  expect(diffFlows(base, { ...base, steps: base.steps.toReversed() })).toEqual([]);
});

it('names what was changed, added and removed', () => {
  const after: FlowDocument = {
    ...base,
    version: 2,
    scope: 'false',
    steps: [
      { id: 'a', group: { connection: 'okta-main', name: 'A2' } },
      { id: 'c', none: { connection: 'okta-main' } },
    ],
  };
  expect(diffFlows(base, after)).toEqual([
    { path: 'scope', before: 'true', after: 'false' },
    { path: 'steps/a/group/name', before: 'A', after: 'A2' },
    { path: 'steps/b/group/connection', before: 'okta-main' },
    { path: 'steps/b/group/name', before: 'B' },
    { path: 'steps/c/none/connection', after: 'okta-main' },
    { path: 'version', before: 1, after: 2 },
  ]);
});
