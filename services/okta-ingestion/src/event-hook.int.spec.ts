import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { HookRig, until } from '@muster/ingestion/testing';
import { oktaIngestion } from './module.ts';

const HEADER = 'x-muster-hook-secret';

let rig: HookRig;
let people: string[];

/** `hooked` never polls within a test; `mended` hears of changes by hook and by polling; `polled` by polling alone. */
beforeAll(async () => {
  rig = await HookRig.build({
    service: oktaIngestion,
    server: 'okta',
    names: ['hooked', 'mended', 'polled'],
    connections: ({ sandbox: { addresses }, doorUrl, secret }) => {
      const app = addresses.okta.oauth['muster'];
      const entry = (name: string, incremental: string, more = ''): string => `  - name: ${name}
    kind: okta
    url: ${addresses.okta.url}
    credential: { clientId: ${app?.clientId}, privateKey: "file:${app?.privateKeyFile}" }
    settle: 1s
    budget: { apps: 60000/min, logs: 60000/min, other: 60000/min, userRead: 60000/min, users: 60000/min, groups: 60000/min, group: 60000/min, app: 60000/min, share: 1 }
    intervals: { incremental: ${incremental}, full: 24h }
${more}`;
      const hooks = (name: string): string =>
        `    hooks: { url: "${doorUrl}", secret: "${secret(name)}", previousSecret: "${secret(`${name}-before`)}", register: true }\n`;
      return `${entry('hooked', '1h', hooks('hooked'))}${entry('mended', '1s', hooks('mended'))}${entry('polled', '1s')}`;
    },
  });
  // What an answer says of its bucket slows us down, whether calls are refused or not.
  const buckets = ['users', 'users/{id}', 'users/{id} GET', 'groups', 'groups/{id}', 'apps/*', 'apps/{id}', 'logs', 'other'];
  const roomy = Object.fromEntries(buckets.map((name) => [name, 1_000_000]));
  await rig.sandbox.admin('POST', '/okta/settings', { buckets: roomy, share: 1, concurrency: 1_000 });
  await rig.start();
  await until('both hooks are active', async () =>
    (await Promise.all(['hooked', 'mended'].map((name) => rig.status(name)))).every(({ hearsBy }) => hearsBy === 'hooks')
      ? true
      : undefined,
  );
  const { users } = (await rig.sandbox.admin('GET', '/state?server=okta')) as { users: { id: string; status: string }[] };
  people = users.filter(({ status }) => status === 'ACTIVE').map(({ id }) => id);
}, 120_000);
afterEach(() => rig.noFaults());
afterAll(() => rig.tearDown(), 60_000);

const retitle = (user: string, title: string) =>
  rig.sandbox.admin('POST', '/okta/outside-edit', { do: 'update-user', user, profile: { title } });
const titleOf = async (connection: string, id: string) => (await rig.known(connection, id)).fields['title']?.value;

describe('an event hook', () => {
  it('makes a fact of a change in about a second, without a poll', async () => {
    const delays: number[] = [];
    for (const [turn, user] of people.slice(0, 10).entries()) {
      const at = performance.now();
      await retitle(user, `Title ${turn}`);
      await until('the change is a fact', async () => ((await titleOf('hooked', user)) === `Title ${turn}` ? true : undefined), 5_000);
      delays.push(performance.now() - at);
    }
    const sorted = delays.toSorted((a, b) => a - b);
    process.stderr.write(`hook to fact: median ${Math.round(sorted[5] ?? 0)} ms, longest ${Math.round(sorted.at(-1) ?? 0)} ms\n`);
    expect(sorted[5]).toBeLessThan(1_500);
  }, 60_000);
});

const fetchesOf = async (id: string): Promise<number> => {
  const { entries } = (await rig.sandbox.admin('GET', '/journal?server=okta&limit=100000')) as {
    entries: { method: string; path: string }[];
  };
  return entries.filter(({ method, path }) => method === 'GET' && path === `/api/v1/users/${id}`).length;
};

let told = 0;
/** A delivery that says that a person changed. */
const delivery = (id: string, uuid = `test-${(told += 1)}`, more: object = {}) => ({
  eventType: 'com.okta.event_hook',
  data: {
    events: [{ uuid, eventType: 'user.account.update_profile', outcome: { result: 'SUCCESS' }, target: [{ id, type: 'User' }], ...more }],
  },
});
const send = (body: unknown, secret = rig.secrets.get('hooked') ?? '') =>
  rig.call('/hooks/hooked', { body, headers: { [HEADER]: secret } });
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('the receiver', () => {
  it('answers the challenge, and that only where a hook is configured', async () => {
    const challenge = (path: string) => rig.call(path, { method: 'GET', headers: { 'x-okta-verification-challenge': 'a"b<c' } });
    expect(JSON.parse((await challenge('/hooks/hooked')).text)).toEqual({ verification: 'a"b<c' });
    expect((await challenge('/hooks/polled')).status).toBe(404);
    expect((await challenge('/hooks/nobody')).status).toBe(404);
  });

  it('takes the present and the previous secret, and nothing of anybody else', async () => {
    const [user = ''] = people.slice(10);
    await pause(1_500);
    const before = await fetchesOf(user);
    for (const secret of ['', 'wrong', `${rig.secrets.get('hooked')}x`, rig.secrets.get('mended') ?? ''])
      expect((await send(delivery(user), secret)).status).toBe(401);
    expect((await rig.call('/hooks/hooked', { body: delivery(user) })).status).toBe(401);
    await pause(1_500);
    expect(await fetchesOf(user)).toBe(before);
    expect((await send(delivery(user), rig.secrets.get('hooked-before'))).status).toBe(200);
    await until('the object is fetched', async () => ((await fetchesOf(user)) > before ? true : undefined));
  }, 20_000);

  it('refuses what is no delivery, or too large', async () => {
    for (const body of ['{"cut', '[]', '{}', { eventType: 'com.okta.event_hook', data: {} }]) expect((await send(body)).status).toBe(400);
    expect((await send({ ...delivery('00u'), filler: 'x'.repeat(1_100_000) })).status).toBe(413);
    expect((await send({ eventType: 'com.okta.event_hook', data: { events: [null, {}, { uuid: 1 }, 'x'] } })).status).toBe(200);
  });

  it('fetches once for what is told again', async () => {
    const [user = ''] = people.slice(11);
    const body = delivery(user, 'the-same');
    const before = await fetchesOf(user);
    await send(body);
    await until('now and again behind all lag', async () => ((await fetchesOf(user)) === before + 2 ? true : undefined), 5_000);
    for (let turn = 0; turn < 4; turn += 1) expect((await send(body)).status).toBe(200);
    await pause(1_500);
    expect(await fetchesOf(user)).toBe(before + 2);
  }, 20_000);

  it('believes nothing that is told: neither a value nor a deletion', async () => {
    const [user = ''] = people.slice(12);
    const title = await titleOf('hooked', user);
    const forged = { debugContext: { debugData: { changedAttributes: 'title' } }, eventType: 'user.lifecycle.delete.completed' };
    expect((await send(delivery(user, 'forged-deletion', forged))).status).toBe(200);
    expect((await send(delivery('00unobody0000000000'))).status).toBe(200);
    await pause(1_500);
    // Not even where the object cannot be found at the moment.
    await rig.sandbox.admin('POST', '/faults', {
      server: 'okta',
      method: 'GET',
      path: `/api/v1/users/${user}`,
      kind: 'status',
      status: 404,
      body: { errorCode: 'E0000007' },
    });
    const again = { ...forged, published: new Date().toISOString() };
    expect((await send(delivery(user, 'forged-again', again))).status).toBe(200);
    await pause(1_500);
    expect(await rig.known('hooked', user)).toMatchObject({ existence: 'there' });
    expect(await titleOf('hooked', user)).toBe(title);
    expect((await rig.known('hooked', '00unobody0000000000')).existence).toBe('unknown');
  }, 20_000);
});

describe('hooks that come one to five times, in any order, with a fifth of them lost', () => {
  it('end where polling alone ends, and what was missed is counted', async () => {
    const before = (await rig.told())['lost'] ?? 0;
    await rig.faults({ lost: 0.2, repeat: { min: 1, max: 5 }, delay: { minMs: 0, maxMs: 800 }, wrongSecret: 0.1, seed: 7 });
    for (let turn = 0; turn < 3; turn += 1) for (const user of people.slice(0, 12)) await retitle(user, `Round ${turn} ${user}`);
    await pause(1_000);
    expect((await rig.told())['lost']).toBeGreaterThan(before);
    for (const user of people.slice(0, 12))
      for (const connection of ['mended', 'polled'])
        await until(
          `${connection} knows the last title`,
          async () => ((await titleOf(connection, user)) === `Round 2 ${user}` ? true : undefined),
          30_000,
        );
    const { length } = people;
    for (const user of people.slice(0, length)) {
      const [mended, polled] = [await rig.known('mended', user), await rig.known('polled', user)];
      const values = ({ fields }: typeof mended) => Object.fromEntries(Object.entries(fields).map(([name, { value }]) => [name, value]));
      expect(values(mended)).toEqual(values(polled));
      expect([mended.existence, mended.enabled?.value]).toEqual([polled.existence, polled.enabled?.value]);
    }
    const { entries } = (await rig.sandbox.admin('GET', '/journal?server=okta&limit=100000')) as {
      entries: { method: string; path: string }[];
    };
    const writes = entries.filter(({ method, path }) => method !== 'GET' && !path.startsWith('/oauth2/'));
    expect(writes.filter(({ path }) => !path.startsWith('/api/v1/eventHooks'))).toEqual([]);
    expect(writes.filter(({ method, path }) => method === 'POST' && path === '/api/v1/eventHooks')).toHaveLength(2);
  }, 90_000);
});

describe('the hook at Okta', () => {
  const restart = async () => {
    await rig.stop();
    await rig.start();
  };
  const hooks = async () =>
    ((await rig.sandbox.admin('GET', '/state?server=okta&kind=hooks')) as { hooks: { id: string; uri: string }[] }).hooks;

  it('that somebody switched off stays off, which the status says; changes are polled', async () => {
    const mended = (await hooks()).find(({ uri }) => uri.endsWith('/mended'))?.id ?? '';
    const admin = async (method: string, path: string) =>
      fetch(`${rig.sandbox.addresses.okta.url}/api/v1/eventHooks/${mended}${path}`, {
        method,
        headers: { authorization: `SSWS ${rig.sandbox.addresses.okta.tokens['admin'] ?? ''}` },
      }).then(({ status }) => status);
    expect(await admin('POST', '/lifecycle/deactivate')).toBe(200);
    await restart();
    const status = await until('it is seen', async () => {
      const now = await rig.status('mended');
      return now.hearsBy === 'polling' ? now : undefined;
    });
    expect(status.hooks).toMatchObject([{ of: 'log', state: 'switched-off', because: expect.stringContaining('switched') }]);
    const [user = ''] = people.slice(14);
    await retitle(user, 'By polling');
    await until('polling goes on', async () => ((await titleOf('mended', user)) === 'By polling' ? true : undefined));
    expect(await admin('POST', '/lifecycle/activate')).toBe(200);
  }, 60_000);

  it('is found again by a later start and not made anew', async () => {
    const before = (await hooks()).map(({ id }) => id);
    await restart();
    await pause(500);
    expect((await hooks()).map(({ id }) => id)).toEqual(before);
    expect((await rig.status('hooked')).hooks).toMatchObject([{ of: 'log', state: 'active' }]);
  }, 60_000);
});
