import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import type { SandboxAddresses } from './sandboxes.ts';

type Json = Record<string, unknown>;

const PATIENCE = { headersTimeout: 15_000, bodyTimeout: 15_000 };
/** A look at many people meets the vendors' limits as anybody does; a minute's bucket is full again after as many tries. */
const TRIES = 60;
const TRY_EVERY_MS = 1_000;

/** Reads an Okta org and an Entra tenant over their own APIs, with read-only credentials that the product does not have. */
export class VendorViews {
  #graphToken: string | undefined;

  constructor(private readonly addresses: SandboxAddresses) {}

  /** The user whose employee number is this; undefined: there is none. Throws when there is more than one. */
  async oktaUser(employeeNumber: string): Promise<{ id: string; status: string; profile: Json } | undefined> {
    const search = encodeURIComponent(`profile.employeeNumber eq "${employeeNumber}"`);
    const users = await this.#okta<{ id: string; status: string; profile: Json }[]>(`/api/v1/users?search=${search}`);
    return onlyOne(users, `Okta users with employee number ${employeeNumber}`);
  }

  async oktaGroups(userId: string): Promise<string[]> {
    const groups = await this.#okta<{ profile: { name: string } }[]>(`/api/v1/users/${userId}/groups`);
    return groups.map(({ profile }) => profile.name);
  }

  async oktaApps(userId: string): Promise<string[]> {
    const links = await this.#okta<{ label?: string; appName?: string }[]>(`/api/v1/users/${userId}/appLinks`);
    return links.map(({ label, appName }) => label ?? appName ?? '');
  }

  /** The user whose employee id is this, with the manager's. */
  async entraUser(employeeId: string): Promise<(Json & { id: string; accountEnabled: boolean }) | undefined> {
    const select = 'id,accountEnabled,displayName,userPrincipalName,department,jobTitle,employeeId,givenName,surname';
    const { value } = await this.#graph<{ value: (Json & { id: string; accountEnabled: boolean })[] }>(
      `/v1.0/users?$filter=${encodeURIComponent(`employeeId eq '${employeeId}'`)}&$select=${select}&$count=true`,
    );
    return onlyOne(value, `Entra users with employee id ${employeeId}`);
  }

  async entraManager(userId: string): Promise<string | undefined> {
    const manager = await this.#graph<{ id?: string } | undefined>(`/v1.0/users/${userId}/manager`, true);
    return manager?.id;
  }

  async entraGroups(userId: string): Promise<{ id: string; displayName: string }[]> {
    return (await this.#graph<{ value: { id: string; displayName: string }[] }>(`/v1.0/users/${userId}/memberOf`)).value;
  }

  /** Apps whose role one of these groups holds. */
  async entraAppsOfGroups(groups: readonly { id: string }[]): Promise<string[]> {
    const lists = await Promise.all(
      groups.map(({ id }) => this.#graph<{ value: { resourceDisplayName: string }[] }>(`/v1.0/groups/${id}/appRoleAssignments`)),
    );
    return lists.flatMap(({ value }) => value.map(({ resourceDisplayName }) => resourceDisplayName));
  }

  async #okta<T>(path: string): Promise<T> {
    const { okta } = this.addresses;
    const headers = { authorization: `SSWS ${okta.tokens.readOnly}`, accept: 'application/json' };
    return answer<T>(await ask(new URL(path, okta.url), headers), path);
  }

  async #graph<T>(path: string, mayBeAbsent = false): Promise<T> {
    this.#graphToken ??= await this.#token();
    const headers = { authorization: `Bearer ${this.#graphToken}`, ConsistencyLevel: 'eventual' };
    const reply = await ask(new URL(path, this.addresses.entra.graphUrl), headers);
    if (mayBeAbsent && reply.statusCode === 404) {
      await reply.body.dump();
      return undefined as T;
    }
    if (reply.statusCode === 401) this.#graphToken = undefined;
    return answer<T>(reply, path);
  }

  async #token(): Promise<string> {
    const { loginUrl, tenantId, clients } = this.addresses.entra;
    const { clientId, clientSecret } = clients.auditor;
    const form = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: clientId,
      client_secret: clientSecret,
      scope: 'https://graph.microsoft.com/.default',
    });
    const url = new URL(`/${tenantId}/oauth2/v2.0/token`, loginUrl);
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const reply = await request(url, { ...PATIENCE, method: 'POST', headers, body: form.toString() });
    return (await answer<{ access_token: string }>(reply, 'the token endpoint')).access_token;
  }
}

type Reply = Awaited<ReturnType<typeof request>>;

/** Asks again while the vendor is throttling, a bounded number of times; the last answer is given as it is. */
async function ask(url: URL, headers: Record<string, string>): Promise<Reply> {
  for (let tries = 1; ; tries += 1) {
    const reply = await request(url, { ...PATIENCE, headers });
    if (reply.statusCode !== 429 || tries === TRIES) return reply;
    await reply.body.dump();
    await sleep(TRY_EVERY_MS);
  }
}

async function answer<T>(reply: Reply, path: string): Promise<T> {
  const text = await reply.body.text();
  if (reply.statusCode >= 300) throw new Error(`${path} answered ${reply.statusCode}: ${text.slice(0, 300)}`);
  return JSON.parse(text) as T;
}

function onlyOne<T>(found: readonly T[], what: string): T | undefined {
  if (found.length > 1) throw new Error(`there are ${found.length} ${what}`);
  return found[0];
}
