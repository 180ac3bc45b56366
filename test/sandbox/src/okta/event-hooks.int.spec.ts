import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type okta from '@okta/okta-sdk-nodejs';
import { SpecReceiver } from '../kit/spec-receiver.ts';
import { errorOf, newProfile, openSpecOrg, type SpecOrg } from './official-client.ts';
import type { LogEvent } from './system-log.ts';

let org: SpecOrg;
let client: okta.Client;
let receiver: SpecReceiver;

jest.setTimeout(60_000);

beforeAll(async () => {
  org = await openSpecOrg();
  client = org.client();
  receiver = await SpecReceiver.open();
});
afterAll(async () => {
  await org.close();
  await receiver.close();
});
afterEach(async () => {
  org.kit.deliveries.clear();
  for (const { id } of org.okta.org.hooks.table.values()) org.okta.org.hooks.table.delete(id);
  // Whatever is still on its way has nobody to go to.
  await new Promise((resolve) => setTimeout(resolve, 20));
  receiver.forget();
});

const TYPES = ['user.lifecycle.create', 'user.account.update_profile', 'group.user_membership.add'];
type HookBody = Parameters<typeof client.eventHookApi.createEventHook>[0]['eventHook'];

const body = (more: { items?: string[]; uri?: string; name?: string } = {}): HookBody => ({
  name: more.name ?? 'Told',
  events: { type: 'EVENT_TYPE', items: more.items ?? TYPES },
  channel: {
    type: 'HTTP',
    version: '1.0.0',
    config: { uri: more.uri ?? receiver.url, authScheme: { type: 'HEADER', key: 'X-Secret', value: 'sesame' } },
  },
});

async function verifiedHook(): Promise<string> {
  const { id = '' } = await client.eventHookApi.createEventHook({ eventHook: body() });
  await client.eventHookApi.verifyEventHook({ eventHookId: id });
  return id;
}

const make = () => client.userApi.createUser({ body: { profile: newProfile() }, activate: false });
const eventsOf = ({ body: told }: { body: unknown }): LogEvent[] => (told as { data: { events: LogEvent[] } }).data.events;

describe('event hooks', () => {
  it('are made, listed, changed, switched off and on, deleted; the secret is never shown again', async () => {
    const made = await client.eventHookApi.createEventHook({ eventHook: body() });
    const id = made.id ?? '';
    expect(made).toMatchObject({ status: 'ACTIVE', verificationStatus: 'UNVERIFIED', name: 'Told' });
    expect(JSON.stringify(made)).not.toContain('sesame');
    expect(JSON.stringify(await client.eventHookApi.getEventHook({ eventHookId: id }))).not.toContain('sesame');
    await client.eventHookApi.replaceEventHook({ eventHookId: id, eventHook: body({ name: 'Renamed' }) });
    expect(await client.eventHookApi.deactivateEventHook({ eventHookId: id })).toMatchObject({ name: 'Renamed', status: 'INACTIVE' });
    expect(await client.eventHookApi.activateEventHook({ eventHookId: id })).toMatchObject({ status: 'ACTIVE' });
    const listed: string[] = [];
    for await (const hook of await client.eventHookApi.listEventHooks()) if (hook) listed.push(hook.id ?? '');
    expect(listed).toEqual([id]);
    await client.eventHookApi.deleteEventHook({ eventHookId: id });
    expect(await errorOf(client.eventHookApi.getEventHook({ eventHookId: id }))).toMatchObject({ status: 404, errorCode: 'E0000007' });
  });

  it('refuse what hooks cannot tell of, and addresses without encryption', async () => {
    const wrong = [
      body({ items: ['user.lifecycle.delete.completed'] }),
      body({ uri: 'http://elsewhere.example/told' }),
      body({ items: [] }),
    ];
    for (const eventHook of wrong)
      expect(await errorOf(client.eventHookApi.createEventHook({ eventHook }))).toMatchObject({ status: 400, errorCode: 'E0000001' });
  });

  it('need a scope of their own', async () => {
    const reader = org.appClient('observe', ['okta.eventHooks.read']);
    const list = await reader.eventHookApi.listEventHooks();
    expect(await list.next()).toMatchObject({ done: true });
    expect(await errorOf(reader.eventHookApi.createEventHook({ eventHook: body() }))).toMatchObject({ status: 403 });
  });

  it('are verified once by a challenge, and tell nothing before', async () => {
    const { id = '' } = await client.eventHookApi.createEventHook({ eventHook: body() });
    await make();
    receiver.willing = false;
    expect(await errorOf(client.eventHookApi.verifyEventHook({ eventHookId: id }))).toMatchObject({ status: 400, errorCode: 'E0000001' });
    receiver.willing = true;
    org.kit.deliveries.set('okta', { verification: 'fail' });
    expect(await errorOf(client.eventHookApi.verifyEventHook({ eventHookId: id }))).toMatchObject({ status: 400 });
    org.kit.deliveries.clear();
    expect(await client.eventHookApi.verifyEventHook({ eventHookId: id })).toMatchObject({ verificationStatus: 'VERIFIED' });
    expect(receiver.received.map(({ method }) => method)).toEqual(['GET', 'GET', 'GET']);
    await make();
    const [told] = await receiver.deliveries(1);
    expect(told?.headers['x-secret']).toBe('sesame');
  });

  it('bring the very event of the log, in an envelope', async () => {
    const id = await verifiedHook();
    const user = await make();
    const [told] = await receiver.deliveries(1);
    expect(told?.body).toMatchObject({
      eventType: 'com.okta.event_hook',
      eventTypeVersion: '1.0',
      cloudEventsVersion: '0.1',
      contentType: 'application/json',
      source: expect.stringContaining(id),
    });
    const logged = org.okta.org.log.poll(0, 0, 10_000).map(({ event }) => event);
    expect(eventsOf(told!)).toEqual([logged.find(({ target }) => target[0]?.id === user.id)]);
  });

  it('are tried once more after a 5xx, and not after a 4xx', async () => {
    await verifiedHook();
    receiver.status = 503;
    await make();
    const twice = await receiver.deliveries(2);
    expect(new Set(twice.map(({ body: told }) => (told as { eventId: string }).eventId)).size).toBe(1);
    receiver.forget();
    receiver.status = 401;
    await make();
    await receiver.deliveries(1);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await receiver.deliveries(1)).toHaveLength(1);
  });

  it('are lost, repeated, delayed, merged and forged as told', async () => {
    await verifiedHook();
    org.kit.deliveries.set('okta', { lost: 1 });
    await make();
    await new Promise((resolve) => setTimeout(resolve, 20));
    org.kit.deliveries.set('okta', { mergeMs: 100, repeat: { min: 3, max: 3 }, delay: { minMs: 0, maxMs: 50 }, wrongSecret: 1 });
    const [one, two] = [await make(), await make()];
    const told = await receiver.deliveries(3);
    for (const delivery of told) {
      expect(eventsOf(delivery).map(({ target }) => target[0]?.id)).toEqual([one.id, two.id]);
      expect(delivery.headers['x-secret']).toBe('not-sesame');
    }
    expect(org.kit.deliveries.report('okta')).toMatchObject({ lost: 1, repeated: 2, forged: 3 });
  });

  it('stay with the org over a restart', async () => {
    const id = await verifiedHook();
    await org.restart();
    client = org.client();
    expect(await client.eventHookApi.getEventHook({ eventHookId: id })).toMatchObject({ verificationStatus: 'VERIFIED' });
    await make();
    expect(await receiver.deliveries(1)).toHaveLength(1);
  });
});
