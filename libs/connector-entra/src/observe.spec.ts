import { describe, expect, it } from '@jest/globals';
import { validateData } from '@muster/contracts';
import { assignment, observeApp, observeGroup, observeUser } from './observe.ts';
import { hintsOf } from './hints.ts';

const sight = { connection: 'entra-main', attributes: ['displayName', 'usageLocation'], profiles: true };
const user = {
  id: 'u1',
  accountEnabled: true,
  createdDateTime: '2026-01-05T08:00:00Z',
  displayName: 'Ann',
  usageLocation: null,
  manager: { id: 'u2', '@odata.type': '#microsoft.graph.user' },
};

describe('a user of Entra', () => {
  it('is observed with profile, state and manager', () => {
    expect(observeUser(sight, user)).toEqual({
      connection: 'entra-main',
      accountId: 'u1',
      profile: { displayName: 'Ann', usageLocation: null },
      status: 'enabled',
      enabled: true,
      managerAccountId: 'u2',
      createdAt: '2026-01-05T08:00:00.000Z',
      aspects: ['profile', 'status', 'manager'],
    });
    expect(observeUser(sight, { ...user, manager: undefined, accountEnabled: false })).toMatchObject({
      managerAccountId: null,
      enabled: false,
      status: 'disabled',
    });
  });

  it('of whom the token may see no profile is given without any aspect, so nulls are no facts', () => {
    const seen = observeUser({ ...sight, profiles: false }, { ...user, accountEnabled: null, displayName: null });
    expect(seen).toMatchObject({ accountId: 'u1', aspects: [], profile: {} });
    expect(seen).not.toHaveProperty('managerAccountId');
  });

  it('without a state, though profiles may be seen, cannot be read', () => {
    expect(observeUser(sight, { ...user, accountEnabled: null })).toBeUndefined();
  });

  it('mastered on premises is writable only where the cloud masters', () => {
    expect(observeUser(sight, { ...user, onPremisesSyncEnabled: true })).toMatchObject({
      masteredBy: 'ACTIVE_DIRECTORY',
      notWritable: ['displayName', 'manager'],
    });
  });
});

describe('a group of Entra', () => {
  const group = (more: object) =>
    observeGroup('entra-main', { id: 'g1', displayName: 'Sales', groupTypes: [], securityEnabled: true, mailEnabled: false, ...more });

  it.each([
    [{}, 'security', true],
    [{ groupTypes: ['Unified'], mailEnabled: true }, 'microsoft365', true],
    [{ groupTypes: ['DynamicMembership'] }, 'dynamic', false],
    [{ mailEnabled: true }, 'mailEnabledSecurity', false],
    [{ mailEnabled: true, securityEnabled: false }, 'distribution', false],
    [{ onPremisesSyncEnabled: true }, 'security', false],
    [{ isAssignableToRole: true }, 'security', false],
  ])('%j is of kind %s and takes members: %s', (more, groupKind, writable) => {
    expect(group(more)).toMatchObject({ groupKind, writable });
  });
});

describe('an app of Entra', () => {
  it('is a service principal with its roles', () => {
    expect(
      observeApp('entra-main', { id: 's1', displayName: 'Payroll', appRoles: [{ id: 'r1', value: 'User' }, { broken: true }] }),
    ).toEqual({
      connection: 'entra-main',
      appId: 's1',
      name: 'Payroll',
      status: 'enabled',
      roles: [{ id: 'r1', value: 'User', name: null }],
    });
  });

  it('is held by whom Graph names as principal; what a group holds is not its members own', () => {
    const asked = { kind: 'account', id: 'u1' } as const;
    const app = { kind: 'app', id: 's1' };
    expect(assignment('e', asked, { principalId: 'u1', principalType: 'User', resourceId: 's1' })).toEqual([
      { connection: 'e', holder: asked, entitlement: app, via: 'direct' },
    ]);
    expect(assignment('e', asked, { principalId: 'g1', principalType: 'Group', resourceId: 's1' })).toEqual([]);
    expect(assignment('e', undefined, { principalId: 'g1', principalType: 'Group', resourceId: 's1' })?.[0]).toMatchObject({
      holder: { kind: 'group', id: 'g1' },
      via: 'direct',
    });
    expect(assignment('e', undefined, { principalId: 'p1', principalType: 'ServicePrincipal', resourceId: 's1' })).toEqual([]);
    expect(assignment('e', undefined, {})).toBeUndefined();
  });
});

describe('an item of a delta round', () => {
  it('hints at the object, and at each member that came or went', () => {
    expect(hintsOf('account', { id: 'u1', city: 'Gdynia' })).toEqual([
      { object: { kind: 'account', id: 'u1' }, reason: 'account changed', aspects: ['profile', 'status', 'manager'], event: 'account u1' },
    ]);
    // Whoever was made or came back may hold anything.
    expect(hintsOf('account', { id: 'u1', userPrincipalName: 'ada@kestrel.example' })).toEqual([
      { object: { kind: 'account', id: 'u1' }, reason: 'account changed', event: 'account u1' },
    ]);
    const members = [
      { '@odata.type': '#microsoft.graph.user', id: 'u1' },
      { '@odata.type': '#microsoft.graph.group', id: 'g2', '@removed': { reason: 'deleted' } },
      { '@odata.type': '#microsoft.graph.device', id: 'd1' },
    ];
    expect(hintsOf('group', { id: 'g1', 'members@delta': members })).toEqual([
      {
        object: { kind: 'account', id: 'u1' },
        reason: 'member added',
        aspects: ['groups'],
        about: { kind: 'group', id: 'g1' },
        event: 'group g1',
      },
      {
        object: { kind: 'group', id: 'g2' },
        reason: 'member removed',
        aspects: ['groups'],
        about: { kind: 'group', id: 'g1' },
        event: 'group g1',
      },
    ]);
  });

  it('is a positive sign of deletion only when it says so', () => {
    expect(hintsOf('account', { id: 'u1', '@removed': { reason: 'changed' } })).toEqual([
      expect.objectContaining({ deleted: 'removed', restorable: true }),
    ]);
    expect(hintsOf('account', { id: 'u1', '@removed': { reason: 'deleted' } })).toEqual([
      expect.objectContaining({ deleted: 'removed', restorable: false }),
    ]);
    expect(hintsOf('account', {})).toEqual([]);
  });
});

describe('what is observed', () => {
  const read = { readId: 'r1', kind: 'fetch', startedAt: '2026-01-05T08:00:00.000Z' };

  it('is valid data of the events that record it', () => {
    const group = { id: 'g1', displayName: 'Sales', groupTypes: ['DynamicMembership'] };
    const app = { id: 's1', displayName: 'Payroll', appRoles: [{ id: 'r1' }] };
    const [holding] = assignment('entra-main', undefined, { principalId: 'g1', principalType: 'Group', resourceId: 's1' }) ?? [];
    expect(validateData('AccountObserved', { ...observeUser(sight, { ...user, onPremisesSyncEnabled: true }), read })).toEqual([]);
    expect(validateData('GroupObserved', { ...observeGroup('entra-main', group), read })).toEqual([]);
    expect(validateData('AppObserved', { ...observeApp('entra-main', app), read })).toEqual([]);
    expect(validateData('EntitlementObserved', { ...holding, read })).toEqual([]);
  });
});
