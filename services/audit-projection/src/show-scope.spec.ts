import { describe, expect, it } from '@jest/globals';
import type { FlowDocument } from '@muster/contracts';
import { compileFlow } from '@muster/flow';
import { scopeOf } from './show-scope.ts';
import { Hire } from './testing/hire.ts';
import { stored } from './testing/stored.ts';

const AT = '2026-03-02T08:00:00.000Z';
const ada = new Hire(1);
const history = stored([ada.stated('Engineer', '2026-03-02', 1), ...ada.joined('Engineer', AT)]);

const flow = (scope: string, when?: string) =>
  compileFlow({
    flow: 'joiner',
    version: 3,
    scope,
    steps: [
      { id: 'staff', group: { connection: 'okta-main', name: 'Staff' } },
      { id: 'engineers', group: { connection: 'okta-main', name: 'Engineering', ...(when === undefined ? {} : { when }) } },
    ],
  } as unknown as FlowDocument);

describe('the scope of a flow, for one person', () => {
  it('is told condition by condition, with what each of them read and whether it holds', () => {
    const [shown] = scopeOf(history, [flow("identity.title == 'Engineer' && identity.lifecycle == 'left'")], AT);
    expect(shown).toMatchObject({ flow: 'joiner', version: 3, inScope: false });
    expect(shown?.scope).toEqual([
      { expression: "identity.title == 'Engineer'", holds: true, outcome: 'value', reads: { 'identity.title': 'Engineer' } },
      { expression: "identity.lifecycle == 'left'", holds: false, outcome: 'value', reads: { 'identity.lifecycle': 'active' } },
    ]);
    expect(shown?.steps).toEqual([]);
  });

  it('is told of each step too: by the condition of its own that holds or does not, or that it has none', () => {
    const inScope = "identity.lifecycle == 'active'";
    const stepsWith = (when: string) => scopeOf(history, [flow(inScope, when)], AT)[0]?.steps;
    expect(stepsWith("identity.title == 'Manager'")).toEqual([
      { step: 'staff', kind: 'group', connection: 'okta-main', applies: true },
      {
        step: 'engineers',
        kind: 'group',
        connection: 'okta-main',
        applies: false,
        when: { expression: "identity.title == 'Manager'", holds: false, outcome: 'value', reads: { 'identity.title': 'Engineer' } },
      },
    ]);
    expect(stepsWith("identity.title == 'Engineer'")?.map(({ applies }) => applies)).toEqual([true, true]);
  });

  it('is out where something that a condition reads is not there, and says so', () => {
    const [shown] = scopeOf(history, [flow("identity.costCenter == '7'")], AT);
    expect([shown?.inScope, shown?.scope]).toEqual([
      false,
      [{ expression: "identity.costCenter == '7'", holds: false, outcome: 'missing', reads: {} }],
    ]);
  });

  it('is told of nobody who is not known', () => {
    expect(scopeOf([], [flow("identity.title == 'Engineer'")], AT)).toEqual([]);
  });
});
