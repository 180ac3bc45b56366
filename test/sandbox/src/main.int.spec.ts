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

/** Runs the official SDK in a process of its own that trusts the CA by NODE_EXTRA_CA_CERTS, as the product's services do. */
async function countUsers({ okta, caFile }: SandboxAddresses): Promise<unknown> {
  const script = `
    import okta from '@okta/okta-sdk-nodejs';
    const client = new okta.Client({ orgUrl: ${JSON.stringify(okta.url)}, token: process.env.TOKEN, cacheMiddleware: null });
    let users = 0;
    for await (const user of await client.userApi.listUsers({ limit: 200 })) if (user) users++;
    console.log(users);`;
  const { NODE_OPTIONS: _, ...env } = process.env;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: import.meta.dirname,
    env: { ...env, NODE_EXTRA_CA_CERTS: caFile, TOKEN: okta.tokens.readOnly },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running.push(child);
  const [line] = (await once(createInterface({ input: child.stdout }), 'line', { signal: AbortSignal.timeout(60_000) })) as [string];
  return Number(line);
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

  it('loses nothing that it answered when it is killed', async () => {
    const { child, addresses } = await start();
    await fetch(`${addresses.hr.url}/workers`, { method: 'POST', body: JSON.stringify({ key: 'E7', givenName: 'A', familyName: 'B' }) });
    const edit = { do: 'create-user', profile: { login: 'kill@x.example', email: 'kill@x.example', firstName: 'K', lastName: 'L' } };
    await fetch(`${addresses.adminUrl}/okta/outside-edit`, { method: 'POST', body: JSON.stringify(edit) });
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    const again = await start();
    expect(await countUsers(again.addresses)).toBe(41);
    expect((await fetch(`${again.addresses.hr.url}/workers/E7`)).status).toBe(200);
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
