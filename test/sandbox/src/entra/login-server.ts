import type { Kit } from '../kit/kit.ts';
import type { VendorServer } from '../kit/server.ts';
import type { StateFile } from '../kit/state.ts';
import type { VendorReply, VendorRequest } from '../kit/vendor-request.ts';
import type { Login, LoginAnswer } from './login.ts';

const NO_STORE = { 'cache-control': 'no-store, no-cache', pragma: 'no-cache' };

const asReply = ({ status, body }: LoginAnswer): VendorReply => ({ status, headers: { ...NO_STORE }, body });

/** The HTTPS server of login.microsoftonline.com. */
export function loginServer(kit: Kit, login: Login, state: StateFile): VendorServer {
  const basics = (request: VendorRequest) => ({
    tenant: request.params['tenant'] ?? '',
    origin: request.origin,
    clientRequestId: request.headers['client-request-id'] ?? request.query.get('client-request-id') ?? undefined,
  });
  const server = kit.server('login', state, {
    notFound: () => ({
      status: 404,
      headers: { 'content-type': 'text/html' },
      body: '<html><body>404 - File or directory not found.</body></html>',
    }),
    throttled: (_request, rule) => ({
      status: 429,
      headers: { ...NO_STORE, ...(rule.form === 'no-retry-after' ? {} : { 'Retry-After': '1' }) },
      body: {
        error: 'temporarily_unavailable',
        error_description: 'AADSTS90055: Server is busy: too many requests.',
        error_codes: [90055],
      },
    }),
  });
  server.route('GET', '/:tenant/v2.0/.well-known/openid-configuration', (request) => asReply(login.discovery(basics(request))));
  server.route('GET', '/:tenant/discovery/v2.0/keys', () => asReply(login.keys()));
  server.route('POST', '/:tenant/oauth2/v2.0/token', (request) => {
    const form = new URLSearchParams(request.rawBody);
    const clientId = form.get('client_id');
    if (clientId !== null) request.actor = clientId;
    return asReply(login.token({ ...basics(request), form }));
  });
  return server;
}
