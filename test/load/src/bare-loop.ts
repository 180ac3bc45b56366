import { readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { type Context, Client as GraphClient, type Middleware } from '@microsoft/microsoft-graph-client';
import { DOMAIN, type SandboxAddresses } from '@muster/local';
import okta from '@okta/okta-sdk-nodejs';
import { Agent as UndiciAgent, request } from 'undici';
import { GROUPS_EACH } from './import-company.ts';

const MEMBERS_A_PATCH = 20;
const REQUESTS_A_BATCH = 20;

interface Bare {
  readonly addresses: SandboxAddresses;
  readonly people: number;
}

/**
 * People a second of what anybody would write first: one loop over each vendor's SDK, both at once, one call after the other, over kept connections. The same
 * accounts, managers and memberships as the import makes, members twenty a PATCH and managers twenty a batch. Nothing is remembered, checked or read again.
 */
export async function bareLoop(bare: Bare): Promise<number> {
  const began = performance.now();
  await Promise.all([oktaLoop(bare), entraLoop(bare)]);
  return bare.people / ((performance.now() - began) / 1000);
}

/** Distinct from one loop to the next, and from the company's own. */
let made = 0;

const personOf = (at: number) => ({
  number: `B${at}`,
  given: 'Bare',
  family: `Loop ${at}`,
  login: `bare.loop.${at}@${DOMAIN}`,
  title: 'Engineer',
  department: `Department ${at % 20}`,
});

/** The groups of the at-th person. */
const groupsOf = (groups: readonly string[], at: number): string[] =>
  Array.from({ length: GROUPS_EACH }, (_, shift) => groups[(at + shift * 57) % groups.length] ?? '');

class KeptConnections extends okta.DefaultRequestExecutor {
  readonly agent = new Agent({ keepAlive: true });
  override fetch(sent: Parameters<okta.DefaultRequestExecutor['fetch']>[0]): ReturnType<okta.DefaultRequestExecutor['fetch']> {
    return super.fetch(Object.assign(sent, { agent: this.agent }));
  }
}

async function oktaLoop({ addresses, people }: Bare): Promise<void> {
  const executor = new KeptConnections({ maxRetries: 0, requestTimeout: 0 } as never);
  const { clientId, privateKeyFile } = addresses.okta.oauth.muster;
  const client = new okta.Client({
    orgUrl: addresses.okta.url,
    authorizationMode: 'PrivateKey',
    clientId,
    scopes: ['okta.users.manage', 'okta.groups.manage'],
    privateKey: readFileSync(privateKeyFile, 'utf8'),
    cacheMiddleware: null,
    requestExecutor: executor,
  } as never);
  const groups: string[] = [];
  for await (const group of await client.groupApi.listGroups({ limit: 500 }))
    if (group?.type === 'OKTA_GROUP' && group.id !== undefined) groups.push(group.id);
  const base = made;
  made += people;
  for (let at = base; at < base + people; at++) {
    const { number, given, family, login, title, department } = personOf(at);
    const profile = { login, email: login, firstName: given, lastName: family, employeeNumber: number, title, department };
    const { id: userId = '' } = await client.userApi.createUser({ body: { profile }, activate: true });
    for (const groupId of groupsOf(groups, at)) await client.groupApi.assignUserToGroup({ groupId, userId });
  }
  executor.agent.destroy();
}

/** The same HTTP client as the product's: the fetch of Node costs several times the CPU. */
class Undici implements Middleware {
  readonly agent = new UndiciAgent({ keepAliveTimeout: 30_000 });
  constructor(private readonly token: string) {}

  async execute(context: Context): Promise<void> {
    const { statusCode, body } = await request(String(context.request), {
      method: (context.options?.method ?? 'GET') as 'GET',
      headers: { ...(context.options?.headers as Record<string, string>), authorization: `Bearer ${this.token}` },
      body: typeof context.options?.body === 'string' ? context.options.body : null,
      dispatcher: this.agent,
    });
    const text = await body.text();
    if (statusCode >= 400) throw new Error(`Graph answered ${statusCode}: ${text.slice(0, 300)}`);
    const json = (): Promise<unknown> => Promise.resolve(text === '' ? undefined : JSON.parse(text));
    const answer = {
      status: statusCode,
      ok: true,
      headers: new Headers({ 'content-type': 'application/json' }),
      body: text,
      text: () => Promise.resolve(text),
      json,
    };
    context.response = answer as unknown as NonNullable<Context['response']>;
  }
}

async function entraLoop({ addresses: { entra }, people }: Bare): Promise<void> {
  const http = new Undici(await graphToken(entra));
  const graph = GraphClient.initWithMiddleware({ baseUrl: `${entra.graphUrl}/`, defaultVersion: 'v1.0', middleware: http });
  const { value: groups } = (await graph.api('/groups').top(999).select('id').get()) as { value: { id: string }[] };
  const ids = groups.map(({ id }) => id);
  const members = new Map<string, string[]>();
  const users: string[] = [];
  const base = made + 1_000_000;
  for (let at = base; at < base + people; at++) {
    const { number, given, family, login, title, department } = personOf(at);
    const { id } = (await graph.api('/users').post({
      displayName: `${given} ${family}`,
      givenName: given,
      surname: family,
      jobTitle: title,
      department,
      employeeId: number,
      userPrincipalName: login,
      mailNickname: login.split('@', 1)[0],
      accountEnabled: true,
      passwordProfile: { password: `Bare-${at}-loop!`, forceChangePasswordNextSignIn: true },
    })) as { id: string };
    users.push(id);
    for (const group of groupsOf(ids, at)) members.set(group, [...(members.get(group) ?? []), id]);
  }
  made += people;
  for (const some of chunks(users.slice(1), REQUESTS_A_BATCH)) {
    const requests = some.map((id, at) => ({
      id: String(at),
      method: 'PUT',
      url: `/users/${id}/manager/$ref`,
      headers: { 'content-type': 'application/json' },
      body: { '@odata.id': `${entra.graphUrl}/v1.0/users/${users[0]}` },
    }));
    await graph.api('/$batch').post({ requests });
  }
  for (const [group, all] of members)
    for (const some of chunks(all, MEMBERS_A_PATCH))
      await graph
        .api(`/groups/${group}`)
        .patch({ 'members@odata.bind': some.map((id) => `${entra.graphUrl}/v1.0/directoryObjects/${id}`) });
  await http.agent.close();
}

async function graphToken({ loginUrl, tenantId, clients, graphUrl }: SandboxAddresses['entra']): Promise<string> {
  const { clientId, clientSecret } = clients.muster;
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: clientId,
    client_secret: clientSecret,
    scope: `${graphUrl}/.default`,
  });
  const { body } = await request(`${loginUrl}/${tenantId}/oauth2/v2.0/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: form.toString(),
  });
  const { access_token: token } = (await body.json()) as { access_token?: string };
  if (token === undefined) throw new Error('the token endpoint gave no token');
  return token;
}

function* chunks<T>(all: readonly T[], most: number): Generator<T[]> {
  for (let at = 0; at < all.length; at += most) yield all.slice(at, at + most);
}
