import type { VendorRequest } from '../kit/server.ts';
import type { Credentials } from './credentials.ts';
import { forbidden, unauthorised } from './errors.ts';
import type { AuthorizationServer } from './oauth.ts';
import type { Caller } from './records.ts';

/** Paths that need no token. */
const OPEN = ['/oauth2/', '/.well-known/'];

export const isOpen = (path: string): boolean => OPEN.some((prefix) => path.startsWith(prefix));

/** The scope area of a route. */
function areaOf(pattern: string): string {
  const part = pattern.split('/')[3] ?? '';
  if (part === 'meta') return pattern.includes('/types/') ? 'userTypes' : 'schemas';
  return (
    { users: 'users', groups: 'groups', apps: 'apps', logs: 'logs', eventHooks: 'eventHooks', devices: 'devices', org: 'orgs' }[part] ??
    part
  );
}

/** Who calls: an API token or an access token. Throws 401 E0000011. */
export async function callerOf(request: VendorRequest, credentials: Credentials, server: AuthorizationServer): Promise<Caller> {
  const [scheme = '', secret = ''] = (request.headers['authorization'] ?? '').split(' ');
  if (scheme.toUpperCase() === 'SSWS') {
    const token = credentials.tokenOf(secret);
    if (!token) throw unauthorised();
    return { id: token.id, tokenId: token.id, role: token.role, actor: token.actor };
  }
  const lower = scheme.toLowerCase();
  if (lower !== 'bearer' && lower !== 'dpop') throw unauthorised();
  return server.caller(lower, secret, request);
}

/** The token id or client id behind a header, unchecked: cheap, for faults and the journal. */
export function identify(authorization: string | undefined, credentials: Credentials, server: AuthorizationServer): string | undefined {
  const [scheme = '', secret = ''] = (authorization ?? '').split(' ');
  return scheme.toUpperCase() === 'SSWS' ? credentials.tokenOf(secret)?.id : server.clientOf(secret);
}

/** Throws 403 E0000006 unless role and scopes allow the operation. A `manage` scope includes reading. */
export function permit(caller: Caller, request: VendorRequest): void {
  const reads = request.method === 'GET' || request.method === 'HEAD';
  if (!reads && caller.role === 'READ_ONLY_ADMIN') throw forbidden();
  if (!caller.scopes) return;
  const area = areaOf(request.pattern);
  const wanted = `okta.${area}.${reads ? 'read' : 'manage'}`;
  if (caller.scopes.has(wanted) || caller.scopes.has(`okta.${area}.manage`)) return;
  throw forbidden({
    'www-authenticate': `Bearer authorization_uri="${request.origin}/oauth2/v1/authorize", realm="${request.origin}", scope="${wanted}", error="insufficient_scope", error_description="The access token provided does not contain the required scopes."`,
  });
}
