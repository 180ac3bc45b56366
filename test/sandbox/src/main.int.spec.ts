import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, describe, expect, it, jest } from '@jest/globals';
import type { SandboxAddresses } from './start-sandboxes.ts';

jest.setTimeout(120_000);

const main = join(import.meta.dirname, '../dist/main.js');
const data = mkdtempSync(join(tmpdir(), 'sandbox-main-'));
const running: ChildProcess[] = [];

afterEach(async () => {
  for (const child of running.splice(0)) await stop(child);
});
afterAll(() => rmSync(data, { recursive: true, force: true }));

async function stop(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const [code] = (await ended) as [number | null];
  return code;
}

async function start(...more: string[]): Promise<{ child: ChildProcess; lines: string[]; addresses: SandboxAddresses }> {
  const child = spawn(process.execPath, [main, '--data', data, '--json', '--limits', 'off', ...more], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running.push(child);
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout });
  const first = once(reader, 'line', { signal: AbortSignal.timeout(60_000) }) as Promise<[string]>;
  reader.on('line', (line) => lines.push(line));
  const [line] = await first;
  return { child, lines, addresses: JSON.parse(line) as SandboxAddresses };
}

const seed = (adminUrl: string, body: object): Promise<unknown> =>
  fetch(`${adminUrl}/seed`, { method: 'POST', body: JSON.stringify(body) }).then((response) => response.json());

/** Runs a line with the official SDK in a process of its own that trusts the CA by NODE_EXTRA_CA_CERTS, as the product's services do. */
async function withSdk({ okta, caFile }: SandboxAddresses, token: string, work: string): Promise<string> {
  const script = `
    import okta from '@okta/okta-sdk-nodejs';
    const client = new okta.Client({ orgUrl: ${JSON.stringify(okta.url)}, token: process.env.TOKEN, cacheMiddleware: null });
    ${work}`;
  const { NODE_OPTIONS: _, ...env } = process.env;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: import.meta.dirname,
    env: { ...env, NODE_EXTRA_CA_CERTS: caFile, TOKEN: token },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running.push(child);
  const [line] = (await once(createInterface({ input: child.stdout }), 'line', { signal: AbortSignal.timeout(60_000) })) as [string];
  return line;
}

const countUsers = async (addresses: SandboxAddresses): Promise<number> =>
  Number(
    await withSdk(
      addresses,
      addresses.okta.tokens.readOnly,
      'let users = 0; for await (const user of await client.userApi.listUsers({ limit: 200 })) if (user) users++; console.log(users);',
    ),
  );

const createUser = (addresses: SandboxAddresses, login: string): Promise<string> =>
  withSdk(
    addresses,
    addresses.okta.tokens.muster,
    `const profile = { login: '${login}', email: '${login}', firstName: 'K', lastName: 'L' };
     console.log((await client.userApi.createUser({ body: { profile } })).id);`,
  );

async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

describe('the sandbox process', () => {
  it('prints one JSON line, seeds a company on both sides, and a second start goes on with ports, credentials and data', async () => {
    const first = await start();
    expect(await seed(first.addresses.adminUrl, { workers: 40, groups: 15, apps: 3 })).toMatchObject({
      workers: 40,
      added: { hr: 40, okta: { users: 40 } },
    });
    expect(await countUsers(first.addresses)).toBe(40);
    expect(statSync(join(data, 'sandbox.json')).mode & 0o777).toBe(0o600);
    expect(statSync(join(data, 'okta.sqlite')).mode & 0o777).toBe(0o600);
    expect(await stop(first.child)).toBe(0);
    expect(first.lines).toHaveLength(1);
    const second = await start();
    expect(second.addresses).toEqual(first.addresses);
    expect(await countUsers(second.addresses)).toBe(40);
    expect(await seed(second.addresses.adminUrl, { workers: 40, groups: 15, apps: 3 })).toMatchObject({ added: { hr: 0 } });
    expect(await countUsers(second.addresses)).toBe(40);
  });

  it('loses nothing that it answered, as a vendor or to its admin, when it is killed', async () => {
    const first = await start();
    const before = await countUsers(first.addresses);
    await createUser(first.addresses, 'one@x.example');
    await kill(first.child);
    const second = await start();
    expect(await countUsers(second.addresses)).toBe(before + 1);
    const edit = { do: 'create-user', profile: { login: 'two@x.example', email: 'two@x.example', firstName: 'K', lastName: 'L' } };
    await fetch(`${second.addresses.adminUrl}/okta/outside-edit`, { method: 'POST', body: JSON.stringify(edit) });
    await kill(second.child);
    expect(await countUsers((await start()).addresses)).toBe(before + 2);
  });

  it('says how it is used when it is misused', async () => {
    const child = spawn(process.execPath, [main, '--time-factor', '-1'], { stdio: ['ignore', 'ignore', 'pipe'] });
    const reader = createInterface({ input: child.stderr });
    const lines: string[] = [];
    reader.on('line', (line) => lines.push(line));
    const [code] = (await once(child, 'exit')) as [number];
    expect(code).toBe(2);
    expect(lines.join('\n')).toContain('usage: sandbox');
  });
});
