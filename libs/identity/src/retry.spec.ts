import { describe, expect, it } from '@jest/globals';
import type { CommandEnded } from '@muster/contracts';
import { fold } from './category.ts';
import { planCategory } from './plan.ts';
import { askRetry, generationOf, type Provisioning, type ProvisioningEvent, retryCategory, type RetryEvent } from './provisioning.ts';
import { blockOf, commandOf, type WishContext } from './wish.ts';

const identityId = '7d1f3c52-9a44-5b0e-8f6d-2c1e0a9b7f31';
const wanted = {
  connection: 'okta-main',
  accountId: '00u1',
  action: 'set',
  field: 'email',
  value: 'ada@kestrel.example',
  lane: 'live',
  provenance: {},
} as const;

const ended = (more: Partial<CommandEnded> = {}): ProvisioningEvent => ({
  type: 'CommandEnded',
  data: {
    identityId,
    planId: identityId,
    commandId: 'first',
    connection: 'okta-main',
    object: { kind: 'account', id: '00u1' },
    action: 'set',
    field: 'email',
    valueHmac: 'hmac',
    generation: 0,
    result: 'refused',
    attempts: 1,
    probed: false,
    answeredAt: '2026-03-02T09:00:00.000Z',
    ...more,
  },
});

const asked = { identityId, commandId: 'first', connection: 'okta-main', action: 'set', field: 'email', askedBy: 'operator' } as const;

const after = (...events: (ProvisioningEvent | RetryEvent)[]): Provisioning =>
  fold(
    retryCategory,
    events.map((event, revision) => ({ ...event, id: String(revision), revision, recordedAt: '2026-03-02T09:00:00.000Z' })),
  );

const contextOf = (provisioning: Provisioning): WishContext => ({
  identityId,
  ids: { commandId: (parts) => parts.join(' '), caseId: (parts) => parts.join(' '), valueHmac: () => 'hmac' },
  provisioning,
  plan: planCategory.initial,
  retry: new Set(),
});

describe('a wish that was refused', () => {
  it('is not planned again by itself', () => {
    expect(blockOf(contextOf(after(ended())), wanted, 'hmac')).toMatchObject({ reason: 'refused-before', ref: 'first' });
  });

  it('is planned again as a new command when a person asks', () => {
    const provisioning = after(ended(), ...askRetry(asked)(after(ended())));
    expect(blockOf(contextOf(provisioning), wanted, 'hmac')).toBeUndefined();
    expect(generationOf(provisioning, wanted)).toBe(1);
    expect(commandOf(contextOf(provisioning), wanted)).toMatchObject({ generation: 1 });
    expect(commandOf(contextOf(provisioning), wanted).commandId).not.toBe('first');
  });

  it('waits again when it is refused again, until it is asked for that refusal', () => {
    const again = after(ended(), { type: 'RetryAsked', data: asked }, ended({ commandId: 'second', generation: 1 }));
    expect(blockOf(contextOf(again), wanted, 'hmac')).toMatchObject({ reason: 'refused-before', ref: 'second' });
    expect(askRetry(asked)(again)).toEqual([]);
    expect(askRetry({ ...asked, commandId: 'second' })(again)).toHaveLength(1);
  });

  it('is asked for once', () => {
    expect(askRetry(asked)(after(ended(), { type: 'RetryAsked', data: asked }))).toEqual([]);
  });
});

describe('a wish that ended otherwise', () => {
  it.each(['done', 'superseded', 'locked', 'case', 'unknown'] as const)(
    'as %s is not tried again on the ground of an old letter',
    (result) => {
      expect(askRetry(asked)(after(ended({ result })))).toEqual([]);
      expect(askRetry(asked)(after(ended(), ended({ commandId: 'second', result })))).toEqual([]);
    },
  );
});
