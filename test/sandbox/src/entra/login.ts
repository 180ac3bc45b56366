import { randomUUID } from 'node:crypto';

import type { AccessTokens } from './access-tokens.ts';
import type { JsonObject } from './call.ts';
import { checkAssertion, subjectOf } from './client-assertion.ts';
import type { AppRegistration } from './permissions.ts';
import type { Tenant } from './tenant.ts';

export interface LoginRequest {
  /** The first segment of the path: a tenant id, a domain. */
  tenant: string;
  /** Scheme, host and port of the login host. */
  origin: string;
  form: URLSearchParams;
  clientRequestId: string | undefined;
}

export interface LoginAnswer {
  status: number;
  body: JsonObject;
}

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** An error of the token endpoint: HTTP status, OAuth error, AADSTS number and text. */
class LoginFault extends Error {
  readonly status: number;
  readonly error: string;
  readonly code: number;

  constructor(status: number, error: string, code: number, text: string) {
    super(text);
    this.status = status;
    this.error = error;
    this.code = code;
  }
}

/** The login host of the tenant: discovery, keys, client credentials by secret or by assertion. */
export class Login {
  readonly #tenant: Tenant;
  readonly #tokens: AccessTokens;
  /** Where Graph listens; `<origin>/.default` is accepted beside graph.microsoft.com. */
  graphOrigin = 'https://graph.microsoft.com';

  constructor(tenant: Tenant, tokens: AccessTokens) {
    this.#tenant = tenant;
    this.#tokens = tokens;
  }

  discovery(request: Pick<LoginRequest, 'tenant' | 'origin' | 'clientRequestId'>): LoginAnswer {
    return this.#answer(request, () => {
      this.#checkTenant(request.tenant);
      const base = `${request.origin}/${this.#tenant.settings.tenantId}`;
      return {
        token_endpoint: `${base}/oauth2/v2.0/token`,
        token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt', 'client_secret_basic'],
        jwks_uri: `${base}/discovery/v2.0/keys`,
        response_modes_supported: ['query', 'fragment', 'form_post'],
        subject_types_supported: ['pairwise'],
        id_token_signing_alg_values_supported: ['RS256'],
        response_types_supported: ['code', 'id_token', 'code id_token', 'id_token token'],
        scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
        issuer: `${base}/v2.0`,
        authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
        end_session_endpoint: `${base}/oauth2/v2.0/logout`,
        tenant_region_scope: 'EU',
        cloud_instance_name: 'microsoftonline.com',
        cloud_graph_host_name: 'graph.windows.net',
        msgraph_host: 'graph.microsoft.com',
      };
    });
  }

  keys(): LoginAnswer {
    return { status: 200, body: this.#tokens.keySet() as unknown as JsonObject };
  }

  token(request: LoginRequest): LoginAnswer {
    return this.#answer(request, () => {
      this.#checkTenant(request.tenant);
      const { form } = request;
      const grant = required(form, 'grant_type');
      if (grant !== 'client_credentials') {
        throw new LoginFault(400, 'unsupported_grant_type', 70003, `The app requested an unsupported grant type '${grant}'.`);
      }
      const registration = this.#registration(form);
      this.#checkCredential(registration, request);
      this.#checkScope(required(form, 'scope'));
      const { token, expiresIn } = this.#tokens.issue(registration, `https://sts.windows.net/${this.#tenant.settings.tenantId}/`);
      return { token_type: 'Bearer', expires_in: expiresIn, ext_expires_in: expiresIn, access_token: token };
    });
  }

  #checkTenant(named: string): void {
    const { tenantId, domains } = this.#tenant.settings;
    if (named.toLowerCase() === tenantId.toLowerCase() || domains.includes(named.toLowerCase())) return;
    const text = `Tenant '${named}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.`;
    throw new LoginFault(400, 'invalid_request', 90002, text);
  }

  #registration(form: URLSearchParams): AppRegistration {
    const clientId = form.get('client_id') ?? subjectOf(form.get('client_assertion') ?? '') ?? required(form, 'client_id');
    const registration = this.#tenant.settings.registrations.find((one) => one.clientId === clientId);
    if (registration) return registration;
    const text = `Application with identifier '${clientId}' was not found in the directory '${this.#tenant.settings.displayName}'.`;
    throw new LoginFault(400, 'unauthorized_client', 700016, text);
  }

  #checkCredential(registration: AppRegistration, request: LoginRequest): void {
    const { form } = request;
    if (form.get('client_assertion_type') === ASSERTION_TYPE) {
      const issuer = `${request.origin}/${this.#tenant.settings.tenantId}`;
      const named = `${request.origin}/${request.tenant}`;
      const audiences = [issuer, named].flatMap((base) => [`${base}/oauth2/v2.0/token`, `${base}/v2.0`]);
      const fault = checkAssertion(required(form, 'client_assertion'), registration, { audiences, now: Date.now() / 1_000 });
      if (fault) throw new LoginFault(401, 'invalid_client', fault.code, fault.text);
      return;
    }
    const secret = form.get('client_secret');
    if (secret === null) {
      const text = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
      throw new LoginFault(401, 'invalid_client', 7000218, text);
    }
    if (secret === registration.secret) return;
    const text =
      'Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, ' +
      `for a secret added to app '${registration.clientId}'.`;
    throw new LoginFault(401, 'invalid_client', 7000215, text);
  }

  #checkScope(scope: string): void {
    if (!scope.endsWith('/.default')) {
      const text = `The provided value for scope ${scope} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).`;
      throw new LoginFault(400, 'invalid_scope', 1002012, text);
    }
    const resource = scope.slice(0, -'/.default'.length).replace(/\/$/, '');
    if (resource === 'https://graph.microsoft.com' || resource === this.graphOrigin) return;
    const text = `The resource principal named ${resource} was not found in the tenant named ${this.#tenant.settings.displayName}.`;
    throw new LoginFault(400, 'invalid_resource', 500011, text);
  }

  #answer(request: Pick<LoginRequest, 'clientRequestId'>, make: () => JsonObject): LoginAnswer {
    try {
      return { status: 200, body: make() };
    } catch (error) {
      if (!(error instanceof LoginFault)) throw error;
      return { status: error.status, body: describe(error, request.clientRequestId) };
    }
  }
}

function required(form: URLSearchParams, name: string): string {
  const value = form.get(name);
  if (value) return value;
  throw new LoginFault(400, 'invalid_request', 900144, `The request body must contain the following parameter: '${name}'.`);
}

function describe(fault: LoginFault, clientRequestId: string | undefined): JsonObject {
  const traceId = randomUUID();
  const correlationId = clientRequestId ?? randomUUID();
  const timestamp = new Date()
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d{3}Z$/, 'Z');
  return {
    error: fault.error,
    error_description: `AADSTS${fault.code}: ${fault.message} Trace ID: ${traceId} Correlation ID: ${correlationId} Timestamp: ${timestamp}`,
    error_codes: [fault.code],
    timestamp,
    trace_id: traceId,
    correlation_id: correlationId,
    error_uri: `https://login.microsoftonline.com/error?code=${fault.code}`,
  };
}
