import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type SandboxProcess, startSandbox } from '@muster/connector/testing';
import { type Command, type CommandEnded, schemaOf, streamOf } from '@muster/contracts';
import { spawnEventNode, type SpawnedEventNode } from '@muster/event-node/testing';
import type { EventStore } from '@muster/event-store';
import { startTemporaryPostgres } from '@muster/read-store/testing';
import { openPlatform, type Platform, readSettings, type RunningService, startService } from '@muster/service-kit';
import { provisioning } from '../index.ts';

const TIME_FACTOR = 60;
const OCCURRED = '2026-03-02T09:00:00.000Z';

export interface OktaUser {
  id: string;
  status: string;
  profile: Record<string, unknown>;
}

let named = 0;

/** A command with everything that it must have; names are fresh. */
export const command = (wanted: Pick<Command, 'action'> & Partial<Command>): Command => {
  named += 1;
  return {
    commandId: `command-${named}`,
    connection: 'okta-main',
    object: { kind: 'account' },
    valueHmac: `hmac-${named}`,
    generation: 0,
    lane: 'live',
    provenance: {},
    ...wanted,
  };
};

/** Resolves with the first answer that is not undefined. */
export async function until<T>(what: string, ask: () => Promise<T | undefined>, timeoutMs = 20_000): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > deadline) throw new Error(`did not come to be within ${timeoutMs} ms: ${what}`);
    await sleep(50);
  }
}

/** The service on real parts: event node, PostgreSQL, the Okta and Entra sandboxes. Plans are written by the test. */
export class Rig {
  service: RunningService | undefined;

  private constructor(
    readonly sandbox: SandboxProcess,
    readonly platform: Platform,
    private readonly parts: { folder: string; node: SpawnedEventNode; postgres: Awaited<ReturnType<typeof startTemporaryPostgres>> },
  ) {}

  static async build({ workers = 120 }: { workers?: number } = {}): Promise<Rig> {
    const folder = await mkdtemp(join(tmpdir(), 'muster-provisioning-'));
    const [postgres, node, sandbox] = await Promise.all([
      startTemporaryPostgres(),
      spawnEventNode({ dataDir: folder }),
      startSandbox({ timeFactor: TIME_FACTOR }),
    ]);
    await sandbox.admin('POST', '/seed', { workers, groups: 5, apps: 2 });
    const environment = {
      MUSTER_STORE: node.connectionString,
      MUSTER_DATABASE: postgres.url,
      MUSTER_MASTER_KEY_FILE: join(folder, 'master.key'),
      MUSTER_CONNECTIONS: await connectionFile(folder, sandbox),
      MUSTER_INTERNAL_TOKEN_FILE: join(folder, 'token'),
      MUSTER_TIME_FACTOR: String(TIME_FACTOR),
      MUSTER_LOG_LEVEL: process.env['MUSTER_LOG_LEVEL'] ?? 'silent',
    };
    await writeFile(environment.MUSTER_INTERNAL_TOKEN_FILE, randomBytes(32).toString('hex'), { mode: 0o600 });
    const platform = await openPlatform(readSettings(environment));
    return new Rig(sandbox, platform, { folder, node, postgres });
  }

  get store(): EventStore {
    return this.platform.store;
  }

  async start(): Promise<void> {
    this.service = await startService(provisioning, this.platform);
  }

  async stop(): Promise<void> {
    await this.service?.close();
    this.service = undefined;
  }

  async tearDown(): Promise<void> {
    await this.stop();
    await this.platform.close();
    const { folder, node, postgres } = this.parts;
    await Promise.all([node.stop(), postgres.stop(), this.sandbox.stop()]);
    await rm(folder, { recursive: true, force: true });
  }

  /** What the service answers to the console. */
  async ask<T>(path: string, method: 'GET' | 'POST' = 'GET', body: object = {}): Promise<T> {
    const answer = await fetch(`${this.service?.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${this.platform.settings.internalToken}`, 'content-type': 'application/json' },
      ...(method === 'POST' ? { body: JSON.stringify(body) } : {}),
      signal: AbortSignal.timeout(10_000),
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  }

  /** A person who is active, and the plan for them. */
  async person(commands: readonly Command[], identityId = randomUUID()): Promise<string> {
    const lifecycle = {
      identityId,
      state: 'active',
      startsOn: '2026-03-01',
      timeZone: 'UTC',
      cause: { stream: 'worker-hr-main.x', revision: 0 },
      recordVersion: 1,
    };
    await this.store.append(
      streamOf.identity(identityId),
      [{ type: 'IdentityLifecycleChanged', data: lifecycle, metadata: metadata('IdentityLifecycleChanged') }],
      'none',
    );
    await this.release(identityId, commands);
    return identityId;
  }

  async release(identityId: string, commands: readonly Command[]): Promise<void> {
    const data = {
      planId: randomUUID(),
      identityId,
      asOf: OCCURRED,
      inputs: [],
      flows: [],
      lifecycleRevision: 0,
      commands,
      commandIds: commands.map(({ commandId }) => commandId),
      blocked: [],
    };
    await this.store.append(streamOf.plan(identityId), [{ type: 'PlanReleased', data, metadata: metadata('PlanReleased') }], 'any');
  }

  /** How a person's commands ended so far, in order. */
  async ends(identityId: string): Promise<CommandEnded[]> {
    const ends: CommandEnded[] = [];
    for await (const { type, data } of this.store.readStream(streamOf.provisioning(identityId)))
      if (type === 'CommandEnded') ends.push(data as unknown as CommandEnded);
    return ends;
  }

  /** Waits until a person's commands have ended. */
  ended(identityId: string, count: number, timeoutMs?: number): Promise<CommandEnded[]> {
    return until(
      `${count} commands of ${identityId} have ended`,
      async () => {
        const ends = await this.ends(identityId);
        return ends.length >= count ? ends : undefined;
      },
      timeoutMs,
    );
  }

  async oktaUsers(): Promise<OktaUser[]> {
    return ((await this.sandbox.admin('GET', '/state?server=okta')) as { users: OktaUser[] }).users;
  }

  async entraUsers(): Promise<Record<string, unknown>[]> {
    return ((await this.sandbox.admin('GET', '/state?server=graph')) as { users: Record<string, unknown>[] }).users;
  }

  /** Writes that reached a vendor, in order: `POST /api/v1/users`. */
  async writes(server: 'okta' | 'graph', since = 0): Promise<string[]> {
    const { entries } = (await this.sandbox.admin('GET', `/journal?server=${server}&limit=100000`)) as {
      entries: { at: string; method: string; path: string }[];
    };
    return entries
      .filter(({ at, method, path }) => Date.parse(at) >= since && method !== 'GET' && !path.includes('token'))
      .map(({ method, path }) => `${method} ${path}`);
  }

  async fault(rule: Record<string, unknown>): Promise<void> {
    await this.sandbox.admin('POST', '/faults', rule);
  }

  async clearFaults(): Promise<void> {
    await this.sandbox.admin('DELETE', '/faults');
  }
}

const metadata = (type: 'PlanReleased' | 'IdentityLifecycleChanged') => ({
  correlationId: randomUUID(),
  occurredAt: OCCURRED,
  schema: schemaOf(type),
  actor: 'test',
});

async function connectionFile(folder: string, { addresses: { okta, entra } }: SandboxProcess): Promise<string> {
  const [oktaApp, entraApp] = [okta.oauth['muster'], entra.clients['muster']];
  if (!oktaApp || !entraApp) throw new Error('the sandboxes have no client of ours');
  const secret = join(folder, 'entra-secret');
  await writeFile(secret, entraApp.clientSecret, { mode: 0o600 });
  const oktaCredential = `{ clientId: ${oktaApp.clientId}, privateKey: "file:${oktaApp.privateKeyFile}" }`;
  const file = join(folder, 'connections.yaml');
  await writeFile(
    file,
    `connections:
  - { name: okta-main, kind: okta, url: "${okta.url}", state: live, credential: ${oktaCredential} }
  - { name: okta-watched, kind: okta, url: "${okta.url}", state: observe, credential: ${oktaCredential} }
  - name: entra-main
    kind: entra
    url: ${entra.graphUrl}
    loginUrl: ${entra.loginUrl}
    tenant: ${entra.tenantId}
    credential: { clientId: ${entraApp.clientId}, clientSecret: "file:${secret}" }
    state: live
`,
  );
  return file;
}
