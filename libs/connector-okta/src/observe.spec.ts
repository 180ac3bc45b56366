import { describe, expect, it } from '@jest/globals';
import { validateData } from '@muster/contracts';
import { appUser, observeApp, observeGroup, observeUser } from './observe.ts';

const user = {
  id: '00u1',
  status: 'ACTIVE',
  created: '2026-01-05T08:00:00.000Z',
  lastUpdated: '2026-01-06T08:00:00Z',
  profile: { login: 'ann@example.com', department: 'Sales', shoeSize: 38, tags: ['a'] },
  credentials: { provider: { type: 'OKTA', name: 'OKTA' } },
  brandNew: { of: 'unknown shape' },
};

describe('a user of Okta', () => {
  it('is observed with the attributes asked for; one without a value is null', () => {
    expect(observeUser('okta-main', ['login', 'department', 'title'], user)).toEqual({
      connection: 'okta-main',
      accountId: '00u1',
      profile: { login: 'ann@example.com', department: 'Sales', title: null },
      status: 'ACTIVE',
      enabled: true,
      createdAt: '2026-01-05T08:00:00.000Z',
      changedAt: '2026-01-06T08:00:00.000Z',
      aspects: ['profile', 'status'],
    });
  });

  it.each([
    ['ACTIVE', true],
    ['PROVISIONED', true],
    ['RECOVERY', true],
    ['PASSWORD_EXPIRED', true],
    ['LOCKED_OUT', true],
    ['STAGED', false],
    ['SUSPENDED', false],
    ['DEPROVISIONED', false],
  ])('in state %s is enabled: %s', (status, enabled) => {
    expect(observeUser('okta-main', [], { ...user, status })).toMatchObject({ status, enabled });
  });

  it('in a state that is not known says nothing about being enabled', () => {
    expect(observeUser('okta-main', [], { ...user, status: 'SOMETHING_NEW' })).toMatchObject({ aspects: ['profile'] });
  });

  it('on the way to another state says nothing about being enabled', () => {
    expect(observeUser('okta-main', [], { ...user, transitioningToStatus: 'DEPROVISIONED' })).toMatchObject({ aspects: ['profile'] });
    expect(observeUser('okta-main', [], { ...user, transitioningToStatus: null })).toMatchObject({ aspects: ['profile', 'status'] });
  });

  it('whose profile a directory masters is not writable', () => {
    const mastered = { ...user, credentials: { provider: { type: 'ACTIVE_DIRECTORY' } } };
    expect(observeUser('okta-main', ['login', 'title'], mastered)).toMatchObject({
      masteredBy: 'ACTIVE_DIRECTORY',
      notWritable: ['login', 'title'],
    });
  });

  it('without id, state or profile cannot be read', () => {
    for (const broken of [
      { ...user, id: undefined },
      { ...user, status: 7 },
      { ...user, profile: null },
    ]) {
      expect(observeUser('okta-main', [], broken)).toBeUndefined();
    }
  });
});

describe('a group of Okta', () => {
  it('takes members unless an app or Okta keeps it', () => {
    const group = (type: string) => observeGroup('okta-main', { id: '00g1', type, profile: { name: 'Sales', costCentre: '42' } });
    expect(group('OKTA_GROUP')).toMatchObject({ name: 'Sales', writable: true, profile: { costCentre: '42' } });
    for (const type of ['APP_GROUP', 'BUILT_IN', 'SOMETHING_NEW'])
      expect(group(type)).toMatchObject({ writable: false, notWritableBecause: expect.any(String) });
  });
});

describe('an app of Okta', () => {
  it('is named by its label', () => {
    expect(observeApp('okta-main', { id: '0oa1', status: 'ACTIVE', name: 'template_saml_2_0', label: 'Payroll' })).toMatchObject({
      name: 'Payroll',
    });
  });

  it('is held directly or through a group, as its scope says', () => {
    expect(appUser('okta-main', '0oa1', { id: '00u1', scope: 'USER' })?.via).toBe('direct');
    expect(appUser('okta-main', '0oa1', { id: '00u1', scope: 'GROUP' })?.via).toBe('group');
    expect(appUser('okta-main', '0oa1', { id: '00u1' })?.via).toBe('unknown');
  });
});

describe('what is observed', () => {
  const read = { readId: 'r1', kind: 'fetch', startedAt: '2026-01-05T08:00:00.000Z' };

  it('is valid data of the events that record it', () => {
    const group = { id: '00g1', type: 'APP_GROUP', profile: { name: 'Sales', tags: ['a'] } };
    const account = observeUser('okta-main', ['login', 'tags'], { ...user, credentials: { provider: { type: 'LDAP' } } });
    expect(validateData('AccountObserved', { ...account, read })).toEqual([]);
    expect(validateData('GroupObserved', { ...observeGroup('okta-main', group), read })).toEqual([]);
    expect(validateData('AppObserved', { ...observeApp('okta-main', { id: '0oa1', status: 'ACTIVE', label: 'Payroll' }), read })).toEqual(
      [],
    );
    expect(validateData('EntitlementObserved', { ...appUser('okta-main', '0oa1', { id: '00u1', scope: 'GROUP' }), read })).toEqual([]);
  });
});
