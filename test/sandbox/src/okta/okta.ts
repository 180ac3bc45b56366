import type { Kit } from '../kit/kit.ts';
import type { Manners, VendorRequest, VendorServer } from '../kit/server.ts';
import { callerOf, identify, isOpen, permit } from './access.ts';
import { addAdminRoutes } from './admin-routes.ts';
import { addAppRoutes } from './app-routes.ts';
import { deedOf, ok, type AddRoute } from './call.ts';
import { Credentials } from './credentials.ts';
import { malformed, notFound, OktaError } from './errors.ts';
import { addEventHookRoutes } from './event-hook-routes.ts';
import { addGroupRoutes } from './group-routes.ts';
import { addLogRoutes } from './log-routes.ts';
import { addMetaRoutes } from './meta-routes.ts';
import { AuthorizationServer } from './oauth.ts';
import type { Okta } from './okta-parts.ts';
import { Org } from './org.ts';
import { drawRate, RATE_DEFAULTS, throttled } from './rate-buckets.ts';
import type { Caller } from './records.ts';
import { addUserRoutes } from './user-routes.ts';

interface Seen {
  caller?: Caller;
  rate?: Record<string, string>;
}

/** Starts an Okta org on the kit: the API on one HTTPS server, its controls on the kit's admin server. Keeps its state in DATA/okta.sqlite. */
export async function startOkta(kit: Kit, port = 0): Promise<Okta> {
  const state = kit.openState('okta');
  const org = new Org(kit, state);
  const credentials = await Credentials.open(kit, state);
  const authorization = new AuthorizationServer(credentials, kit.clock);
  const rates = structuredClone(RATE_DEFAULTS);
  const seen = new WeakMap<VendorRequest, Seen>();
  const server: VendorServer = kit.server('okta', state, manners());
  const add: AddRoute = (method, pattern, handler) =>
    void server.route(method, pattern, (request) => handler({ org, request, deed: deedOf(request, seen.get(request)?.caller) }));
  for (const addRoutes of [addUserRoutes, addGroupRoutes, addAppRoutes, addLogRoutes, addMetaRoutes, addEventHookRoutes]) addRoutes(add);
  addOAuthRoutes(server, authorization, credentials);
  org.resumeTransitions();
  await server.listen(port);
  const okta = { url: server.url, org, credentials, authorization, rates };
  addAdminRoutes(kit, okta);
  return okta;

  function manners(): Manners {
    return {
      identify: (headers) => identify(headers['authorization'], credentials, authorization),
      before: async (request) => {
        const noted: Seen = {};
        seen.set(request, noted);
        if (!isOpen(request.path)) {
          noted.caller = await callerOf(request, credentials, authorization);
          request.actor = noted.caller.id;
        }
        noted.rate = drawRate(kit.limits, rates, request, server.inFlight);
        if (request.pattern === '') return undefined;
        if (noted.caller) permit(noted.caller, request);
        if (request.malformed) throw malformed();
        return undefined;
      },
      decorate: (request, reply) => ({
        ...reply,
        headers: {
          date: new Date(kit.clock.now()).toUTCString(),
          'x-okta-request-id': request.id,
          ...seen.get(request)?.rate,
          ...reply.headers,
        },
      }),
      notFound: (request) => notFound(request.path, 'Endpoint').reply(),
      methodNotAllowed: () => new OktaError(405, 'E0000022', 'The endpoint does not support the provided HTTP method').reply(),
      onError: (error) => (error instanceof OktaError ? error.reply() : undefined),
      throttled: (_request, rule) => throttled(kit.limits, rule),
    };
  }
}

function addOAuthRoutes(server: VendorServer, authorization: AuthorizationServer, credentials: Credentials): void {
  server.route('POST', '/oauth2/v1/token', (request) => authorization.grant(request));
  server.route('GET', '/oauth2/v1/keys', () => ok({ keys: [...credentials.apps.values()].map((app) => app.publicKey) }));
  server.route('GET', '/.well-known/openid-configuration', ({ origin }) =>
    ok({
      issuer: origin,
      token_endpoint: `${origin}/oauth2/v1/token`,
      jwks_uri: `${origin}/oauth2/v1/keys`,
      grant_types_supported: ['client_credentials'],
      token_endpoint_auth_methods_supported: ['private_key_jwt'],
      token_endpoint_auth_signing_alg_values_supported: ['RS256'],
      dpop_signing_alg_values_supported: ['RS256', 'ES256'],
    }),
  );
}
