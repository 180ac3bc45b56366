import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type SandboxProcess, startSandbox } from '@muster/connector/testing';
import { spawnEventNode, type SpawnedEventNode } from '@muster/event-node/testing';
import { streamOf } from '@muster/contracts';
import type { Account } from '@muster/identity';
import { startTemporaryPostgres } from '@muster/read-store/testing';
import { openPlatform, type Platform, readSettings, type RunningService, type Service, startService } from '@muster/service-kit';
import { objectCategory, streamOfObject } from '../facts.ts';
import type { ObjectKind } from '../source.ts';
import type { HookStatus } from '../check-hooks.ts';
import { until } from './until.ts';
import { VendorDoor } from './vendor-door.ts';

export interface HookRigOptions {
  readonly service: Service;
  readonly server: 'okta' | 'graph';
  /** The connections of the file, in YAML; `secret` names a file below the folder, made with a random secret in it. */
  readonly connections: (given: {
    sandbox: SandboxProcess;
    doorUrl: string;
    secret: (name: string) => string;
    folder: string;
  }) => Promise<string> | string;
  /** To wait for before a test begins: connections that read everything twice. */
  readonly names: readonly string[];
}

export interface Answered {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

interface Parts {
  environment: Readonly<Record<string, string>>;
  folder: string;
  node: SpawnedEventNode;
  postgres: Awaited<ReturnType<typeof startTemporaryPostgres>>;
}

/** An ingestion service that a vendor's sandbox can call, on real parts: event node, PostgreSQL, sandbox, the service behind a door. */
export class HookRig {
  #service: RunningService | undefined;

  private constructor(
    private readonly options: HookRigOptions,
    readonly sandbox: SandboxProcess,
    readonly door: VendorDoor,
    private readonly parts: Parts,
  ) {}

  #platform: Platform | undefined;

  static async build(options: HookRigOptions): Promise<HookRig> {
    const folder = await mkdtemp(join(tmpdir(), 'muster-hooks-'));
    const [postgres, node, sandbox, door] = await Promise.all([
      startTemporaryPostgres(),
      spawnEventNode({ dataDir: folder }),
      startSandbox({ timeFactor: 1 }),
      VendorDoor.open(),
    ]);
    await sandbox.admin('POST', '/seed', { workers: 24, groups: 5, apps: 2 });
    await sandbox.admin('POST', '/limits', { enabled: false });
    const environment = {
      MUSTER_STORE: node.connectionString,
      MUSTER_DATABASE: postgres.url,
      MUSTER_MASTER_KEY_FILE: join(folder, 'master.key'),
      MUSTER_CONNECTIONS: join(folder, 'connections.yaml'),
      MUSTER_INTERNAL_TOKEN_FILE: join(folder, 'token'),
      MUSTER_LOG_LEVEL: process.env['MUSTER_LOG_LEVEL'] ?? 'silent',
    };
    await writeFile(environment.MUSTER_INTERNAL_TOKEN_FILE, randomBytes(32).toString('hex'), { mode: 0o600 });
    const rig = new HookRig(options, sandbox, door, { environment, folder, node, postgres });
    await rig.writeConnections();
    return rig;
  }

  /** A secret of the connection file, made when it is first asked for. */
  readonly secrets = new Map<string, string>();

  async writeConnections(given?: HookRigOptions['connections']): Promise<void> {
    const connections = given ?? this.options.connections;
    const { folder } = this.parts;
    const made: Promise<void>[] = [];
    const secret = (name: string): string => {
      const value = this.secrets.get(name) ?? randomBytes(24).toString('hex');
      this.secrets.set(name, value);
      made.push(writeFile(join(folder, name), value, { mode: 0o600 }));
      return `file:${join(folder, name)}`;
    };
    const text = await connections({ sandbox: this.sandbox, doorUrl: this.door.url, secret, folder });
    await Promise.all(made);
    await writeFile(join(folder, 'connections.yaml'), `connections:\n${text}`);
  }

  /** Starts the service, and waits until everything was read twice. */
  async start(): Promise<void> {
    this.#platform = await openPlatform(readSettings({ ...this.parts.environment }));
    this.#service = await startService(this.options.service, this.#platform);
    this.door.behind = { url: this.#service.url, token: this.#platform.settings.internalToken };
    for (const name of this.options.names) await until(`${name} is read`, () => this.#readTwice(name), 60_000);
  }

  async stop(): Promise<void> {
    this.door.behind = undefined;
    await this.#service?.close();
    this.#service = undefined;
    await this.#platform?.close();
    this.#platform = undefined;
  }

  async tearDown(): Promise<void> {
    await this.stop();
    await this.door.close();
    const { folder, node, postgres } = this.parts;
    await Promise.all([node.stop(), postgres.stop(), this.sandbox.stop()]);
    await rm(folder, { recursive: true, force: true });
  }

  get platform(): Platform {
    if (!this.#platform) throw new Error('the service is not started');
    return this.#platform;
  }

  get databaseUrl(): string {
    return this.parts.postgres.url;
  }

  /** What is recorded of an object. */
  async known(connection: string, id: string, kind: ObjectKind = 'account'): Promise<Account> {
    const { state } = await this.platform.store.load(objectCategory, streamOfObject(connection, { kind, id }));
    return state.holder;
  }

  /** Asks as a vendor would, through the door. */
  async call(path: string, init: { method?: string; headers?: Record<string, string>; body?: unknown } = {}): Promise<Answered> {
    const { method = 'POST', headers = {}, body } = init;
    const answer = await fetch(`${this.door.url}${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      signal: AbortSignal.timeout(20_000),
    });
    return { status: answer.status, type: answer.headers.get('content-type') ?? '', text: await answer.text() };
  }

  async status(connection: string): Promise<HookStatus> {
    const answer = await fetch(`${this.#service?.url}/status`, {
      headers: { authorization: `Bearer ${this.platform.settings.internalToken}` },
      signal: AbortSignal.timeout(10_000),
    });
    const { hooks } = (await answer.json()) as { hooks: HookStatus[] };
    const found = hooks.find((one) => one.connection === connection);
    if (!found) throw new Error(`no status of ${connection}`);
    return found;
  }

  /** What the sandbox told, lost, repeated, sent. */
  told(): Promise<Record<string, number>> {
    return this.sandbox.admin('GET', `/deliveries?server=${this.options.server}`) as Promise<Record<string, number>>;
  }

  async faults(faults: Record<string, unknown>): Promise<void> {
    await this.sandbox.admin('POST', '/deliveries', { server: this.options.server, ...faults });
  }

  async noFaults(): Promise<void> {
    await this.sandbox.admin('DELETE', '/deliveries');
    await this.sandbox.admin('DELETE', '/faults');
  }

  async #readTwice(name: string): Promise<true | undefined> {
    let reads = 0;
    for await (const { type } of this.platform.store.readStream(streamOf.read(name))) if (type === 'ReadCompleted') reads += 1;
    return reads >= 2 ? true : undefined;
  }
}
