import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';

import { ClientSecretCredential } from '@azure/identity';
import {
  AuthenticationHandler,
  Client,
  GraphError,
  HTTPMessageHandler,
  RetryHandler,
  RetryHandlerOptions,
  TelemetryHandler,
} from '@microsoft/microsoft-graph-client';
import { TokenCredentialAuthenticationProvider } from '@microsoft/microsoft-graph-client/authProviders/azureTokenCredentials/index.js';

import type { Kit } from '../kit/kit.ts';
import { openKit, type KitOptions } from '../kit/open-kit.ts';
import type { OutsideEdit } from './outside-edits.ts';
import { openEntra, type EntraOptions, type EntraSandbox } from './open-entra.ts';

/** A tenant of its own for one spec, with the vendor's own clients in front of it. */
export interface SpecTenant {
  kit: Kit;
  entra: EntraSandbox;
  data: string;
  /** The unmodified Graph client of an app registration; `retries`: how often its own handler repeats, default never. */
  client(registration: string, options?: { retries?: number; customHosts?: string[] }): Client;
  /** The unmodified credential of @azure/identity; `retries` as there. */
  credential(
    registration: string,
    options?: { secret?: string; tenant?: string; clientId?: string; retries?: number },
  ): ClientSecretCredential;
  /** What is wrong with a request, as the Graph client tells it; fails when nothing is. */
  faultOf(work: Promise<unknown>): Promise<GraphError>;
  /** An edit by hand of another administrator, over the admin port. */
  edit(edit: OutsideEdit & { as?: string }): Promise<string>;
  /** A request without any client library. */
  bare(method: string, url: string, init?: { token?: string; headers?: Record<string, string>; body?: unknown }): Promise<Response>;
  tokenOf(registration: string): Promise<string>;
  /** Closes the servers; `keep`: the folder stays for a second opening. */
  close(options?: { keep?: boolean }): Promise<void>;
}

const certificates = new Map<string, string>();

/** Making certificates takes a second or more: all tenants of a spec file use those of the first. */
function lendCertificates(data: string): void {
  for (const [name, text] of certificates) if (!existsSync(join(data, name))) writeFileSync(join(data, name), text, { mode: 0o600 });
}

function keepCertificates(data: string): void {
  for (const name of readdirSync(data)) if (/\.(pem|key)$/.test(name)) certificates.set(name, readFileSync(join(data, name), 'utf8'));
}

/** Opens a kit in a temporary folder (or the given one) with an Entra tenant in it. */
export async function openSpecTenant(entraOptions: EntraOptions = {}, kitOptions: Partial<KitOptions> = {}): Promise<SpecTenant> {
  const data = kitOptions.data ?? mkdtempSync(join(tmpdir(), 'entra-spec-'));
  lendCertificates(data);
  const kit = openKit({ limits: false, ...kitOptions, data });
  keepCertificates(data);
  const entra = await openEntra(kit, entraOptions);
  await kit.admin.listen();
  const ca = readFileSync(kit.certificates.caFile, 'utf8');
  // what NODE_EXTRA_CA_CERTS does for a process that is started with it
  setDefaultCACertificates([...getCACertificates('default'), ca]);

  const credential: SpecTenant['credential'] = (registration, { secret, tenant, clientId, retries = 0 } = {}) => {
    const known = entra.credentials[registration];
    if (!known) throw new Error(`no such registration: ${registration}`);
    return new ClientSecretCredential(tenant ?? entra.tenantId, clientId ?? known.clientId, secret ?? known.clientSecret, {
      authorityHost: entra.loginUrl,
      disableInstanceDiscovery: true,
      retryOptions: { maxRetries: retries, retryDelayInMs: 1 },
    });
  };
  const bare: SpecTenant['bare'] = (method, url, { token, headers, body } = {}) =>
    fetch(url.startsWith('/') ? `${entra.graphUrl}/v1.0${url}` : url, {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  return {
    kit,
    entra,
    data,
    credential,
    bare,
    async edit(edit) {
      const answer = await bare('POST', `${kit.admin.url}/entra/edits`, { body: edit });
      if (!answer.ok) throw new Error(`the edit was refused: ${await answer.text()}`);
      return ((await answer.json()) as { id: string }).id;
    },
    async faultOf(work) {
      const outcome = await work.then(
        () => undefined,
        (error: unknown) => error,
      );
      if (outcome instanceof GraphError) return outcome;
      throw new Error(`expected an error of Graph, got ${String(outcome)}`);
    },
    client(registration, { retries = 0, customHosts = ['localhost'] } = {}) {
      const provider = new TokenCredentialAuthenticationProvider(credential(registration, { retries: 2 }), {
        scopes: ['https://graph.microsoft.com/.default'],
      });
      const chain = [
        new AuthenticationHandler(provider),
        new RetryHandler(new RetryHandlerOptions(0, retries)),
        new TelemetryHandler(),
        new HTTPMessageHandler(),
      ];
      chain.forEach((handler, index) => chain[index + 1] && 'setNext' in handler && handler.setNext(chain[index + 1]!));
      return Client.initWithMiddleware({ middleware: chain[0]!, baseUrl: entra.graphUrl, customHosts: new Set(customHosts) });
    },
    async tokenOf(registration) {
      const token = await credential(registration).getToken('https://graph.microsoft.com/.default');
      return token.token;
    },
    async close({ keep = false } = {}) {
      await kit.close();
      if (!keep) rmSync(data, { recursive: true, force: true });
    },
  };
}
