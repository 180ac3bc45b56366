import type { Manifest, Scope, Shortfall } from '@muster/connector';

const BOTH = ['observe', 'live'] as const;
const LIVE = ['live'] as const;

const without = (permission: string, shows: string, ...scopes: Scope[]): Shortfall[] =>
  scopes.map((scope) => ({ code: 'connection.permission_missing', scope, message: `${permission} is not granted: ${shows}` }));

/** What this connector does, and the Graph application permissions it needs. Wider ones cover a need and are named as excess. */
export const entraManifest: Manifest = {
  vendor: 'entra',
  capabilities: {
    reads: ['accounts', 'groups', 'apps', 'memberships', 'assignments', 'changes', 'disablements', 'permissions'],
    writes: ['create', 'set', 'setManager', 'enable', 'disable', 'revokeSessions', 'grant', 'revoke'],
    grants: ['group'],
  },
  permissions: [
    {
      anyOf: ['User.Read.All', 'User.ReadWrite.All', 'Directory.Read.All', 'Directory.ReadWrite.All'],
      states: BOTH,
      without: without('User.Read.All', 'attributes and state of users come back empty', 'users'),
    },
    {
      anyOf: [
        'GroupMember.Read.All',
        'GroupMember.ReadWrite.All',
        'Group.Read.All',
        'Group.ReadWrite.All',
        'Directory.Read.All',
        'Directory.ReadWrite.All',
      ],
      states: BOTH,
      without: without('GroupMember.Read.All', 'groups and members cannot be read', 'groups', 'memberships'),
    },
    {
      anyOf: ['Application.Read.All', 'Application.ReadWrite.All', 'Directory.Read.All', 'Directory.ReadWrite.All'],
      states: BOTH,
      without: without('Application.Read.All', 'apps and who holds them cannot be read', 'apps', 'app-assignments'),
    },
    {
      anyOf: ['Member.Read.Hidden'],
      states: BOTH,
      without: without('Member.Read.Hidden', 'members of groups with hidden membership are left out', 'memberships'),
    },
    { anyOf: ['AuditLog.Read.All'], states: BOTH, without: without('AuditLog.Read.All', 'nobody can say who disabled an account', 'log') },
    { anyOf: ['Device.Read.All', 'Directory.Read.All'], states: BOTH },
    { anyOf: ['RoleManagement.Read.Directory', 'Directory.Read.All'], states: BOTH },
    { anyOf: ['LicenseAssignment.Read.All', 'Directory.Read.All'], states: BOTH },
    { anyOf: ['User.ReadWrite.All'], states: LIVE },
    { anyOf: ['User.EnableDisableAccount.All', 'User.ReadWrite.All'], states: LIVE },
    { anyOf: ['User.RevokeSessions.All', 'User.ReadWrite.All'], states: LIVE },
    { anyOf: ['GroupMember.ReadWrite.All', 'Group.ReadWrite.All'], states: LIVE },
    { anyOf: ['LicenseAssignment.ReadWrite.All'], states: LIVE },
  ],
  privileged: ['AppRoleAssignment.ReadWrite.All', 'RoleManagement.ReadWrite.Directory', 'Directory.ReadWrite.All'],
};
