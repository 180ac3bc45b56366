import type { Manifest } from '@muster/connector';

const BOTH = ['observe', 'live'] as const;
const LIVE = ['live'] as const;

/**
 * What this connector does and the OAuth scopes it needs. Beside the scopes the client needs an admin role: Read-only Administrator to observe; to
 * write, a custom role with user, group membership and app assignment rights, bound to a resource set.
 */
export const oktaManifest: Manifest = {
  vendor: 'okta',
  capabilities: {
    reads: ['accounts', 'groups', 'apps', 'memberships', 'assignments', 'changes', 'disablements', 'permissions'],
    writes: ['create', 'set', 'enable', 'disable', 'revokeSessions', 'grant', 'revoke'],
    grants: ['group', 'app'],
  },
  permissions: [
    {
      anyOf: ['okta.users.read', 'okta.users.manage'],
      states: BOTH,
      without: [{ code: 'connection.permission_missing', scope: 'users', message: 'okta.users.read is not granted' }],
    },
    {
      anyOf: ['okta.groups.read', 'okta.groups.manage'],
      states: BOTH,
      without: [{ code: 'connection.permission_missing', scope: 'groups', message: 'okta.groups.read is not granted' }],
    },
    {
      anyOf: ['okta.apps.read', 'okta.apps.manage'],
      states: BOTH,
      without: [{ code: 'connection.permission_missing', scope: 'apps', message: 'okta.apps.read is not granted' }],
    },
    {
      anyOf: ['okta.logs.read'],
      states: BOTH,
      without: [{ code: 'connection.permission_missing', scope: 'log', message: 'okta.logs.read is not granted' }],
    },
    { anyOf: ['okta.schemas.read'], states: BOTH },
    { anyOf: ['okta.devices.read'], states: BOTH },
    { anyOf: ['okta.roles.read'], states: BOTH },
    { anyOf: ['okta.users.manage'], states: LIVE },
    { anyOf: ['okta.groups.manage'], states: LIVE },
    { anyOf: ['okta.apps.manage'], states: LIVE },
  ],
  privileged: ['okta.roles.manage', 'okta.policies.manage', 'okta.authorizationServers.manage'],
};
