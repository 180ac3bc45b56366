import { describe, expect, it } from '@jest/globals';
import { validateData } from '@muster/contracts';
import { identityCategory, type Identity, type IdentityEvent } from '@muster/identity';
import { publicState } from './public-state.ts';

const identityId = '6f1c2a34-5b6d-4e7f-8a90-1b2c3d4e5f60';
const at = { recordedAt: '2026-01-01T00:00:00Z', id: 'x' };
const fold = (...events: IdentityEvent[]): Identity =>
  events.reduce((state, event, revision) => identityCategory.evolve(state, { ...event, ...at, revision }), identityCategory.initial);

const created: IdentityEvent = {
  type: 'IdentityCreated',
  data: { identityId, source: { connection: 'hr', stream: 'worker-hr.1' } } as never,
};
const active: IdentityEvent = {
  type: 'IdentityLifecycleChanged',
  data: { identityId, state: 'active', startsOn: '2026-01-01', timeZone: 'UTC', cause: { stream: 'worker-hr.1', revision: 0 } } as never,
};
const named: IdentityEvent = {
  type: 'IdentityAttributesChanged',
  data: { identityId, attributes: { displayName: 'Ada' }, changed: ['displayName'], provenance: {} } as never,
};
const linked: IdentityEvent = {
  type: 'AccountLinked',
  data: { identityId, connection: 'okta', accountId: '00u1', by: 'created' } as never,
};

describe('what subscribers are shown of an identity', () => {
  it('is its latest state, valid under the contract', () => {
    const state = publicState(fold(created, active, named, linked));
    expect(state).toMatchObject({
      identityId,
      revision: 3,
      lifecycle: 'active',
      attributes: { displayName: 'Ada' },
      accounts: [{ connection: 'okta', accountId: '00u1' }],
    });
    expect(validateData('IdentityState', state)).toEqual([]);
  });

  it('is nothing before its lifecycle is known', () => {
    expect(publicState(fold(created))).toBeUndefined();
  });

  it('is a tombstone once the person is erased', () => {
    expect(publicState(fold(created, active, { type: 'IdentityErased', data: { identityId, erasure: 'e' } }))).toBe('erased');
  });
});
