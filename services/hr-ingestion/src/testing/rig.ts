import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type SandboxProcess, startSandbox } from '@muster/connector/testing';
import { type ReadCompleted, streamOf } from '@muster/contracts';
import { spawnEventNode, type SpawnedEventNode } from '@muster/event-node/testing';
import { type EventStore, type RecordedEvent, START_POSITION } from '@muster/event-store';
import { startTemporaryPostgres } from '@muster/read-store/testing';
import { openPlatform, type Platform, readSettings, type RunningService, startService } from '@muster/service-kit';
import { hrIngestion } from '../index.ts';

const TIME_FACTOR = 60;
const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

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

const FIELDS = `
        externalId: Employee_ID
        employmentId: Employment_ID
        primary: Primary
        givenName: First_Name
        familyName: Last_Name
        displayName: Display_Name
        title: Job_Title
        email: Work_Email
        department: Department
        managerKey: Manager_ID
        mobilePhone: Mobile_Phone
        workPhone: Work_Phone
        timeZone: Time_Zone
        employmentType: { from: Worker_Type, values: { Employee: employee, Contractor: contractor, Intern: intern } }
        status: { from: Worker_Status, values: { Active: active, Leave: onLeave, Terminated: terminated, Rescinded: rescinded } }
        hireDate: Hire_Date
        leaveDate: End_Date
        effectiveFrom: Effective_Date
        recordVersion: Version
        apps: Apps`;

const connectionOf = (name: string, format: 'json' | 'csv', url: string): string => `
  - name: ${name}
    kind: hr
    url: ${url}.${format}
    authoritative: true
    credential: { token: env:HR_REPORT_TOKEN }
    timeout: 2s
    intervals: { incremental: 1h, full: 24h }
    report:
      format: ${format}
${format === 'json' ? '      rows: Report_Entry\n      next: next\n      total: total' : ''}
      pageSize: 20
      watermark: { field: Last_Modified, parameter: updatedSince, overlap: 1s }
      fields:${FIELDS}
`;

export interface DeadLetter {
  readonly id: string;
  readonly reference: string;
  readonly code: string;
  readonly message: string;
  readonly remedy?: string;
}

/** The service on real parts: event node, PostgreSQL and the HR sandbox. Reads are asked for by pokes; by themselves they come once. */
export class Rig {
  service: RunningService | undefined;

  private constructor(
    readonly sandbox: SandboxProcess,
    readonly platform: Platform,
    private readonly parts: {
      folder: string;
      node: SpawnedEventNode;
      postgres: Awaited<ReturnType<typeof startTemporaryPostgres>>;
      environment: Record<string, string>;
    },
  ) {}

  static async build(workers: number, format: 'json' | 'csv' = 'json'): Promise<Rig> {
    const folder = await mkdtemp(join(tmpdir(), 'muster-hr-'));
    const [postgres, node, sandbox] = await Promise.all([
      startTemporaryPostgres(),
      spawnEventNode({ dataDir: folder }),
      startSandbox({ timeFactor: TIME_FACTOR }),
    ]);
    await sandbox.admin('POST', '/seed', { workers, groups: 1, apps: 1, directories: 'empty', announce: false });
    const { report } = (sandbox.addresses as unknown as { hr: { report: { url: string; token: string } } }).hr;
    const environment = {
      HR_REPORT_TOKEN: report.token,
      MUSTER_STORE: node.connectionString,
      MUSTER_DATABASE: postgres.url,
      MUSTER_MASTER_KEY_FILE: join(folder, 'master.key'),
      MUSTER_CONNECTIONS: join(folder, 'connections.yaml'),
      MUSTER_INTERNAL_TOKEN_FILE: join(folder, 'token'),
      MUSTER_TIME_FACTOR: String(TIME_FACTOR),
      MUSTER_LOG_LEVEL: process.env['MUSTER_LOG_LEVEL'] ?? 'silent',
      NODE_EXTRA_CA_CERTS: sandbox.addresses.caFile,
    };
    await writeFile(environment.MUSTER_CONNECTIONS, `connections:${connectionOf('hr-main', format, report.url)}`);
    await writeFile(environment.MUSTER_INTERNAL_TOKEN_FILE, randomBytes(32).toString('hex'), { mode: 0o600 });
    process.env['HR_REPORT_TOKEN'] = report.token;
    const platform = await openPlatform(readSettings(environment));
    return new Rig(sandbox, platform, { folder, node, postgres, environment });
  }

  get store(): EventStore {
    return this.platform.store;
  }

  get databaseUrl(): string {
    return this.parts.postgres.url;
  }

  async start(): Promise<void> {
    this.service = await startService(hrIngestion, this.platform);
  }

  async stop(): Promise<void> {
    await this.service?.close();
    this.service = undefined;
  }

  /** Runs the compiled service as a process of its own, which can be killed. Run `tsc -b` first. */
  spawn(): { kill(): Promise<void>; said: () => string } {
    const child: ChildProcess = spawn(process.execPath, [MAIN], {
      env: { ...process.env, ...this.parts.environment, NODE_OPTIONS: '' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text: Buffer) => (said += text.toString()));
    const closed = once(child, 'close');
    return {
      said: () => said,
      kill: async () => {
        child.kill('SIGKILL');
        await closed;
      },
    };
  }

  async tearDown(): Promise<void> {
    await this.stop();
    await this.platform.close();
    const { folder, node, postgres } = this.parts;
    await Promise.all([node.stop(), postgres.stop(), this.sandbox.stop()]);
    await rm(folder, { recursive: true, force: true });
  }

  async ask<T>(path: string, method: 'GET' | 'POST' = 'GET', body: unknown = {}): Promise<T> {
    const answer = await fetch(`${this.service?.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${this.platform.settings.internalToken}`, 'content-type': 'application/json' },
      ...(method === 'POST' ? { body: JSON.stringify(body) } : {}),
      signal: AbortSignal.timeout(10_000),
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  }

  async deadLetters(): Promise<DeadLetter[]> {
    return (await this.ask<{ deadLetters: DeadLetter[] }>('/dead-letters')).deadLetters;
  }

  /** Connections whose reading waits after failures, as the status says. */
  async quarantined(): Promise<{ connection: string; fault: object }[]> {
    return (await this.ask<{ quarantined: { connection: string; fault: object }[] }>('/status')).quarantined;
  }

  /** Pokes, and waits until the read that it leads to has ended. */
  async readWhole(): Promise<ReadCompleted> {
    const before = (await this.reads('ReadCompleted')).length;
    await this.ask('/pull/hr-main?whole=true', 'POST');
    return this.ended(before);
  }

  /** Waits for one full read more than there were. */
  ended(before: number): Promise<ReadCompleted> {
    return until('a full read has ended', async () => {
      const ended = await this.reads('ReadCompleted');
      return ended.length > before ? (ended.at(-1)?.data as unknown as ReadCompleted) : undefined;
    });
  }

  async reads(type: string): Promise<RecordedEvent[]> {
    const events: RecordedEvent[] = [];
    for await (const event of this.store.readStream(streamOf.read('hr-main'))) if (event.type === type) events.push(event);
    return events;
  }

  /** Everything that is recorded of workers, in the order of the store. */
  async facts(): Promise<RecordedEvent[]> {
    const events: RecordedEvent[] = [];
    for await (const event of this.store.readAll({ from: START_POSITION, prefixes: ['worker-'] })) events.push(event);
    return events;
  }

  /** What is recorded of one worker. */
  async factsOf(key: string): Promise<RecordedEvent[]> {
    return (await this.facts()).filter(({ data }) => data['workerKey'] === key);
  }

  /** Requests for the report so far, as path and query with status. */
  async requests(): Promise<{ path: string; status: number }[]> {
    const { entries } = (await this.sandbox.admin('GET', '/journal?server=hr&limit=100000')) as {
      entries: { path: string; status: number }[];
    };
    return entries;
  }

  async fault(rule: Record<string, unknown>): Promise<void> {
    await this.sandbox.admin('POST', '/faults', { server: 'hr', ...rule });
  }

  async fired(id: string): Promise<number> {
    const report = (await this.sandbox.admin('GET', '/faults')) as Record<'active' | 'retired', { id: string; fired: number }[]>;
    return [...report.active, ...report.retired].filter((rule) => rule.id === id).reduce((sum, { fired }) => sum + fired, 0);
  }

  /** The CA of the sandboxes, as a text. */
  ca(): Promise<string> {
    return readFile(this.sandbox.addresses.caFile, 'utf8');
  }
}
