import { ClientSecretCredential } from '@azure/identity';
import type { AccessToken } from '@azure/identity';
import { Fault, bareCause } from '@muster/connector';
import type { EntraConfig } from '@muster/connector';
import { retryAfterOf } from './costs.ts';

const RENEW_BEFORE_MS = 60_000;
const PUBLIC_LOGIN = 'https://login.microsoftonline.com';
const GRAPH_HOST = /^https:\/\/[\w.-]*graph\.(?:microsoft\.(?:com|us)|chinacloudapi\.cn)$|^https:\/\/microsoftgraph\.chinacloudapi\.cn$/;

/** Who a token is for, as far as its claims say. */
export interface Claims {
  /** Application permissions; undefined when the token says nothing about them. */
  roles: string[] | undefined;
  /** Object id of our service principal: how the audit log names us. */
  servicePrincipalId: string | undefined;
}

const claimsOf = (token: string): Claims => {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
    if (typeof claims !== 'object' || claims === null) throw new TypeError('no claims');
    const roles = 'roles' in claims && Array.isArray(claims.roles) ? claims.roles.map(String) : [];
    return { roles, servicePrincipalId: 'oid' in claims && typeof claims.oid === 'string' ? claims.oid : undefined };
  } catch {
    return { roles: undefined, servicePrincipalId: undefined };
  }
};

const statusOf = (error: unknown): number | undefined => {
  if (typeof error !== 'object' || error === null) return undefined;
  if ('statusCode' in error && typeof error.statusCode === 'number') return error.statusCode;
  return 'cause' in error ? statusOf(error.cause) : undefined;
};

/** What a failed token request means: an AADSTS code needs a person, except where it stands for a temporary failure. */
export const tokenFault = (error: unknown, connection: string): Fault => {
  const text = error instanceof Error ? error.message : '';
  const [, code] = /\b(AADSTS\d{4,9})\b/.exec(text) ?? [];
  const status = statusOf(error);
  const remedy = 'Nothing to do: it is tried again.';
  if (status === 429) {
    return new Fault({
      code: 'target.throttled',
      kind: 'throttled',
      message: `The token endpoint of ${connection} asks to slow down`,
      remedy,
      cause: bareCause(error),
      ...retryOf(error),
    });
  }
  const temporary = code === 'AADSTS90033' || code === 'AADSTS50196' || (status !== undefined && status >= 500);
  if (code !== undefined && !temporary) {
    return new Fault({
      code: 'connection.unauthorised',
      kind: 'unauthorised',
      message: `The token endpoint refused the client of ${connection} (${code})`,
      remedy: `Check tenant, client id and client secret of ${connection}; a secret may have expired.`,
      vendorCode: code,
      cause: bareCause(error),
    });
  }
  return new Fault({
    code: 'target.unavailable',
    kind: 'transient',
    message: `The token endpoint of ${connection} gave no token`,
    remedy,
    ...(code === undefined ? {} : { vendorCode: code }),
    cause: bareCause(error),
  });
};

const retryOf = (error: unknown): { retryAfter?: number } => {
  const headers =
    typeof error === 'object' && error !== null && 'response' in error
      ? (error.response as { headers?: { get(name: string): string | undefined } }).headers
      : undefined;
  const retryAfter = retryAfterOf(headers?.get('retry-after'), Date.now());
  return retryAfter === undefined ? {} : { retryAfter };
};

/** Tokens of one client: fetched one at a time, renewed a minute before their end, dropped when Graph refuses one. */
export class Tokens {
  readonly #config: EntraConfig;
  readonly #scope: string;
  #credential: ClientSecretCredential;
  #token: AccessToken | undefined;
  #renewAt = 0;
  #claims: Claims = { roles: undefined, servicePrincipalId: undefined };
  #renewal: Promise<string> | undefined;

  constructor(config: EntraConfig) {
    this.#config = config;
    this.#scope = `${GRAPH_HOST.test(config.url) ? config.url : 'https://graph.microsoft.com'}/.default`;
    this.#credential = this.#open();
  }

  get(): Promise<string> {
    if (this.#token && Date.now() < this.#renewAt) return Promise.resolve(this.#token.token);
    this.#renewal ??= this.#fetch().finally(() => {
      this.#renewal = undefined;
    });
    return this.#renewal;
  }

  /** What the present token says; fetches one if there is none. */
  async claims(): Promise<Claims> {
    await this.get();
    return this.#claims;
  }

  /** Forgets a token that was refused, and the credential's own cache with it. */
  drop(refused: string): void {
    if (this.#token?.token !== refused) return;
    this.#token = undefined;
    this.#credential = this.#open();
  }

  #open(): ClientSecretCredential {
    const { tenant, loginUrl, credential } = this.#config;
    return new ClientSecretCredential(tenant, credential.clientId, credential.clientSecret.reveal(), {
      authorityHost: loginUrl,
      disableInstanceDiscovery: loginUrl !== PUBLIC_LOGIN,
      retryOptions: { maxRetries: 0 },
    });
  }

  async #fetch(): Promise<string> {
    try {
      const token = await this.#credential.getToken(this.#scope, { abortSignal: AbortSignal.timeout(this.#config.timeoutMs) });
      const life = token.expiresOnTimestamp - Date.now();
      this.#token = token;
      this.#renewAt = Date.now() + Math.max(life - RENEW_BEFORE_MS, life / 2);
      this.#claims = claimsOf(token.token);
      return token.token;
    } catch (error) {
      // The credential may keep what failed.
      this.#credential = this.#open();
      throw tokenFault(error, this.#config.name);
    }
  }
}
