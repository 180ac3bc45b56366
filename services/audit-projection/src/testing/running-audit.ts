import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { comparePositions } from '@muster/event-store';
import { startEventNode } from '@muster/event-node';
import { PgKeyRing } from '@muster/read-store';
import { startTemporaryPostgres } from '@muster/read-store/testing';
import { openPlatform, type Platform, type RunningService, type Settings, startService } from '@muster/service-kit';
import { auditProjection } from '../module.ts';

const CONNECTIONS = `connections:
  - { name: hr-main, kind: hr, authoritative: true, credential: { token: "env:AUDIT_TEST_TOKEN" } }
  - { name: okta-main, kind: okta, url: https://okta.example, domain: example.com, credential: { token: "env:AUDIT_TEST_TOKEN" } }
`;

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** The audit projection with a real store and a real database, asked over HTTP. */
export class RunningAudit {
  readonly platform: Platform;
  readonly keyRing: PgKeyRing;
  #service: RunningService;
  readonly #settings: Settings;
  readonly #end: () => Promise<void>;

  private constructor(
    parts: { platform: Platform; keyRing: PgKeyRing; service: RunningService; settings: Settings },
    end: () => Promise<void>,
  ) {
    this.platform = parts.platform;
    this.keyRing = parts.keyRing;
    this.#service = parts.service;
    this.#settings = parts.settings;
    this.#end = end;
  }

  static async start(): Promise<RunningAudit> {
    const folder = await mkdtemp(join(tmpdir(), 'muster-audit-'));
    const postgres = await startTemporaryPostgres();
    const node = await startEventNode({ dataDir: folder });
    process.env['AUDIT_TEST_TOKEN'] = randomBytes(24).toString('hex');
    const connectionsFile = join(folder, 'connections.yaml');
    await writeFile(connectionsFile, CONNECTIONS);
    const settings: Settings = {
      store: node.connectionString,
      database: postgres.url,
      masterKeyFile: join(folder, 'master.key'),
      transport: { kind: 'embedded' },
      connectionsFile,
      http: { host: '127.0.0.1', port: 0 },
      internalToken: randomBytes(24).toString('hex'),
      timeFactor: 1,
      logLevel: 'fatal',
    };
    const platform = await openPlatform(settings);
    const keyRing = await PgKeyRing.open({ url: postgres.url, masterKeyFile: settings.masterKeyFile });
    const service = await startService(auditProjection, platform);
    return new RunningAudit({ platform, keyRing, service, settings }, async () => {
      await keyRing.close();
      await platform.close();
      await node.close();
      await postgres.stop();
      await rm(folder, { recursive: true, force: true });
    });
  }

  async stop(): Promise<void> {
    await this.#service.close();
    await this.#end();
  }

  /** Stops the service, lets `meanwhile` happen, starts it again. */
  async restart(meanwhile: () => Promise<void>): Promise<void> {
    await this.#service.close();
    await meanwhile();
    this.#service = await startService(auditProjection, this.platform);
  }

  get databaseUrl(): string {
    return this.#settings.database;
  }

  async ask(path: string, query: Record<string, string> = {}, method: 'GET' | 'POST' = 'GET'): Promise<Answer> {
    const url = new URL(`${path}?${new URLSearchParams(query).toString()}`, this.#service.url);
    const response = await fetch(url, {
      method,
      headers: { authorization: `Bearer ${this.#settings.internalToken}` },
      signal: AbortSignal.timeout(10_000),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }

  /** Waits until the projection has come as far as an event that travels on a topic; 20 s at most. */
  async caughtUpWith(stream: string): Promise<void> {
    let position = '0';
    for await (const event of this.platform.store.readStream(stream, { backwards: true, max: 1 })) ({ position } = event);
    await this.reaches(position);
  }

  /** Waits until the projection has come as far as a position; 20 s at most. */
  async reaches(position: string): Promise<void> {
    for (const deadline = Date.now() + 20_000; ;) {
      const { body } = await this.ask('/status');
      const { upTo } = body as { upTo: { position: string } };
      if (comparePositions(upTo.position, position) >= 0) return;
      if (Date.now() > deadline) {
        const { body: dead } = await this.ask('/dead-letters');
        throw new Error(`The projection stands at ${upTo.position}, it should come to ${position}; dead: ${JSON.stringify(dead)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
