import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ProductUnderTest, removeFolder, temporaryFolder, until } from './running/product-under-test.ts';

const folder = temporaryFolder();
let product: ProductUnderTest;

beforeAll(async () => {
  product = await ProductUnderTest.start(folder);
  await product.seed();
}, 180_000);

afterAll(async () => {
  await product?.stop();
  removeFolder(folder);
}, 60_000);

interface OktaUser {
  id: string;
  profile: Record<string, unknown>;
}
interface EntraUser extends Record<string, unknown> {
  id: string;
}

const createsOf = async (key: string): Promise<Record<string, number>> => {
  const counters = await product.admin<Record<string, number>>('/counters');
  return Object.fromEntries(Object.entries(counters).filter(([name]) => name.includes('.create.') && name.endsWith(`.${key}`)));
};

describe('a hire that HR pushes', () => {
  it("is found in both vendors' own APIs with fields, manager, group and app, and step by step in the timeline", async () => {
    const { employeeNumber, steps, oktaId, entraId } = await product.hire();
    expect(steps.map(({ step }) => step)).toEqual(
      expect.arrayContaining(['Okta user active', 'Okta app assigned', 'Entra manager set', 'Entra app held', 'timeline complete']),
    );
    expect([oktaId, entraId].every(Boolean)).toBe(true);
    expect(await createsOf(employeeNumber)).toEqual({
      [`okta.create.employeeNumber.${employeeNumber}`]: 1,
      [`graph.create.employeeId.${employeeNumber}`]: 1,
    });
  }, 150_000);
});

describe('a hire that HR delivers three times, shuffled with its own later changes', () => {
  const settled = { title: 'Harbour Pilot 3', department: 'Operations' };

  it('ends as one account a side with the later values and one login, behind lagging replicas and lost answers', async () => {
    await arm();
    await product.admin('/hr/subscription', undefined, 'DELETE');
    const { key } = await product.admin<{ key: string }>('/hr/workers', {
      givenName: 'Maud',
      familyName: 'Ferreira',
      title: 'Harbour Pilot 1',
      department: 'Logistics',
      hireDate: new Date().toISOString().slice(0, 10),
      timeZone: 'UTC',
    });
    await product.admin(`/hr/workers/${key}`, { title: 'Harbour Pilot 2' }, 'PATCH');
    await product.admin(`/hr/workers/${key}`, settled, 'PATCH');
    const target = { target: `${product.started.consoleUrl}/scim/v2/hr-main/Bulk`, token: product.read('hr-token') };
    const order = { ...target, ids: [key], versions: 'all', repeat: 3, shuffle: true, seed: 7, size: 1 };
    const pushed = await product.admin<{ accepted: number; sent: number }>('/hr/push', order);
    expect(pushed).toMatchObject({ sent: 9, accepted: 9 });

    const okta = await until('Okta user with the later values', async () => {
      const user = await product.view<OktaUser>('oktaUser', key);
      return user && user.profile['title'] === settled.title && user.profile['department'] === settled.department ? user : undefined;
    });
    const entra = await until('Entra user with the later values', async () => {
      const user = await product.view<EntraUser>('entraUser', key);
      return user && user['jobTitle'] === settled.title && user['department'] === settled.department ? user : undefined;
    });
    await expectFaultsFired();
    await calm();

    const login = String(okta.profile['login']);
    expect(login).toMatch(/^maud\.ferreira@/);
    expect(entra['userPrincipalName']).toBe(login);
    await until('quiet', async () => (await writesWithin(4_000)) === 0, 90_000);
    expect(await createsOf(key)).toEqual({ [`okta.create.employeeNumber.${key}`]: 1, [`graph.create.employeeId.${key}`]: 1 });
    expect(await product.view<OktaUser>('oktaUser', key)).toMatchObject({ id: okta.id, profile: settled });
    expect(await product.view<EntraUser>('entraUser', key)).toMatchObject({ id: entra.id, jobTitle: settled.title });
    expect(await loginsAssignedTo(key)).toEqual([login.split('@')[0]]);
  }, 240_000);
});

/** Replicas behind by up to 30 s of the vendors' time on every class of reads; the first answers to creates and changes are lost, before and after the effect. */
async function arm(): Promise<void> {
  await product.admin('/lag', [{ class: 'all', minMs: 2_000, maxMs: 30_000, replicas: 3 }]);
  await product.admin('/faults', [
    { id: 'okta-create-lost', server: 'okta', method: 'POST', path: '/api/v1/users*', kind: 'lost-after', times: 1 },
    { id: 'okta-change-lost', server: 'okta', method: 'POST', path: '^/api/v1/users/[^/]+$', kind: 'lost-before', times: 1 },
    { id: 'graph-create-lost', server: 'graph', method: 'POST', path: '/v1.0/users', kind: 'lost-after', times: 1 },
    { id: 'graph-unavailable', server: 'graph', kind: 'status', status: 503, times: 2 },
  ]);
}

async function calm(): Promise<void> {
  await product.admin('/faults', undefined, 'DELETE');
  await product.admin('/lag', undefined, 'DELETE');
}

/** A fault that never fired proves nothing. */
async function expectFaultsFired(): Promise<void> {
  const { active } = await product.admin<{ active: { id: string; fired: number }[] }>('/faults');
  const fired = Object.fromEntries(active.map((rule) => [rule.id, rule.fired]));
  expect(fired).toMatchObject({ 'okta-create-lost': 1, 'graph-create-lost': 1, 'graph-unavailable': 2 });
  const { stale } = await product.admin<{ stale: Record<string, number> }>('/lag');
  expect(Object.values(stale).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(0);
}

/** How many requests of the next while changed something at a vendor. */
async function writesWithin(milliseconds: number): Promise<number> {
  const { last } = await product.journalSince(Number.MAX_SAFE_INTEGER);
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  const { entries } = await product.journalSince(last);
  return entries.filter(({ server, effects }) => (server === 'okta' || server === 'graph') && effects.length > 0).length;
}

async function loginsAssignedTo(key: string): Promise<string[]> {
  const { entries } = await product.api<{ entries: { type: string; summary: string }[] }>(`/api/timeline/${key}`);
  return entries.filter(({ type }) => type === 'LoginAssigned').map(({ summary }) => /maud[.\w-]*/.exec(summary)?.[0] ?? summary);
}
