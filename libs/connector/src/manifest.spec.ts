import { describe, expect, it } from '@jest/globals';
import { comparePermissions } from './manifest.ts';
import type { Manifest } from './manifest.ts';

const manifest: Manifest = {
  vendor: 'entra',
  capabilities: { reads: [], writes: [], grants: [] },
  permissions: [
    { anyOf: ['User.Read.All', 'User.ReadWrite.All'], states: ['observe', 'live'] },
    {
      anyOf: ['Member.Read.Hidden'],
      states: ['observe', 'live'],
      without: [{ code: 'connection.permission_missing', scope: 'memberships', message: 'hidden members are left out' }],
    },
    { anyOf: ['User.ReadWrite.All'], states: ['live'] },
  ],
  privileged: ['RoleManagement.ReadWrite.Directory'],
};

describe('permissions', () => {
  it('are missing when no alternative is granted, and then say what cannot be concluded', () => {
    const report = comparePermissions(manifest, 'observe', ['User.Read.All']);
    expect(report.missing).toEqual(['Member.Read.Hidden']);
    expect(report.shortfalls).toEqual([expect.objectContaining({ scope: 'memberships' })]);
  });

  it('that only writing needs are excess while the connection observes', () => {
    const granted = ['User.ReadWrite.All', 'User.Read.All', 'Member.Read.Hidden', 'Mail.Read'];
    expect(comparePermissions(manifest, 'observe', granted).excess).toEqual(['Mail.Read', 'User.ReadWrite.All']);
    expect(comparePermissions(manifest, 'live', granted)).toMatchObject({ missing: [], excess: ['Mail.Read'] });
  });

  it('that are wider than needed cover the need and are excess', () => {
    const report = comparePermissions(manifest, 'observe', ['User.ReadWrite.All', 'Member.Read.Hidden']);
    expect(report).toMatchObject({ missing: [], excess: ['User.ReadWrite.All'] });
  });

  it('that the vendor does not tell are called neither missing nor excess', () => {
    expect(comparePermissions(manifest, 'live', undefined)).toMatchObject({ granted: undefined, missing: [], excess: [] });
  });
});
