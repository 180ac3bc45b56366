import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import okta from '@okta/okta-sdk-nodejs';
import type { JournalEntry } from '../kit/journal.ts';
import type { Kit } from '../kit/kit.ts';
import { openKit, type KitOptions } from '../kit/open-kit.ts';
import { startOkta } from './okta.ts';
import type { Okta } from './okta-parts.ts';

type ClientOptions = NonNullable<ConstructorParameters<typeof okta.Client>[0]>;
type ExecutorOptions = Partial<NonNullable<ConstructorParameters<typeof okta.DefaultRequestExecutor>[0]>>;

/** An org of its own for one spec, with the vendor's own client in front of it. */
export interface SpecOrg {
  readonly kit: Kit;
  readonly okta: Okta;
  readonly data: string;
  /** The unmodified client with an API token; the cache is off unless `cached`. `retries`: of its default executor, default 0. */
  client(options?: { token?: string; retries?: number; timeoutMs?: number; cached?: boolean; untrusting?: boolean }): okta.Client;
  /** The unmodified client as a service app. */
  appClient(name: string, scopes: string[], more?: Partial<ClientOptions>): okta.Client;
  executor(options?: ExecutorOptions): InstanceType<typeof okta.DefaultRequestExecutor>;
  /** A request without any client library, with the product's API token. */
  bare(method: string, path: string, body?: unknown): Promise<{ status: number; headers: Headers; body: unknown }>;
  /** The status of a call with the access token that a client holds, but without its key. */
  bareWith(scheme: string, client: okta.Client): Promise<number>;
  /** POSTs to the admin server. */
  admin(path: string, body?: unknown): Promise<unknown>;
  /** What the org met since a mark. */
  met(since?: number): JournalEntry[];
  /** Ends the sandbox and starts it again on the same folder. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** A number that does not repeat in this process. */
let made = 0;

/** A profile nobody has yet. */
export function newProfile(more: Record<string, unknown> = {}): {
  login: string;
  email: string;
  firstName: string;
  lastName: string;
  employeeNumber: string;
} {
  const name = `person${++made}@kestrel.example`;
  return { login: name, email: name, firstName: 'Pat', lastName: `Number ${made}`, employeeNumber: `E${made}`, ...more };
}

export async function openSpecOrg(options: Partial<KitOptions> = {}): Promise<SpecOrg> {
  const data = options.data ?? mkdtempSync(join(tmpdir(), 'sandbox-okta-'));
  let kit = openKit({ limits: false, ...options, data });
  let org = await startOkta(kit);
  await kit.admin.listen();
  let agent = new Agent({ ca: kit.certificates.ca, keepAlive: true });

  /** The only thing a subclass adds is the local authority. */
  class TrustingExecutor extends okta.DefaultRequestExecutor {
    override fetch(request: Parameters<okta.DefaultRequestExecutor['fetch']>[0]): ReturnType<okta.DefaultRequestExecutor['fetch']> {
      return super.fetch(Object.assign(request, { agent }));
    }
  }
  const executor = (more?: ExecutorOptions): InstanceType<typeof okta.DefaultRequestExecutor> =>
    new TrustingExecutor({ maxRetries: 0, requestTimeout: 0, ...more });
  const secret = (): string => org.credentials.tokens.get('muster')?.secret ?? '';

  return {
    get kit() {
      return kit;
    },
    get okta() {
      return org;
    },
    data,
    client: ({ token, retries = 0, timeoutMs = 0, cached = false, untrusting = false } = {}) =>
      new okta.Client({
        orgUrl: org.url,
        token: token ?? secret(),
        ...(cached ? {} : { cacheMiddleware: null }),
        ...(untrusting ? {} : { requestExecutor: executor({ maxRetries: retries, requestTimeout: timeoutMs }) }),
      } as ClientOptions),
    appClient: (name, scopes, more = {}) => {
      const app = org.credentials.apps.get(name);
      return new okta.Client({
        orgUrl: org.url,
        authorizationMode: 'PrivateKey',
        clientId: app?.clientId ?? name,
        scopes,
        privateKey: app ? readFileSync(app.privateKeyFile, 'utf8') : '',
        cacheMiddleware: null,
        requestExecutor: executor(),
        ...more,
      } as ClientOptions);
    },
    executor,
    bare: async (method, path, body) => {
      const { Agent: FetchAgent, fetch } = await import('undici');
      const dispatcher = new FetchAgent({ connect: { ca: kit.certificates.ca } });
      const response = await fetch(`${org.url}${path}`, {
        method,
        dispatcher,
        headers: { authorization: `SSWS ${secret()}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const text = await response.text();
      await dispatcher.close();
      return {
        status: response.status,
        headers: response.headers as unknown as Headers,
        body: text === '' ? undefined : (JSON.parse(text) as unknown),
      };
    },
    bareWith: async (scheme, client) => {
      const { Agent: FetchAgent, fetch } = await import('undici');
      const dispatcher = new FetchAgent({ connect: { ca: kit.certificates.ca } });
      const { access_token: token } = await (
        client as unknown as { oauth: { getAccessToken(): Promise<{ access_token: string }> } }
      ).oauth.getAccessToken();
      const response = await fetch(`${org.url}/api/v1/users`, { dispatcher, headers: { authorization: `${scheme} ${token}` } });
      await response.text();
      await dispatcher.close();
      return response.status;
    },
    admin: async (path, body = {}) => {
      const response = await fetch(`${kit.admin.url}${path}`, { method: 'POST', body: JSON.stringify(body) });
      const text = await response.text();
      if (!response.ok) throw new Error(`${response.status} ${text}`);
      return text === '' ? undefined : (JSON.parse(text) as unknown);
    },
    met: (since = 0) => kit.journal.since(since, 10_000, 'okta'),
    restart: async () => {
      agent.destroy();
      await kit.close();
      kit = openKit({ limits: false, ...options, data });
      org = await startOkta(kit);
      await kit.admin.listen();
      agent = new Agent({ ca: kit.certificates.ca, keepAlive: true });
    },
    close: async () => {
      agent.destroy();
      await kit.close();
      rmSync(data, { recursive: true, force: true });
    },
  };
}

/** The error that a call ends with, as the SDK tells it; fails when it succeeds. */
export async function errorOf(
  work: Promise<unknown>,
): Promise<Error & { status?: number; errorCode?: string; errorSummary?: string; errorCauses?: { errorSummary: string }[] }> {
  try {
    await work;
  } catch (error) {
    return error as Error;
  }
  throw new Error('the call was expected to fail');
}
