import { createPrivateKey } from 'node:crypto';
import okta from '@okta/okta-sdk-nodejs';
import { Fault, Withheld, comparePermissions } from '@muster/connector';
import type { Budget, CallOptions, Lane, OktaConfig, PermissionReport, RawPage, Watermark } from '@muster/connector';
import { BudgetedExecutor, calls } from './executor.ts';
import type { Call } from './executor.ts';
import { toFault } from './faults.ts';
import { oktaManifest } from './manifest.ts';
import { isWire } from './observe.ts';
import type { Wire } from './observe.ts';

type Client = InstanceType<typeof okta.Client>;

/** What the SDK keeps of a token; its own code ignores the lifetime. */
interface TokenHolder {
  accessToken: { access_token?: string; expires_in?: number; scope?: string } | null;
  getAccessToken(): Promise<{ access_token?: string; expires_in?: number; scope?: string }>;
  clearCachedAccessToken(): void;
}

const RENEW_BEFORE_MS = 60_000;

/** A request of its own for each page: the SDK writes the credential into the object that it is given. Its type lacks the fields of node-fetch. */
const asJson = (): object => ({ headers: { Accept: 'application/json' } });

/** The SDK takes RSA keys as PKCS#1 PEM or as JWK; everything else that Node can read is brought into that form. */
const rsaPem = (connection: string, text: string): string => {
  try {
    const key = text.trimStart().startsWith('{') ? createPrivateKey({ key: JSON.parse(text), format: 'jwk' }) : createPrivateKey(text);
    if (key.asymmetricKeyType === 'rsa') return key.export({ type: 'pkcs1', format: 'pem' }).toString();
  } catch {
    // The error would quote the key.
  }
  throw new Fault({
    code: 'connection.unauthorised',
    kind: 'unauthorised',
    message: `The private key of ${connection} is not an RSA key in PEM or JWK form`,
    remedy: 'Give the RSA private key of the service app, without a passphrase.',
  });
};

const openClient = (config: OktaConfig, executor: BudgetedExecutor, scopes: readonly string[]): Client => {
  const common = { orgUrl: config.url, requestExecutor: executor, cacheMiddleware: null };
  if ('token' in config.credential) return new okta.Client({ ...common, token: config.credential.token.reveal() });
  const { clientId, privateKey, keyId } = config.credential;
  return new okta.Client({
    ...common,
    authorizationMode: 'PrivateKey',
    clientId,
    scopes: [...scopes],
    privateKey: rsaPem(config.name, privateKey.reveal()),
    ...(keyId === undefined ? {} : { keyId }),
  });
};

/** One client on one org: token, budget, errors. Everything else in this connector goes through it. */
export class OktaSession {
  readonly config: OktaConfig;
  /** Who we are in the System Log; undefined for an API token, whose id the API does not tell. */
  readonly actorId: string | undefined;
  readonly client: Client;
  readonly #executor: BudgetedExecutor;
  readonly #scopes: readonly string[];
  #renewal: Promise<void> | undefined;
  #expiresAt = 0;
  #granted: string[] | undefined;

  /** @param scopes what to ask for; default: what the state of the connection needs */
  constructor(config: OktaConfig, budget: Budget, scopes = comparePermissions(oktaManifest, config.state, undefined).needed) {
    this.config = config;
    this.#scopes = [...new Set(scopes)];
    this.#executor = new BudgetedExecutor(budget, {
      timeoutMs: config.timeoutMs,
      timeFactor: config.budget.timeFactor,
      plain: config.url.startsWith('http:'),
    });
    this.client = openClient(config, this.#executor, this.#scopes);
    this.actorId = 'clientId' in config.credential ? config.credential.clientId : undefined;
  }

  /** The JSON at a path below the org, or `absent` for 404. */
  async get(path: string, what: string, options: CallOptions = {}): Promise<Wire | 'absent'> {
    try {
      return await this.#read(() => this.client.http.getJson(`${this.config.url}${path}`), {
        what,
        lane: options.lane ?? 'live',
        signal: options.signal,
      });
    } catch (error) {
      if (error instanceof Fault && error.code === 'target.not_found') return 'absent';
      throw error;
    }
  }

  /** One page of a list; `cursor` is the path and query of a page, so that a stored one cannot send the token elsewhere. */
  async page(cursor: Watermark, what: string, options: CallOptions = {}): Promise<RawPage<Wire>> {
    if (!cursor.startsWith('/api/v1/'))
      throw new Fault({
        code: 'connection.watermark_invalid',
        kind: 'refused',
        message: `${this.config.name} was given a place that it did not make: ${what}`,
        remedy: 'Start this read anew.',
      });
    return this.#read(
      async (call) => {
        const list = new okta.Collection<Wire>(this.client.http, `${this.config.url}${cursor}`, undefined, asJson());
        const items: unknown = await list.getNextPage();
        if (!Array.isArray(items)) throw new Error('the page is not a list');
        return {
          items: items.map((item: unknown) => (isWire(item) ? item : {})),
          next: this.#local(list.nextUri),
          startedAt: call.sentAt ?? new Date(Date.now()).toISOString(),
        };
      },
      { what, lane: options.lane ?? 'batch', signal: options.signal },
    );
  }

  /** Runs one writing call. Throws Fault, Withheld or, for bugs, anything else. */
  async write<T>(attempt: { what: string; values?: readonly unknown[] }, call: Call, send: (client: Client) => Promise<T>): Promise<T> {
    await this.#renewToken();
    try {
      return await calls.run(call, () => send(this.client));
    } catch (error) {
      if (error instanceof Withheld) throw error;
      throw toFault(error, {
        connection: this.config.name,
        write: true,
        sent: call.sentAt !== undefined,
        retryAfter: call.retryAfter,
        ...attempt,
      });
    }
  }

  /** What the token may do, with what its lack makes unreliable. An API token does not tell. */
  async permissions(): Promise<PermissionReport> {
    await this.#renewToken();
    return comparePermissions(oktaManifest, this.config.state, this.#granted);
  }

  close(): void {
    this.#executor.close();
  }

  async #read<T>(read: (call: Call) => Promise<T>, options: { what: string; lane: Lane; signal: AbortSignal | undefined }): Promise<T> {
    await this.#renewToken();
    const call: Call = { lane: options.lane, signal: options.signal, write: false };
    try {
      return await calls.run(call, () => read(call));
    } catch (error) {
      options.signal?.throwIfAborted();
      const { what } = options;
      const fault = toFault(error, { connection: this.config.name, what, write: false, sent: true, retryAfter: call.retryAfter });
      // A scope that was not granted when the token was made may have been since: the next call asks for it again.
      if (fault.code === 'target.permission_missing' && this.#isNarrow) this.#expiresAt = 0;
      throw fault;
    }
  }

  get #isNarrow(): boolean {
    return this.#scopes.some((scope) => this.#granted?.includes(scope) === false);
  }

  /** A next link leads to the same org, or nowhere. */
  #local(next: string | undefined): string | undefined {
    if (!next) return undefined;
    const url = new URL(next);
    if (url.origin !== new URL(this.config.url).origin) throw new Error('the next link leads to another host');
    return `${url.pathname}${url.search}`;
  }

  /** The SDK fetches a token for each of several first calls and keeps it beyond its life: here one at a time, and renewed in time. */
  #renewToken(): Promise<void> {
    const tokens = this.client.oauth as unknown as TokenHolder | undefined;
    if (!tokens || (tokens.accessToken?.access_token !== undefined && Date.now() < this.#expiresAt)) return Promise.resolve();
    this.#renewal ??= this.#fetchToken(tokens).finally(() => {
      this.#renewal = undefined;
    });
    return this.#renewal;
  }

  async #fetchToken(tokens: TokenHolder): Promise<void> {
    try {
      // Everything again, also after scopes were missing: they may have been granted since.
      await this.#fetchTokenFor(tokens, this.#scopes);
    } catch (error) {
      const fault = toFault(error, { connection: this.config.name, what: 'get a token', write: false, sent: true });
      if (fault.vendorCode !== 'invalid_scope') throw fault;
      await this.#narrow(tokens, fault);
    }
  }

  /** One scope that is not granted makes Okta refuse them all without saying which: each is tried alone, then all that are granted. */
  async #narrow(tokens: TokenHolder, refused: Fault): Promise<void> {
    const granted: string[] = [];
    for (const scope of this.#scopes) {
      try {
        await this.#fetchTokenFor(tokens, [scope]);
        granted.push(scope);
      } catch (error) {
        if (!(error instanceof Fault) || error.vendorCode !== 'invalid_scope') throw error;
      }
    }
    if (granted.length === 0) throw refused;
    await this.#fetchTokenFor(tokens, granted);
  }

  async #fetchTokenFor(tokens: TokenHolder, scopes: readonly string[]): Promise<void> {
    tokens.clearCachedAccessToken();
    (this.client as unknown as { scopes: string[] }).scopes = [...scopes];
    const token = await tokens.getAccessToken();
    if (typeof token.access_token !== 'string') throw new Error('the token endpoint gave no token');
    this.#granted = typeof token.scope === 'string' ? token.scope.split(' ').filter((scope) => scope !== '') : [...scopes];
    const life = (token.expires_in ?? 3600) * 1000;
    this.#expiresAt = Date.now() + Math.max(life - RENEW_BEFORE_MS, life / 2);
  }
}
