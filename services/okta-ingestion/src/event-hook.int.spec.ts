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
      const hooks = (name: string): string => `    hooks: { url: "${doorUrl}", secret: "${secret(name)}", register: true }\n`;
      return `${entry('hooked', '1h', hooks('hooked'))}${entry('mended', '1s', hooks('mended'))}${entry('polled', '1s')}`;
    },
  });
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
  void HEADER;
});
