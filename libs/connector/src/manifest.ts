import type { ConnectionState, PermissionReport, Shortfall } from './reading.ts';

/** Names a permission that does the job, or several of which any one does. */
export interface PermissionNeed {
  /** The first is the narrowest and the one to ask for. */
  anyOf: readonly [string, ...string[]];
  states: readonly ConnectionState[];
  /** What cannot be concluded without it. */
  without?: readonly Shortfall[];
}

/** What a connector can do and what it needs for that, by state. Facts about the vendor, not about one connection. */
export interface Manifest {
  vendor: 'okta' | 'entra' | 'hr';
  capabilities: {
    reads: readonly ('accounts' | 'groups' | 'apps' | 'memberships' | 'assignments' | 'changes' | 'disablements' | 'permissions')[];
    writes: readonly ('create' | 'set' | 'setManager' | 'enable' | 'disable' | 'revokeSessions' | 'grant' | 'revoke')[];
    /** What can be granted and revoked. */
    grants: readonly ('group' | 'app' | 'role' | 'licence')[];
  };
  permissions: readonly PermissionNeed[];
  /** Never needed by this product unless a connection declares them; named when found. */
  privileged: readonly string[];
}

const covers = (granted: ReadonlySet<string>, need: PermissionNeed): boolean => need.anyOf.some((name) => granted.has(name));

/**
 * Compares what the credential holds with what the state needs. A wider permission covers a need, and is named as excess all the same. `granted` undefined: the vendor does not tell, so nothing is called missing and
 * nothing excess; calls will be refused one by one instead.
 */
export const comparePermissions = (
  manifest: Manifest,
  state: ConnectionState,
  granted: readonly string[] | undefined,
): PermissionReport => {
  const needs = manifest.permissions.filter((need) => need.states.includes(state));
  const needed = needs.map((need) => need.anyOf[0]);
  if (granted === undefined) return { granted: undefined, needed, missing: [], excess: [], shortfalls: [] };
  const held = new Set(granted);
  const unmet = needs.filter((need) => !covers(held, need));
  return {
    granted: [...held].toSorted(),
    needed,
    missing: unmet.map((need) => need.anyOf[0]),
    excess: [...held].filter((name) => !needed.includes(name)).toSorted(),
    shortfalls: unmet.flatMap((need) => need.without ?? []),
  };
};
