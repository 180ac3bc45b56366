import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Client } from '@microsoft/microsoft-graph-client';
import { SpecReceiver } from '../kit/spec-receiver.ts';
import { openSpecTenant, type SpecTenant } from './official-clients.ts';
import type { Subscriptions } from './subscriptions.ts';

interface Shown {
  id: string;
  resource: string;
  expirationDateTime: string;
  clientState: string | null;
}
interface Told {
  changeType?: string;
  lifecycleEvent?: string;
  clientState: string;
  subscriptionId: string;
  resource: string;
  resourceData: { id: string; 'members@delta'?: { id: string; '@removed'?: string }[] };
}

let tenant: SpecTenant;
let app: Client;
let receiver: SpecReceiver;
let subscriptions: Subscriptions;
let user: string;
let group: string;

jest.setTimeout(60_000);

beforeAll(async () => {
  const properties = { userPrincipalName: 'p@contoso.example', mailNickname: 'p', displayName: 'P' };
  tenant = await openSpecTenant({ seed: { users: [{ properties }], groups: [{ name: 'crew' }] } });
  app = tenant.client('muster-notified');
  receiver = await SpecReceiver.open();
  const { directory, subscriptions: own } = tenant.entra.tenant;
  user = directory.holder('user', 'mailNickname', 'p')!.id;
  group = directory.holder('group', 'displayName', 'crew')!.id;
  subscriptions = own!;
});
afterAll(async () => {
  await tenant.close();
  await receiver.close();
});
afterEach(async () => {
  tenant.kit.deliveries.clear();
  Object.assign(subscriptions.settings, { quota: 100, patienceMs: 10_000, slowAfterMs: 10_000 });
  for (const { id } of subscriptions.all()) subscriptions.remove(id);
  await new Promise((resolve) => setTimeout(resolve, 20));
  receiver.forget();
});

const inMinutes = (minutes: number) => new Date(tenant.kit.clock.now() + minutes * 60_000).toISOString();
const subscribe = (resource: string, more: Record<string, unknown> = {}): Promise<Shown> =>
  app.api('/subscriptions').post({
    changeType: 'updated,deleted',
    notificationUrl: receiver.url,
    lifecycleNotificationUrl: receiver.url,
    resource,
    expirationDateTime: inMinutes(60),
    clientState: 'sesame',
    ...more,
  }) as Promise<Shown>;
const told = async (least: number): Promise<Told[]> =>
  (await receiver.deliveries(least)).flatMap(({ body }) => (body as { value: Told[] }).value);
const rename = (city: string) => tenant.edit({ edit: 'update', id: user, properties: { city } } as never);

describe('subscriptions', () => {
  it('are made after the receiver gave back the decoded token, and are found again by the app that made them', async () => {
    const made = await subscribe('users');
    const [check] = receiver.received;
    expect(check).toMatchObject({ method: 'POST' });
    expect(check?.url.searchParams.get('validationToken')).toMatch(/^Validation: .* & \+$/);
    expect(check?.headers['content-type']).toContain('text/plain');
    expect(made).toMatchObject({ resource: 'users', clientState: 'sesame' });
    const list = (await app.api('/subscriptions').get()) as { value: Shown[] };
    expect(list.value).toMatchObject([{ id: made.id, clientState: null }]);
    expect(await tenant.client('auditor').api('/subscriptions').get()).toMatchObject({ value: [] });
    expect((await tenant.faultOf(tenant.client('auditor').api(`/subscriptions/${made.id}`).get())).statusCode).toBe(404);
  });

  it('are refused when the receiver does not answer as it has to', async () => {
    receiver.willing = false;
    expect(await tenant.faultOf(subscribe('users'))).toMatchObject({ statusCode: 400, code: 'ValidationError' });
    receiver.willing = true;
    tenant.kit.deliveries.set('graph', { verification: 'fail' });
    expect(await tenant.faultOf(subscribe('users'))).toMatchObject({ code: 'ValidationError' });
  });

  it('are refused beyond the quota, without the permission, and for longer than 29 days', async () => {
    subscriptions.settings.quota = 1;
    await subscribe('users');
    expect(await tenant.faultOf(subscribe('groups'))).toMatchObject({ statusCode: 403, code: 'ExtensionError' });
    subscriptions.settings.quota = 100;
    app = tenant.client('muster');
    expect(await tenant.faultOf(subscribe('groups'))).toMatchObject({ statusCode: 403, code: 'Authorization_RequestDenied' });
    app = tenant.client('muster-notified');
    expect(await tenant.faultOf(subscribe('users', { expirationDateTime: inMinutes(41_761) }))).toMatchObject({ statusCode: 400 });
  });

  it('tell which object changed, with the state that the app chose, and not what it holds', async () => {
    const made = await subscribe('users');
    await rename('Ulm');
    const [first] = await told(1);
    expect(first).toMatchObject({
      changeType: 'updated',
      clientState: 'sesame',
      subscriptionId: made.id,
      resource: `Users/${user}`,
      resourceData: { id: user },
    });
    expect(JSON.stringify(first)).not.toContain('Ulm');
  });

  it('tell of memberships with the group, and of a deletion', async () => {
    await subscribe('groups');
    await app.api(`/groups/${group}/members/$ref`).post({ '@odata.id': `${tenant.entra.graphUrl}/v1.0/users/${user}` });
    expect(await told(1)).toMatchObject([{ resource: `Groups/${group}`, resourceData: { 'members@delta': [{ id: user }] } }]);
    const made = (await tenant.client('admin').api('/groups').post({
      displayName: 'short',
      mailEnabled: false,
      mailNickname: 'short',
      securityEnabled: true,
    })) as { id: string };
    await receiver.deliveries(2);
    receiver.forget();
    await tenant.client('admin').api(`/groups/${made.id}`).delete();
    await receiver.deliveries(1);
    const types = (await told(1)).filter(({ resourceData }) => resourceData.id === made.id).map(({ changeType }) => changeType);
    expect(types).toContain('deleted');
  });

  it('run out, are renewed before, and are reminded of', async () => {
    const made = await subscribe('users');
    tenant.kit.clock.advance(55 * 60_000);
    expect(await told(1)).toMatchObject([{ lifecycleEvent: 'reauthorizationRequired', subscriptionId: made.id, clientState: 'sesame' }]);
    receiver.forget();
    await rename('Bonn');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(receiver.received).toHaveLength(0);
    await app.api(`/subscriptions/${made.id}/reauthorize`).post({});
    await rename('Kiel');
    await receiver.deliveries(1);
    const renewed = (await app.api(`/subscriptions/${made.id}`).patch({ expirationDateTime: inMinutes(120) })) as Shown;
    expect(Date.parse(renewed.expirationDateTime)).toBeGreaterThan(Date.parse(made.expirationDateTime));
    tenant.kit.clock.advance(121 * 60_000);
    app = tenant.client('muster-notified');
    expect(await app.api('/subscriptions').get()).toMatchObject({ value: [] });
  });

  it('are removed and miss things on request', async () => {
    const made = await subscribe('users');
    const order = (event: string) => tenant.bare('POST', `${tenant.kit.admin.url}/entra/lifecycle`, { body: { event } });
    tenant.kit.deliveries.set('graph', { mergeMs: 100 });
    await order('missed');
    await order('subscriptionRemoved');
    await receiver.deliveries(1);
    expect((await told(1)).map(({ lifecycleEvent }) => lifecycleEvent)).toEqual(['missed', 'subscriptionRemoved']);
    expect((await tenant.faultOf(app.api(`/subscriptions/${made.id}`).get())).statusCode).toBe(404);
  });

  it('are tried again until they are taken', async () => {
    await subscribe('users');
    receiver.status = 500;
    await rename('Trier');
    await receiver.deliveries(1);
    receiver.status = 202;
    await new Promise((resolve) => setTimeout(resolve, 50));
    tenant.kit.clock.advance(10_000);
    expect(await receiver.deliveries(2)).toHaveLength(2);
    expect(tenant.kit.deliveries.report('graph')['answered 500']).toBe(1);
  });

  it('come late to a slow receiver, and not at all to a very slow one', async () => {
    await subscribe('users');
    const url = receiver.url;
    const sendOne = async (count: number, slowMs: number) => {
      receiver.slowMs = slowMs;
      await rename(`Town ${count}`);
      await receiver.deliveries(count);
      await new Promise((resolve) => setTimeout(resolve, 40));
    };
    subscriptions.settings.slowAfterMs = 15;
    tenant.kit.clock.advance(700_000);
    receiver.forget();
    for (let count = 1; count <= 16; count += 1) await sendOne(count, count > 14 ? 25 : 0);
    expect(subscriptions.notifier.stateOf(url)).toBe('slow');
    await rename('Late');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await receiver.deliveries(16)).toHaveLength(16);
    tenant.kit.clock.advance(10_000);
    await sendOne(17, 25);
    tenant.kit.clock.advance(10_000);
    await receiver.deliveries(18);
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(subscriptions.notifier.stateOf(url)).toBe('drop');
    await rename('Nowhere');
    expect(tenant.kit.deliveries.report('graph')['dropped']).toBe(1);
    tenant.kit.clock.advance(700_000);
    expect(subscriptions.notifier.stateOf(url)).toBe('ok');
  });
});
