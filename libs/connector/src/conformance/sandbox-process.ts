import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import tls from 'node:tls';
import { fileURLToPath } from 'node:url';
import type { JournalLine, SandboxControls, TargetFault } from './sandbox-controls.ts';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const START_MS = 30_000;
const STOP_MS = 5000;

/** What the sandboxes print when they are up. */
export interface SandboxAddresses {
  okta: {
    url: string;
    oauth: Record<string, { clientId: string; privateKeyFile: string; scopes: string[] }>;
    tokens: Record<string, string>;
  };
  entra: { graphUrl: string; loginUrl: string; tenantId: string; clients: Record<string, { clientId: string; clientSecret: string }> };
  caFile: string;
  adminUrl: string;
}

/** Sandboxes in a process of their own, on a temporary folder. */
export interface SandboxProcess {
  addresses: SandboxAddresses;
  /** Calls the admin port; throws on an error status. */
  admin(method: string, path: string, body?: unknown): Promise<unknown>;
  stop(): Promise<void>;
}

const firstLine = (child: ChildProcess): Promise<string> =>
  new Promise((resolve, reject) => {
    const problems: string[] = [];
    const timer = setTimeout(() => reject(new Error(`the sandbox did not start in time: ${problems.join('')}`)), START_MS);
    child.stderr?.on('data', (chunk: Buffer) => problems.push(chunk.toString()));
    child.once('exit', (code) => reject(new Error(`the sandbox ended with ${code}: ${problems.join('')}`)));
    if (!child.stdout) throw new Error('the sandbox has no output');
    createInterface(child.stdout).on('line', (line) => {
      if (!line.startsWith('{')) return;
      clearTimeout(timer);
      resolve(line);
    });
  });

const ended = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill('SIGTERM');
    return undefined;
  });

/**
 * Starts the sandboxes (built: `tsc -b`) and makes this process trust their CA. `script`, an ES module text, runs in the place of their own main
 * program; it gets the data folder as its argument and prints the addresses as one line of JSON.
 */
export const startSandbox = async (options: { timeFactor?: number; script?: string } = {}): Promise<SandboxProcess> => {
  const data = await mkdtemp(join(tmpdir(), 'connector-sandbox-'));
  const main =
    options.script === undefined
      ? [join(ROOT, 'test/sandbox/dist/main.js'), '--data', data, '--json']
      : ['--input-type=module', '-e', options.script, data];
  const timeFactor = String(options.timeFactor ?? 60);
  const child = spawn(process.execPath, main, {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: '', MUSTER_TIME_FACTOR: timeFactor },
  });
  const addresses = JSON.parse(await firstLine(child)) as SandboxAddresses;
  tls.setDefaultCACertificates([...tls.getCACertificates('default'), await readFile(addresses.caFile, 'utf8')]);
  const admin = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const answer = await fetch(`${addresses.adminUrl}${path}`, {
      method,
      signal: AbortSignal.timeout(20_000),
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  };
  return {
    addresses,
    admin,
    stop: async () => {
      await ended(child);
      await rm(data, { recursive: true, force: true });
    },
  };
};

type Rule = Record<string, unknown>;

const rules: Record<TargetFault['kind'], Rule> = {
  throttle: { kind: 'throttle' },
  'answer-lost': { kind: 'lost-before' },
  'answer-lost-after-effect': { kind: 'lost-after' },
  'server-error': { kind: 'status', status: 500, body: '<html>Internal Server Error</html>' },
  'gateway-timeout-after-effect': { kind: 'status', status: 504, afterEffect: true, body: '<html>Gateway Time-out</html>' },
  malformed: { kind: 'status', status: 200, headers: { 'content-type': 'application/json' }, body: '{"value": [{"id": "cut' },
  'empty-page': { kind: 'empty-page' },
  'repeated-item': { kind: 'repeat-page' },
  'unknown-properties': { kind: 'unknown-property' },
};

interface Journal {
  last: number;
  entries: (Omit<JournalLine, 'at'> & { at: string; server: string })[];
}

/** The vendor's side of the controls: its server, the paths of its calls, its users in the raw state, edits by another administrator. */
export interface VendorControls {
  server: 'okta' | 'graph';
  paths: Record<TargetFault['on'], { method: string; path: string }>;
  matchKeyOf(user: Record<string, unknown>): unknown;
  editOutside(accountId: string): Promise<unknown>;
  disableOutside(accountId: string): Promise<unknown>;
}

/** Faults, journal and raw state of a running sandbox in the words of the suite. */
export const sandboxControls = (sandbox: SandboxProcess, vendor: VendorControls): SandboxControls => {
  const users = async (): Promise<Record<string, unknown>[]> => {
    const state = (await sandbox.admin('GET', `/state?server=${vendor.server}`)) as { users: Record<string, unknown>[] };
    return state.users.filter((user) => user['deleted'] !== true);
  };
  return {
    countAccounts: async () => (await users()).length,
    countByMatchKey: async (matchKey) => (await users()).filter((user) => vendor.matchKeyOf(user) === matchKey).length,
    editOutside: async (accountId) => void (await vendor.editOutside(accountId)),
    disableOutside: async (accountId) => void (await vendor.disableOutside(accountId)),
    fault: async ({ on, kind, times = 1 }) => {
      const rule = { server: vendor.server, ...vendor.paths[on], ...rules[kind], times };
      const { ids } = (await sandbox.admin('POST', '/faults', rule)) as { ids: [string] };
      return ids[0];
    },
    fired: async (id) => {
      const report = (await sandbox.admin('GET', '/faults')) as Record<'active' | 'retired', { id: string; fired: number }[]>;
      return [...report.active, ...report.retired].filter((rule) => rule.id === id).reduce((sum, { fired }) => sum + fired, 0);
    },
    clearFaults: async () => void (await sandbox.admin('DELETE', '/faults')),
    journal: async (since) => {
      const { entries } = (await sandbox.admin('GET', `/journal?server=${vendor.server}&limit=100000`)) as Journal;
      return entries.map(({ at, method, path, status }) => ({ at: Date.parse(at), method, path, status })).filter(({ at }) => at >= since);
    },
  };
};
