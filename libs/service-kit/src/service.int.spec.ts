import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawnEventNode, type SpawnedEventNode } from '@muster/event-node/testing';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '@muster/read-store/testing';
import { openPlatform, type Platform } from './platform.ts';
import { type RunningService, startService } from './service.ts';
import { readSettings } from './settings.ts';
import { seen, SLOW_MS, toyService } from './testing/toy-service.ts';

let folder: string;
let node: SpawnedEventNode;
let postgres: EmbeddedPostgres;
let platform: Platform;
let service: RunningService;
let sick = false;
const token = randomBytes(24).toString('hex');

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'muster-service-kit-'));
  [postgres, node] = await Promise.all([
    startEmbeddedPostgres({ dataDir: join(folder, 'postgres') }),
    spawnEventNode({ dataDir: join(folder, 'events') }),
  ]);
  const files = { MUSTER_INTERNAL_TOKEN_FILE: join(folder, 'token'), MUSTER_CONNECTIONS: join(folder, 'connections.yaml') };
  await writeFile(files.MUSTER_INTERNAL_TOKEN_FILE, token);
  await writeFile(files.MUSTER_CONNECTIONS, 'connections: []\n');
  platform = await openPlatform(
    readSettings({
      ...files,
      MUSTER_STORE: node.connectionString,
      MUSTER_DATABASE: postgres.url,
      MUSTER_MASTER_KEY_FILE: join(folder, 'master.key'),
      MUSTER_LOG_LEVEL: 'silent',
    }),
  );
  service = await startService(
    toyService(() => sick),
    platform,
  );
}, 60_000);

afterAll(async () => {
  await service.close();
  await platform.close();
  await Promise.all([node.stop(), postgres.stop()]);
  await rm(folder, { recursive: true, force: true });
}, 30_000);

interface Answer {
  readonly status: number;
  readonly type: string | null;
  readonly text: string;
}

async function ask(path: string, init: RequestInit & { token?: string } = {}): Promise<Answer> {
  const { token: given = token, ...rest } = init;
  const headers = { ...(given ? { authorization: `Bearer ${given}` } : {}), 'content-type': 'application/json' };
  const answer = await fetch(`${service.url}${path}`, { ...rest, headers, signal: AbortSignal.timeout(15_000) });
  return { status: answer.status, type: answer.headers.get('content-type'), text: await answer.text() };
}

const json = ({ text }: Answer): Record<string, unknown> => JSON.parse(text) as Record<string, unknown>;

describe('the health of a service', () => {
  it('names everything that it depends on, and wants no token', async () => {
    const live = await ask('/health/live', { token: '' });
    expect({ status: live.status, ...json(live) }).toEqual({ status: 'ok' });
    const ready = await ask('/health/ready', { token: '' });
    expect(ready.status).toBe(200);
    expect(Object.keys(json(ready)['details'] as object).toSorted()).toEqual([
      'database',
      'event-store',
      'toothache',
      'transport (embedded)',
    ]);
  });

  it('is 503 while one of them is down, says which and why, and lets the process live', async () => {
    sick = true;
    const ready = await ask('/health/ready', { token: '' });
    expect(ready.status).toBe(503);
    expect(json(ready)).toMatchObject({
      error: { toothache: { status: 'down', message: 'it hurts' } },
      details: { database: { status: 'up' }, 'event-store': { status: 'up' } },
    });
    expect((await ask('/health/live', { token: '' })).status).toBe(200);
    sick = false;
    expect((await ask('/health/ready', { token: '' })).status).toBe(200);
  });

  it('is 503 within seconds when the event store hangs, and 200 when it is back', async () => {
    node.signal('SIGSTOP');
    try {
      const ready = await ask('/health/ready', { token: '' });
      expect(ready.status).toBe(503);
      expect(json(ready)).toMatchObject({ error: { 'event-store': { status: 'down' } }, details: { database: { status: 'up' } } });
    } finally {
      node.signal('SIGCONT');
    }
    await comesBack();
  }, 30_000);

  it('is 503 when PostgreSQL is gone, and 200 when it is back', async () => {
    const { port } = new URL(postgres.url);
    await postgres.stop();
    const ready = await ask('/health/ready', { token: '' });
    expect(ready.status).toBe(503);
    expect(json(ready)).toMatchObject({ error: { database: { status: 'down', message: expect.stringMatching(/\S/) } } });
    postgres = await startEmbeddedPostgres({ dataDir: join(folder, 'postgres'), port: Number(port) });
    await comesBack();
  }, 40_000);
});

describe('what a service answers', () => {
  it('is for the holders of the internal token only', async () => {
    expect(json(await ask('/toy/greeting'))).toEqual({ hello: 'toy-service' });
    for (const wrong of ['', 'x'.repeat(token.length), `${token}x`, token.slice(1)]) {
      const refused = await ask('/toy/greeting', { token: wrong });
      expect(refused).toMatchObject({ status: 401, type: expect.stringContaining('application/problem+json') });
      expect(json(refused)).toMatchObject({ code: 'auth.token_missing', remedy: expect.stringMatching(/\S/) });
    }
    expect((await ask('/dead-letters', { token: '' })).status).toBe(401);
    expect((await ask('/healthy', { token: '' })).status).not.toBe(200);
  });

  it('says as problem details what is wrong: cause, record, field and remedy', async () => {
    const refused = await ask('/toy/refused');
    expect(refused).toMatchObject({ status: 422, type: expect.stringContaining('application/problem+json') });
    expect(json(refused)).toMatchObject({
      type: 'urn:muster:error:contract.data_invalid',
      status: 422,
      code: 'contract.data_invalid',
      title: 'The data does not match its schema',
      detail: 'the record has no name',
      problems: [{ record: 'E100001', field: 'name.familyName', message: 'is missing' }],
      remedy: expect.stringContaining('muster:source/worker-recorded.v1'),
    });
  });

  it.each([
    ['a field that is not valid', '/toy/mail', '{"mail":"nobody"}', 400, 'http.request_invalid', /mail must be an email/],
    ['a body that is no JSON', '/toy/mail', '{"mail":', 400, 'http.request_invalid', /JSON/],
    ['a body that is too large', '/toy/mail', `{"mail":"${'x'.repeat(1_100_000)}"}`, 413, 'http.body_too_large', /1 MiB/],
    ['an address where nothing is', '/nothing', '{}', 404, 'http.not_found', /Check the address/],
  ])('says so of %s', async (_what, path, body, status, code, words) => {
    const refused = await ask(path, { method: 'POST', body });
    expect(refused).toMatchObject({
      status,
      type: expect.stringContaining('application/problem+json'),
      text: expect.stringMatching(words),
    });
    expect(json(refused)).toMatchObject({ code, remedy: expect.stringMatching(/\S/) });
  });

  it('keeps the words of a defect for the log', async () => {
    const failed = await ask('/toy/defect');
    expect(json(failed)).toMatchObject({ status: 500, code: 'internal.bug' });
    expect(failed.text).not.toContain('Ada Byron');
  });

  it('counts what is in progress for whoever scrapes it', async () => {
    const slow = ask('/toy/slow');
    await sleep(SLOW_MS / 3);
    expect((await ask('/metrics', { token: '' })).text).toMatch(/muster_in_progress\{kind="request",service="toy-service"\} 1/);
    await slow;
    expect((await ask('/metrics', { token: '' })).text).toMatch(/muster_in_progress\{kind="request",service="toy-service"\} 0/);
  });
});

describe('a service that is asked to stop', () => {
  it('answers what it has begun, takes nothing new, and ends', async () => {
    seen.length = 0;
    const slow = ask('/toy/slow');
    await sleep(SLOW_MS / 3);
    const closing = service.close().then(() => seen.push('closed'));
    await sleep(50);
    await expect(ask('/toy/greeting')).rejects.toThrow('fetch failed');
    expect(json(await slow)).toEqual({ slow: true });
    await closing;
    expect(seen).toEqual(['slow begins', 'slow ends', 'modules ended', 'closed']);
    await expect(portIsFree(Number(new URL(service.url).port))).resolves.toBe(true);
    service = await startService(
      toyService(() => sick),
      platform,
    );
  }, 30_000);
});

async function comesBack(): Promise<void> {
  const deadline = performance.now() + 15_000;
  while ((await ask('/health/ready', { token: '' })).status !== 200) {
    if (performance.now() > deadline) throw new Error((await ask('/health/ready', { token: '' })).text);
    await sleep(200);
  }
}

function portIsFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
      .once('error', () => resolve(false))
      .listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
