import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { spawnEventNode, type SpawnedEventNode } from '@muster/event-node/testing';
import type { RecordedEvent } from '@muster/event-store';
import { startTemporaryPostgres } from '@muster/read-store/testing';
import { openPlatform, type Platform, readSettings, type RunningService, startService } from '@muster/service-kit';
import { consoleService } from '../index.ts';

/** Somebody who answers where a service would. No service may know another, so this one only keeps what it is asked and says what it is told to say. */
export class Neighbour {
  readonly asked: { method: string; url: string; authorization: string | undefined; body: string }[] = [];
  readonly says = new Map<string, { status: number; body: object; type?: string }>();

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {
    server.on('request', (request: IncomingMessage, response) => {
      void text(request).then((body) => {
        const { method = '', url: path = '', headers } = request;
        this.asked.push({ method, url: path, authorization: headers.authorization, body });
        const { status, body: answer, type = 'application/json' } = this.says.get(`${method} ${path}`) ?? { status: 404, body: {} };
        response.writeHead(status, { 'content-type': type }).end(JSON.stringify(answer));
      });
    });
  }

  static async start(): Promise<Neighbour> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Neighbour(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  }

  stop(): Promise<unknown> {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }
}

export const OPERATOR = randomBytes(24).toString('hex');
export const HR = randomBytes(24).toString('hex');
export const INTERNAL = randomBytes(24).toString('hex');

const CONNECTIONS = (folder: string): string => `connections:
  - { name: hr-main, kind: hr, authoritative: true, credential: { token: "file:${folder}/hr" } }
  - { name: hr-other, kind: hr, authoritative: true, credential: { token: "file:${folder}/hr-other" } }
  - { name: okta-main, kind: okta, url: "https://localhost:1", credential: { token: "file:${folder}/hr-other" }, domain: kestrel.example, hooks: { url: "http://localhost:1", secret: "file:${folder}/hr-other" } }
`;

/** A flow that grants nothing to anybody, under a title of its own. The connection is never asked. */
export const flowText = (flow: string, title: string): string => `flow: ${flow}
version: 1
title: ${title}
trigger: identity
scope: identity.lifecycle == 'ended'
steps:
  - id: nothing
    none: { connection: okta-main }
`;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

/** The console on an event node and PostgreSQL, between neighbours. */
export class Rig {
  readonly neighbours = new Map<string, Neighbour>();
  #running: RunningService | undefined;

  private constructor(
    readonly folder: string,
    readonly platform: Platform,
    private readonly parts: { node: SpawnedEventNode; postgres: Awaited<ReturnType<typeof startTemporaryPostgres>> },
  ) {}

  static async build(names: readonly string[]): Promise<Rig> {
    const folder = await mkdtemp(join(tmpdir(), 'muster-console-'));
    const [postgres, node] = await Promise.all([startTemporaryPostgres(), spawnEventNode({ dataDir: join(folder, 'events') })]);
    for (const [name, content] of Object.entries({ hr: HR, 'hr-other': randomBytes(24).toString('hex'), internal: INTERNAL }))
      await writeFile(join(folder, name), content);
    await writeFile(join(folder, 'connections.yaml'), CONNECTIONS(folder));
    await mkdir(join(folder, 'flows'));
    const platform = await openPlatform(
      readSettings({
        MUSTER_STORE: node.connectionString,
        MUSTER_DATABASE: postgres.url,
        MUSTER_MASTER_KEY_FILE: join(folder, 'master.key'),
        MUSTER_CONNECTIONS: join(folder, 'connections.yaml'),
        MUSTER_INTERNAL_TOKEN_FILE: join(folder, 'internal'),
        MUSTER_LOG_LEVEL: 'silent',
      }),
    );
    const rig = new Rig(folder, platform, { node, postgres });
    for (const name of names) rig.neighbours.set(name, await Neighbour.start());
    return rig;
  }

  neighbour(name: string): Neighbour {
    const found = this.neighbours.get(name);
    if (!found) throw new Error(`no neighbour is named ${name}`);
    return found;
  }

  /** Starts the console, or starts it again. */
  async start(): Promise<void> {
    await this.stop();
    const services = Object.fromEntries([...this.neighbours].map(([name, { url }]) => [name, url]));
    this.#running = await startService(
      consoleService({ services, operatorToken: OPERATOR, flowsFolder: join(this.folder, 'flows') }),
      this.platform,
    );
  }

  async stop(): Promise<void> {
    await this.#running?.close();
    this.#running = undefined;
  }

  async tearDown(): Promise<void> {
    await this.stop();
    await this.platform.close();
    const { node, postgres } = this.parts;
    await Promise.all([node.stop(), postgres.stop(), ...[...this.neighbours.values()].map((one) => one.stop())]);
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Asks as a vendor does: with headers of its own and without a token of ours. */
  async call(path: string, init: RequestInit = {}): Promise<{ status: number; type: string; text: string; nosniff: boolean }> {
    const answer = await fetch(`${this.#running?.url}${path}`, { ...init, signal: AbortSignal.timeout(10_000) });
    const { status, headers } = answer;
    const nosniff = headers.get('x-content-type-options') === 'nosniff';
    return { status, type: headers.get('content-type') ?? '', text: await answer.text(), nosniff };
  }

  async ask(path: string, { token = OPERATOR, body }: { token?: string; body?: object } = {}): Promise<Answer> {
    const answer = await fetch(`${this.#running?.url}${path}`, {
      method: body ? 'POST' : 'GET',
      headers: { ...(token ? { authorization: `Bearer ${token}` } : {}), 'content-type': 'application/scim+json' },
      ...(body ? { body: JSON.stringify(body) } : {}),
      signal: AbortSignal.timeout(10_000),
    });
    return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Record<string, unknown> };
  }

  writeFlow(name: string, content: string): Promise<void> {
    return writeFile(join(this.folder, 'flows', name), content);
  }

  removeFlow(name: string): Promise<void> {
    return rm(join(this.folder, 'flows', name));
  }

  async events(...prefixes: string[]): Promise<RecordedEvent[]> {
    const events: RecordedEvent[] = [];
    for await (const event of this.platform.store.readAll({ prefixes })) events.push(event);
    return events;
  }
}
