import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { drawCompany } from '../kit/company.ts';
import type { Kit } from '../kit/kit.ts';
import { openKit } from '../kit/open-kit.ts';
import type { VendorServer } from '../kit/server.ts';
import { startHr } from './hr.ts';
import type { HrSystem } from './hr-system.ts';

interface Operation {
  bulkId: string;
  data: { externalId: string } & Record<string, unknown>;
}

jest.setTimeout(60_000);

const WORKER = 'urn:muster:scim:schemas:extension:worker:1.0:User';
const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

let data: string;
let kit: Kit;
let hr: HrSystem;
let target: VendorServer;
let received: Operation[][];
/** Status of one operation. */
let judge: (operation: Operation) => number;

beforeEach(async () => {
  data = mkdtempSync(join(tmpdir(), 'sandbox-hr-'));
  await open();
});
afterEach(async () => {
  await kit.close();
  rmSync(data, { recursive: true, force: true });
});

/** The HR system beside a SCIM bulk target that stands for the product. */
async function open(): Promise<void> {
  kit = openKit({ data });
  hr = startHr(kit);
  received = [];
  judge = () => 201;
  target = kit.server('scim', kit.openState('scim'), { notFound: () => ({ status: 404 }) });
  target.route('POST', '/bulk', ({ headers, body }) => {
    if (headers['authorization'] !== 'Bearer secret') return { status: 401 };
    const { Operations } = body as { Operations: Operation[] };
    received.push(Operations);
    return {
      status: 202,
      body: {
        schemas: [],
        Operations: Operations.map((operation) => ({ bulkId: operation.bulkId, method: 'POST', status: String(judge(operation)) })),
      },
    };
  });
  await target.listen();
  await kit.admin.listen();
}

async function call(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
  const response = await fetch(`${kit.admin.url}${path}`, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  const text = await response.text();
  return { httpStatus: response.status, ...(text === '' ? {} : (JSON.parse(text) as object)) };
}

const push = (more: object = {}) =>
  call('POST', '/hr/push', { target: `${target.url}/bulk`, token: 'secret', ca: kit.certificates.ca, ...more });
const keys = () => received.flat().map(({ data: { externalId } }) => externalId);

describe('the HR system', () => {
  it('pushes a hire as SCIM with the enterprise and the worker extension', async () => {
    const hired = await call('POST', '/hr/workers', {
      givenName: 'Zoë',
      familyName: 'Groß',
      department: 'Sales',
      managerKey: 'E9',
      hireDate: '2026-12-01',
      mobilePhone: '+49 1',
      apps: [{ app: 'crm', assignedBy: 'E9' }],
    });
    await push();
    expect(received).toHaveLength(1);
    expect(received[0]?.[0]?.data).toMatchObject({
      externalId: hired['key'],
      name: { givenName: 'Zoë', familyName: 'Groß' },
      displayName: 'Zoë Groß',
      phoneNumbers: [{ type: 'mobile', value: '+49 1' }],
      [ENTERPRISE]: { department: 'Sales', manager: { value: 'E9' } },
      [WORKER]: {
        recordVersion: 1,
        hireDate: '2026-12-01',
        status: 'active',
        effectiveFrom: '2026-12-01',
        apps: [{ app: 'crm', assignedBy: 'E9' }],
      },
    });
    expect(await push()).toMatchObject({ sent: 0, waiting: 0 });
  });

  it('sends at most 50 operations a request', async () => {
    hr.seed(drawCompany({ workers: 120 }), true);
    expect(await push()).toMatchObject({ sent: 120, accepted: 120, waiting: 0 });
    expect(received.map((operations) => operations.length)).toEqual([50, 50, 20]);
  });

  it('keeps what was not taken: no answer, 5xx and a wrong token leave it in the outbox; a refused record leaves and is listed', async () => {
    for (const givenName of ['A', 'B', 'C']) await call('POST', '/hr/workers', { givenName, familyName: 'X' });
    expect(await push({ target: 'https://127.0.0.1:9/bulk' })).toMatchObject({ accepted: 0, waiting: 3 });
    expect(await push({ token: 'wrong' })).toMatchObject({ accepted: 0, waiting: 3 });
    kit.faults.add({ id: 'lost', kind: 'lost-after', server: 'scim', times: 1 });
    expect(await push()).toMatchObject({ accepted: 0, waiting: 3 });
    expect(kit.faults.fired('lost')).toBe(1);
    judge = ({ data: { name } }) => ({ A: 201, B: 500, C: 400 })[(name as { givenName: string }).givenName] ?? 201;
    expect(await push()).toMatchObject({ accepted: 1, refused: 1, waiting: 1 });
    expect((await call('GET', '/hr/outbox'))['refused']).toMatchObject([{ status: 400 }]);
  });

  it('sends chosen workers with all their versions, repeated and in a seeded random order', async () => {
    const { key } = await call('POST', '/hr/workers', { givenName: 'A', familyName: 'X', title: 'one' });
    await call('PATCH', `/hr/workers/${String(key)}`, { title: 'two' });
    await call('PATCH', `/hr/workers/${String(key)}`, { title: 'three', managerKey: null });
    const order = { ids: [key], versions: 'all', repeat: 3, shuffle: true, seed: 7 };
    await push(order);
    const first = received.flat().map(({ data: worker }) => worker['title']);
    const inOrder = ['one', 'two', 'three', 'one', 'two', 'three', 'one', 'two', 'three'];
    expect(first).toHaveLength(9);
    expect(new Set(first)).toEqual(new Set(inOrder));
    expect(first).not.toEqual(inOrder);
    received = [];
    await push(order);
    expect(received.flat().map(({ data: worker }) => worker['title'])).toEqual(first);
    expect(received.flat().find(({ data: worker }) => worker['title'] === 'three')?.data[ENTERPRISE]).toMatchObject({ manager: null });
  });

  it('terminates, back-dates, rescinds and rehires under the same key', async () => {
    const { key } = await call('POST', '/hr/workers', { givenName: 'A', familyName: 'X' });
    const path = `/hr/workers/${String(key)}`;
    expect(await call('POST', `${path}/terminate`, { leaveDate: '2026-01-31' })).toMatchObject({
      status: 'terminated',
      version: 2,
      effectiveFrom: '2026-01-31',
      scim: { active: false },
    });
    expect(await call('POST', `${path}/rescind`)).toMatchObject({ status: 'active', version: 3, facts: { leaveDate: null } });
    expect(await call('POST', '/hr/workers', { key, givenName: 'A', familyName: 'X' })).toMatchObject({ httpStatus: 409 });
    await call('POST', `${path}/terminate`);
    expect(await call('POST', '/hr/workers', { key, givenName: 'A', familyName: 'X' })).toMatchObject({ version: 5, status: 'active' });
    expect(await call('PATCH', '/hr/workers/nobody', {})).toMatchObject({ httpStatus: 404 });
  });

  it('pushes on change to a subscriber, and again until it was taken', async () => {
    kit.clock.factor = 100;
    kit.faults.add({ id: 'down', kind: 'status', status: 503, server: 'scim', times: 2 });
    await call('POST', '/hr/subscription', { target: `${target.url}/bulk`, token: 'secret', ca: kit.certificates.ca });
    const { key } = await call('POST', '/hr/workers', { givenName: 'A', familyName: 'X' });
    for (let at = 0; at < 100 && hr.outbox.size > 0; at++) await new Promise((resolve) => setTimeout(resolve, 50));
    expect(keys()).toEqual([key]);
    expect(kit.faults.fired('down')).toBe(2);
  });

  it('keeps records and outbox over a restart', async () => {
    const { key } = await call('POST', '/hr/workers', { givenName: 'A', familyName: 'X' });
    await kit.close();
    await open();
    expect(await push()).toMatchObject({ accepted: 1, waiting: 0 });
    expect(keys()).toEqual([key]);
  });
});
