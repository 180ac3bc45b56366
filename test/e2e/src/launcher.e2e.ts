import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type SandboxProcess, startSandbox } from '@muster/connector/testing';
import { Launcher } from './running/launcher.ts';
import { endDatabase, removeFolder, temporaryFolder, until } from './running/product-under-test.ts';

const CLI = fileURLToPath(new URL('../../../libs/cli/dist/main.js', import.meta.url));
const TEMPLATES = fileURLToPath(new URL('../../../libs/flow/templates', import.meta.url));
const HR_TOKEN = 'h'.repeat(40);
const TIME_FACTOR = 20;
const folder = temporaryFolder();
const data = join(folder, 'data');
const file = (name: string): string => join(folder, name);
let own: SandboxProcess;
let running: Launcher | undefined;
let newcomer: string;

beforeAll(async () => {
  own = await startSandbox({ timeFactor: TIME_FACTOR });
  await admin('POST', '/seed', { workers: 12, groups: 30, apps: 8 });
  writeFileSync(file('hr-token'), HR_TOKEN);
  writeFileSync(file('entra-secret'), own.addresses.entra.clients['muster']?.clientSecret ?? '');
  writeFileSync(file('observe.yaml'), connections(''));
  writeFileSync(file('live.yaml'), connections('    state: live\n'));
}, 60_000);

afterAll(async () => {
  await running?.interrupt();
  endDatabase(data);
  await own?.stop();
  removeFolder(folder);
}, 60_000);

describe('own systems by --config', () => {
  it.each([
    [
      'start',
      '--config',
      '/nowhere/connections.yaml',
      /\/nowhere\/connections\.yaml, which cannot be read \(ENOENT\); name a connection file/,
    ],
    ['start', '--time-factor', 'fast', /--time-factor is "fast"; give a number from 1 to 1000[^]*usage:/],
    ['begin', '--data', data, /unknown command "begin"[^]*usage:/],
  ])('are refused with exit code 2 and words that help: %s %s %s', async (command, option, value, words) => {
    const refused = Launcher.run([command, option, value]);
    expect(await refused.ended()).toBe(2);
    expect(refused.err).toMatch(words);
    expect(refused.out).toBe('');
  });

  it('are refused before anything starts when the file is wrong, each problem with line, field and remedy', async () => {
    writeFileSync(file('wrong.yaml'), connections('    stat: live\n').replace(`"file:${file('hr-token')}"`, 'plain'));
    const refused = Launcher.run(['start', '--data', data, '--config', file('wrong.yaml')]);
    expect(await refused.ended()).toBe(2);
    expect(refused.err).toMatch(/wrong\.yaml:2 connections\[0\]\.credential\.token: .* Write env:NAME or file:PATH/);
    expect(refused.err).toMatch(/wrong\.yaml:\d+ connections\[1\]\.stat: /);
    expect(refused.err).not.toContain(HR_TOKEN);
    expect(refused.out).toBe('');
  });

  it('are only read at first: people are linked, changes are planned, nothing is written', async () => {
    await start('observe.yaml');
    expect(running?.out).toMatch(/no flow file stands in .*flows: everything is read, nothing is planned/);
    expect(await running?.interrupt()).toBe(0);

    mkdirSync(join(data, 'flows'), { recursive: true });
    for (const name of ['joiner.flow.yaml', 'leaver.flow.yaml']) cpSync(join(TEMPLATES, name), join(data, 'flows', name));
    await start('observe.yaml');
    await pushTo();
    newcomer = (
      (await admin('POST', '/hr/workers', { givenName: 'Ada', familyName: 'Byron', title: 'Analyst', hireDate: today() })) as {
        key: string;
      }
    ).key;
    const plan = await until('a plan for the newcomer', async () => {
      const { code, stdout } = await muster('--json', 'plan', newcomer);
      return code === 3 && stdout.includes('"create"') ? (JSON.parse(stdout) as { commands: { held?: boolean }[] }) : undefined;
    });
    expect(plan.commands.every(({ held }) => held === true)).toBe(true);
    await counted({ identities: 13, 'linked accounts': 24, 'dead letters': 0 });
    expect(await vendorWrites()).toEqual([]);
    expect(await running?.interrupt()).toBe(0);
    expect(running?.out).toMatch(/stopping\s*$/);
  }, 150_000);

  it('are written once the file says live, and a next start goes on with what is there', async () => {
    await start('live.yaml');
    await pushTo();
    await until('accounts on both sides', async () => (await accountsOf(newcomer)).join() === '1,1');
    await settled();
    const written = await vendorWrites();
    expect(await running?.interrupt()).toBe(0);

    await start('live.yaml');
    await pushTo();
    const next = (
      (await admin('POST', '/hr/workers', { givenName: 'Grace', familyName: 'Murray', title: 'Admiral', hireDate: today() })) as {
        key: string;
      }
    ).key;
    await until('accounts of the next one', async () => (await accountsOf(next)).join() === '1,1');
    await settled();
    expect(await accountsOf(newcomer)).toEqual([1, 1]);
    const more = (await vendorWrites()).slice(written.length);
    expect(more.filter((write) => /^POST \/(api\/v1|v1\.0)\/users(\?|$)/.test(write))).toHaveLength(2);
    await counted({ identities: 14, 'linked accounts': 28, 'open cases': 0, 'dead letters': 0 });
  }, 150_000);
});

const today = (): string => new Date().toISOString().slice(0, 10);
const admin = (method: string, path: string, body?: object): Promise<unknown> => own.admin(method, path, body);

async function start(config: string): Promise<void> {
  const args = ['start', '--data', data, '--config', file(config), '--time-factor', String(TIME_FACTOR)];
  running = Launcher.run(args, { NODE_EXTRA_CA_CERTS: own.addresses.caFile });
  await running.ready();
}

/** The counts of `muster status` become these: they come from a view that follows. */
async function counted(expected: Record<string, number>): Promise<void> {
  let last: Record<string, number> = {};
  const found = await until('the counts of muster status', async () => {
    const { code, stdout } = await muster('--json', 'status');
    if (code === 0) last = (JSON.parse(stdout) as { counts: Record<string, number> }).counts;
    return Object.entries(expected).every(([name, count]) => last[name] === count) ? last : undefined;
  }).catch(() => last);
  expect(found).toMatchObject(expected);
}

function muster(...args: string[]): Promise<{ code: number; stdout: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [CLI, '--data', data, ...args],
      { env: { ...process.env, NODE_OPTIONS: '' }, timeout: 30_000 },
      (error, stdout) => resolve({ code: error ? Number(error.code ?? 99) : 0, stdout }),
    );
  });
}

/** Has the HR system push to the console that runs now: everybody, at the first time. */
async function pushTo(): Promise<void> {
  const url = /console {3}(http:\S+)/.exec(running?.out ?? '')?.[1];
  await admin('POST', '/hr/subscription', { target: `${url}/scim/v2/hr-main/Bulk`, token: HR_TOKEN });
}

async function vendorWrites(): Promise<string[]> {
  const { entries } = (await admin('GET', '/journal?since=0&limit=100000')) as {
    entries: { server: string; method: string; path: string; effects: string[] }[];
  };
  return entries
    .filter(({ server, effects }) => (server === 'okta' || server === 'graph') && effects.length > 0)
    .map(({ method, path }) => `${method} ${path}`);
}

/** How many accounts somebody has, in Okta and in Entra. */
async function accountsOf(employeeNumber: string): Promise<number[]> {
  const users = async (server: string): Promise<Record<string, unknown>[]> =>
    ((await admin('GET', `/state?server=${server}&kind=users`)) as { users: Record<string, unknown>[] }).users;
  const [okta, entra] = [await users('okta'), await users('graph')];
  return [
    okta.filter(({ profile }) => (profile as Record<string, unknown>)['employeeNumber'] === employeeNumber).length,
    entra.filter(({ employeeId }) => employeeId === employeeNumber).length,
  ];
}

/** Nothing is written to a vendor for a while. */
async function settled(): Promise<void> {
  let count = -1;
  let since = performance.now();
  await until('nothing is written any more', async () => {
    const { length } = await vendorWrites();
    if (length !== count) since = performance.now();
    count = length;
    return performance.now() - since > 2_000;
  });
}

function connections(more: string): string {
  const { okta, entra } = own.addresses;
  return `connections:
  - { name: hr-main, kind: hr, authoritative: true, credential: { token: "file:${file('hr-token')}" } }
  - name: okta-main
    kind: okta
    url: ${okta.url}
    credential: { clientId: ${okta.oauth['muster']?.clientId}, privateKey: "file:${okta.oauth['muster']?.privateKeyFile}" }
    domain: kestrel.example
${more}  - name: entra-main
    kind: entra
    url: ${entra.graphUrl}
    loginUrl: ${entra.loginUrl}
    tenant: ${entra.tenantId}
    credential: { clientId: ${entra.clients['muster']?.clientId}, clientSecret: "file:${file('entra-secret')}" }
    domain: kestrel.example
${more}`;
}
