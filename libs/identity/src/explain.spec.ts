import { describe, expect, it } from '@jest/globals';
import { explain, type HistoryEvent } from './explain.ts';

const provenance = { flow: 'joiner', version: 3, step: 'okta', expression: 'identity.title' };
const command = {
  commandId: 'c1',
  connection: 'okta-main',
  object: { kind: 'account', id: '00u1' },
  action: 'set',
  field: 'title',
  value: 'Chief',
  valueHmac: 'h',
  generation: 0,
  lane: 'live',
  provenance: { title: provenance },
};
const grant = {
  ...command,
  commandId: 'c2',
  action: 'grant',
  field: undefined,
  value: true,
  entitlement: { kind: 'group', id: 'g1' },
  provenance: { entitlement: { ...provenance, step: 'crew' } },
};
const read = (second: number) => ({ readId: `r${second}`, kind: 'fetch', startedAt: `2026-03-02T09:00:${second}.000Z` });
const ended = { connection: 'okta-main', object: command.object, valueHmac: 'h', generation: 0, answeredAt: 'x', sentAt: 'x' };
const sight = (second: number, title: string) => ({
  connection: 'okta-main',
  accountId: '00u1',
  profile: { title },
  status: 'ACTIVE',
  enabled: true,
  aspects: ['profile'],
  read: read(second),
});

const facts: [stream: string, revision: number, type: string, data: object][] = [
  ['worker-hr-main.w', 0, 'WorkerRecorded', { connection: 'hr-main', record: {} }],
  [
    'identity-i',
    0,
    'IdentityAttributesChanged',
    {
      attributes: { title: 'Chief' },
      changed: ['title'],
      provenance: { title: { stream: 'worker-hr-main.w', revision: 0, field: 'title' } },
      losing: { title: [{ connection: 'okta-main', value: 'Boss' }] },
    },
  ],
  ['account-okta-main.00u1', 0, 'AccountObserved', sight(10, 'Writer')],
  ['plan-i', 0, 'PlanReleased', { planId: 'p1', commands: [command, grant], commandIds: ['c1', 'c2'], blocked: [] }],
  ['provisioning-i', 0, 'CommandSent', { ...ended, ...command, attempt: 1 }],
  ['provisioning-i', 1, 'CommandEnded', { ...ended, ...command, result: 'done', attempts: 2 }],
  ['provisioning-i', 2, 'CommandEnded', { ...ended, ...grant, result: 'refused', attempts: 1 }],
  ['account-okta-main.00u1', 1, 'AccountObserved', sight(20, 'Chief')],
  ['account-okta-main.00u1', 2, 'AccountObserved', sight(30, 'Chief')],
  [
    'plan-i',
    1,
    'PlanReleased',
    {
      planId: 'p2',
      commands: [],
      commandIds: [],
      blocked: [{ connection: 'okta-main', what: 'group:g1', reason: 'refused-before', message: 'no' }],
    },
  ],
];
const history: HistoryEvent[] = facts.map(([stream, revision, type, data], index) => ({
  id: `e${index}`,
  stream,
  revision,
  type,
  data,
  recordedAt: '2026-03-02T09:01:00.000Z',
}));

const cited = (value: unknown): string[] => {
  if (typeof value !== 'object' || value === null) return [];
  const own = 'id' in value && 'recordedAt' in value ? [String(value.id)] : [];
  return [...own, ...Object.values(value).flatMap(cited)];
};

describe('explaining an attribute', () => {
  const explanation = explain(history, { attribute: 'title' });

  it('leads from the record over decision, flow, plan and attempts to the read that saw it', () => {
    expect(explanation.canonical).toMatchObject({
      value: 'Chief',
      record: { id: 'e0', field: 'title' },
      decided: { id: 'e1' },
      losing: [{ connection: 'okta-main', value: 'Boss' }],
    });
    expect(explanation.targets).toMatchObject([
      {
        connection: 'okta-main',
        what: 'title',
        wanted: { value: 'Chief', commandId: 'c1', provenance, plan: { id: 'e3' } },
        attempts: [
          { id: 'e4', result: 'answer-lost', attempts: 1 },
          { id: 'e5', result: 'done', attempts: 2 },
        ],
        seen: { id: 'e7', value: 'Chief', readId: 'r20' },
      },
    ]);
  });

  it('cites only events that are in the store', () => {
    const ids = new Set(history.map(({ id }) => id));
    expect(cited(explanation).length).toBeGreaterThan(4);
    expect(cited(explanation).filter((id) => !ids.has(id))).toEqual([]);
  });
});

describe('explaining an entitlement', () => {
  it('says what became of it, and why it is not tried again', () => {
    const [target] = explain(history, { connection: 'okta-main', entitlement: { kind: 'group', id: 'g1' } }).targets;
    expect(target).toMatchObject({
      what: 'group:g1',
      wanted: { plan: { id: 'e3' } },
      attempts: [{ id: 'e6', result: 'refused' }],
      blocked: { reason: 'refused-before', plan: { id: 'e9' } },
    });
    expect(target?.seen).toBeUndefined();
  });
});
