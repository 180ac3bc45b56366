import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HookRig, until } from '@muster/ingestion/testing';
import { azureAdIngestion } from './module.ts';

let rig: HookRig;
let people: string[];

/** `hooked` never polls within a test; `mended` hears of changes by notification and by delta; `polled` by delta alone. */
beforeAll(async () => {
  rig = await HookRig.build({
    service: azureAdIngestion,
    server: 'graph',
    names: ['hooked', 'mended', 'polled'],
    connections: ({ sandbox: { addresses }, doorUrl, secret, folder }) => {
      const app = addresses.entra.clients['muster-notified'];
      const secretFile = join(folder, 'entra-secret');
      writeFileSync(secretFile, app?.clientSecret ?? '', { mode: 0o600 });
      const entry = (name: string, incremental: string, more = ''): string => `  - name: ${name}
    kind: entra
    url: ${addresses.entra.graphUrl}
    loginUrl: ${addresses.entra.loginUrl}
    tenant: ${addresses.entra.tenantId}
    credential: { clientId: ${app?.clientId}, clientSecret: "file:${secretFile}" }
    settle: 1s
    intervals: { incremental: ${incremental}, full: 24h }
${more}`;
      const hooks = (name: string): string =>
        `    hooks: { url: "${doorUrl}", secret: "${secret(name)}", previousSecret: "${secret(`${name}-before`)}", register: true }\n`;
      return `${entry('hooked', '1h', hooks('hooked'))}${entry('mended', '1s', hooks('mended'))}${entry('polled', '1s')}`;
    },
  });
  await rig.start();
  await active();
  const { users } = (await rig.sandbox.admin('GET', '/state?server=graph')) as { users: { id: string }[] };
  people = users.map(({ id }) => id);
}, 120_000);
afterEach(() => rig.noFaults());
afterAll(() => rig.tearDown(), 60_000);

const active = () =>
  until('every subscription is active', async () => {
    const all = await Promise.all(['hooked', 'mended'].map((name) => rig.status(name)));
    return all.every(({ hooks }) => hooks.length === 2 && hooks.every(({ state }) => state === 'active')) ? true : undefined;
  });
const retitle = (id: string, jobTitle: string) =>
  rig.sandbox.admin('POST', '/entra/edits', { edit: 'update', id, properties: { jobTitle } });
const titleOf = async (connection: string, id: string) => (await rig.known(connection, id)).fields['jobTitle']?.value;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const fetchesOf = async (id: string): Promise<number> => {
  const { entries } = (await rig.sandbox.admin('GET', '/journal?server=graph&limit=100000')) as {
    entries: { method: string; path: string }[];
  };
  return entries.filter(({ method, path }) => method === 'GET' && path.startsWith(`/v1.0/users/${id}?`)).length;
};
interface Subscribed {
  id: string;
  resource: string;
  expiresAt: number;
  notificationUrl: string;
}
const subscriptions = async (): Promise<Subscribed[]> =>
  ((await rig.sandbox.admin('GET', '/entra/subscriptions')) as { subscriptions: Subscribed[] }).subscriptions;
const notice = (id: string, clientState: string | undefined) => ({
  value: [{ changeType: 'updated', clientState, subscriptionId: 's', resource: `Users/${id}`, resourceData: { id } }],
});

describe('a change notification', () => {
  it('makes a fact of a change in about a second, without a delta', async () => {
    const delays: number[] = [];
    for (const [turn, user] of people.slice(0, 10).entries()) {
      const at = performance.now();
      await retitle(user, `Title ${turn}`);
      await until('the change is a fact', async () => ((await titleOf('hooked', user)) === `Title ${turn}` ? true : undefined), 5_000);
      delays.push(performance.now() - at);
    }
    const sorted = delays.toSorted((a, b) => a - b);
    process.stderr.write(`notification to fact: median ${Math.round(sorted[5] ?? 0)} ms, longest ${Math.round(sorted.at(-1) ?? 0)} ms\n`);
    expect(sorted[5]).toBeLessThan(1_500);
  }, 60_000);
});

describe('the receiver', () => {
  it('gives the token of a validation back as plain text, decoded', async () => {
    const answer = await rig.call('/hooks/hooked?validationToken=a%20b%26c%2B%3Cd%3E', {
      headers: { 'content-type': 'text/plain' },
      body: '',
    });
    expect(answer).toEqual({ status: 200, type: expect.stringContaining('text/plain'), text: 'a b&c+<d>' });
    expect((await rig.call('/hooks/polled?validationToken=a', { body: '' })).status).toBe(404);
  });

  it('takes what carries the present or the previous secret, and nothing else', async () => {
    const [user = ''] = people.slice(10);
    await pause(1_500);
    const before = await fetchesOf(user);
    for (const secret of [undefined, '', 'wrong', rig.secrets.get('mended')])
      expect((await rig.call('/hooks/hooked', { body: notice(user, secret) })).status).toBe(401);
    for (const body of ['[]', '{}', '{"cut', { value: 'x' }]) expect((await rig.call('/hooks/hooked', { body })).status).toBe(400);
    await pause(1_500);
    expect(await fetchesOf(user)).toBe(before);
    expect((await rig.call('/hooks/hooked', { body: notice(user, rig.secrets.get('hooked-before')) })).status).toBe(202);
    await until('the object is fetched', async () => ((await fetchesOf(user)) > before ? true : undefined));
  }, 20_000);
});

describe('notifications that come one to five times, in any order, with a fifth of them lost', () => {
  it('end where delta alone ends', async () => {
    await rig.faults({ lost: 0.2, repeat: { min: 1, max: 5 }, delay: { minMs: 0, maxMs: 800 }, wrongSecret: 0.1, seed: 3 });
    for (let turn = 0; turn < 3; turn += 1) for (const user of people.slice(0, 12)) await retitle(user, `Round ${turn} ${user}`);
    for (const user of people.slice(0, 12))
      for (const connection of ['mended', 'polled'])
        await until(
          `${connection} knows the last title`,
          async () => ((await titleOf(connection, user)) === `Round 2 ${user}` ? true : undefined),
          30_000,
        );
    for (const user of people) {
      const [mended, polled] = [await rig.known('mended', user), await rig.known('polled', user)];
      const values = ({ fields }: typeof mended) => Object.fromEntries(Object.entries(fields).map(([name, { value }]) => [name, value]));
      expect(values(mended)).toEqual(values(polled));
    }
    expect((await rig.told())['lost']).toBeGreaterThan(0);
  }, 90_000);
});

describe('a subscription', () => {
  it('is renewed when Graph asks for it', async () => {
    const before = await subscriptions();
    await pause(50);
    await rig.sandbox.admin('POST', '/entra/lifecycle', { event: 'reauthorizationRequired' });
    await until('all live longer', async () => {
      const now = new Map((await subscriptions()).map(({ id, expiresAt }) => [id, expiresAt]));
      return before.every(({ id, expiresAt }) => (now.get(id) ?? 0) > expiresAt) ? true : undefined;
    });
  }, 30_000);

  it('that was removed is made again, and what happened meanwhile is found by delta', async () => {
    const before = (await subscriptions()).map(({ id }) => id);
    const [user = ''] = people.slice(13);
    await rig.faults({ lost: 1 });
    await retitle(user, 'In the gap');
    await pause(100);
    await rig.noFaults();
    await rig.sandbox.admin('POST', '/entra/lifecycle', { event: 'subscriptionRemoved' });
    await until('new ones are there', async () => {
      const now = await subscriptions();
      return now.length === before.length && now.every(({ id }) => !before.includes(id)) ? true : undefined;
    });
    await until('the gap is closed', async () => ((await titleOf('hooked', user)) === 'In the gap' ? true : undefined));
  }, 30_000);

  it('that was found gone is made again, and delta is read for the time without it', async () => {
    const [user = ''] = people.slice(15);
    // What the last test had delta read is read by now.
    await pause(2_000);
    await rig.faults({ lost: 1 });
    await retitle(user, 'In the unseen gap');
    await rig.sandbox.admin('POST', '/entra/lifecycle', { event: 'subscriptionRemoved', resource: 'groups' });
    await pause(200);
    await rig.noFaults();
    expect(await titleOf('hooked', user)).not.toBe('In the unseen gap');
    await rig.sandbox.admin('POST', '/entra/lifecycle', { event: 'reauthorizationRequired', resource: 'users' });
    await until('both are there again', async () => ((await subscriptions()).length === 4 ? true : undefined));
    await until('the gap is closed', async () => ((await titleOf('hooked', user)) === 'In the unseen gap' ? true : undefined), 5_000);
  }, 30_000);

  it('that may not be had leaves polling, which the status says', async () => {
    await rig.sandbox.admin('POST', '/entra/subscriptions', { quota: 0 });
    await rig.sandbox.admin('POST', '/entra/lifecycle', { event: 'subscriptionRemoved' });
    const status = await until('it is known', async () => {
      const now = await rig.status('hooked');
      return now.hearsBy === 'polling' ? now : undefined;
    });
    expect(status.hooks).toMatchObject([
      { of: 'groups', state: 'refused', because: expect.any(String) },
      { of: 'users', state: 'refused' },
    ]);
    await rig.sandbox.admin('POST', '/entra/subscriptions', { quota: 100 });
    const [user = ''] = people.slice(14);
    await retitle(user, 'By polling');
    await until('polling goes on', async () => ((await titleOf('mended', user)) === 'By polling' ? true : undefined), 10_000);
  }, 40_000);
});
