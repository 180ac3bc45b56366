import type { IdentityState } from '@muster/contracts';
import type { Identity } from '@muster/identity';

/**
 * What subscribers are shown of an identity. `erased`: a tombstone takes its place; undefined: it is not complete enough to be shown yet.
 */
export function publicState(identity: Identity): IdentityState | 'erased' | undefined {
  if (identity.erased) return 'erased';
  const { identityId, lifecycle, login, revision, attributes, links } = identity;
  if (identityId === undefined || lifecycle === undefined) return undefined;
  return {
    identityId,
    revision,
    lifecycle: lifecycle.state,
    ...(lifecycle.startsOn === undefined ? {} : { startsOn: lifecycle.startsOn }),
    ...(lifecycle.endsOn === undefined ? {} : { endsOn: lifecycle.endsOn }),
    attributes,
    ...(login === undefined ? {} : { login }),
    accounts: Object.entries(links).map(([connection, { accountId }]) => ({ connection, accountId })),
  };
}
