import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type okta from '@okta/okta-sdk-nodejs';
import { errorOf, newProfile, openSpecOrg, type SpecOrg } from './official-client.ts';

let org: SpecOrg;
let client: okta.Client;

jest.setTimeout(60_000);

beforeAll(async () => {
  org = await openSpecOrg();
  client = org.client();
});
afterAll(() => org.close());
beforeEach(() => {
  org.kit.lag.off();
  org.kit.faults.clear();
});

const ago = (ms: number): string => new Date(org.kit.clock.now() - ms).toISOString();
type Events = Awaited<ReturnType<typeof client.systemLogApi.listLogEvents>>;

/** What is there now: a poll never says that it is done. */
async function upToNow(events: Events): Promise<okta.LogEvent[]> {
  const found: okta.LogEvent[] = [];
  for (let at = 0; at < 1000; at++) {
    const { value, done } = await events.next();
    if (done || !value) return found;
    found.push(value);
  }
  throw new Error('the log does not end');
}

/** A bounded query to its end. */
async function toTheEnd(events: Events): Promise<okta.LogEvent[]> {
  const found: okta.LogEvent[] = [];
  for (let at = 0; at < 1000; at++) {
    const { value, done } = await events.next();
    if (done) return found;
    if (value) found.push(value);
  }
  throw new Error('the log does not end');
}

const targetIds = (events: okta.LogEvent[]): unknown[] => events.map(({ target }) => target?.[0]?.id);

describe('the System Log', () => {
  it('names actor, token, target and outcome of each change, whoever made it', async () => {
    const { id = '' } = await client.userApi.createUser({ body: { profile: newProfile() } });
    await org
      .appClient('muster', ['okta.users.manage'])
      .userApi.suspendUser({ userId: id })
      .catch(() => undefined);
    await org.admin('/okta/outside-edit', { do: 'deactivate', user: id });
    const events = await upToNow(await client.systemLogApi.listLogEvents({ since: ago(60_000), filter: `target.id eq "${id}"` }));
    expect(events.map(({ eventType }) => eventType)).toEqual([
      'user.lifecycle.create',
      'user.lifecycle.activate',
      'user.lifecycle.deactivate',
    ]);
    const [created, , deactivated] = events as [okta.LogEvent, okta.LogEvent, okta.LogEvent];
    const { tokens } = org.okta.credentials;
    expect(created).toMatchObject({
      actor: { id: tokens.get('muster')?.actor.id },
      transaction: { detail: { requestApiTokenId: tokens.get('muster')?.id } },
      outcome: { result: 'SUCCESS' },
      target: [{ id, type: 'User' }],
    });
    expect(deactivated).toMatchObject({ actor: { id: tokens.get('admin')?.actor.id } });
  });

  it('names the service app as actor', async () => {
    const { id = '' } = await org.appClient('muster', ['okta.users.manage']).userApi.createUser({ body: { profile: newProfile() } });
    const [created] = await upToNow(
      await client.systemLogApi.listLogEvents({
        since: ago(60_000),
        filter: `target.id eq "${id}" and eventType eq "user.lifecycle.create"`,
      }),
    );
    expect(created?.actor).toMatchObject({ id: org.okta.credentials.apps.get('muster')?.clientId, type: 'PublicClientApp' });
  });

  it('has no event for a change that changed nothing', async () => {
    const profile = newProfile();
    const { id = '' } = await client.userApi.createUser({ body: { profile } });
    await client.userApi.updateUser({ userId: id, user: { profile } });
    const events = await upToNow(
      await client.systemLogApi.listLogEvents({
        since: ago(60_000),
        filter: `target.id eq "${id}" and eventType eq "user.account.update_profile"`,
      }),
    );
    expect(events).toEqual([]);
  });

  it('is polled by a next link that is always there; nothing new is an item without value', async () => {
    const events = await client.systemLogApi.listLogEvents({ since: ago(60_000), limit: 3 });
    expect((await upToNow(events)).length).toBeGreaterThan(3);
    expect(await events.next()).toEqual({ done: false, value: null });
    const { id = '' } = await client.userApi.createUser({ body: { profile: newProfile() } });
    const fresh = await upToNow(events);
    expect(targetIds(fresh)).toEqual([id, id]);
    const resumed = await client.systemLogApi.listLogEvents({ since: ago(60_000), limit: 3 });
    resumed.nextUri = events.nextUri;
    expect(await upToNow(resumed)).toEqual([]);
  });

  it('ends when it is bounded, in the order of `published`, either way', async () => {
    const until = new Date(org.kit.clock.now() + 1000).toISOString();
    const both = await Promise.all(
      (['ASCENDING', 'DESCENDING'] as const).map(async (sortOrder) => {
        const events = await client.systemLogApi.listLogEvents({ since: ago(60_000), until, limit: 4, sortOrder });
        return (await toTheEnd(events)).map(({ uuid }) => uuid);
      }),
    );
    expect(both[0]?.length).toBeGreaterThan(4);
    expect(both[1]).toEqual([...(both[0] ?? [])].reverse());
  });

  it('refuses a `since` that is no ISO text, as a Date object is sent, or that is too old', async () => {
    const asDate = new Date() as unknown as string;
    expect(await errorOf(upToNow(await client.systemLogApi.listLogEvents({ since: asDate })))).toMatchObject({
      status: 400,
      errorCode: 'E0000001',
    });
    expect(await errorOf(upToNow(await client.systemLogApi.listLogEvents({ since: ago(181 * 24 * 3_600_000) })))).toMatchObject({
      status: 400,
    });
  });

  it('gives late events to those who poll, out of the order of `published`, and not to a bounded query before they come', async () => {
    const start = ago(0);
    const events = await client.systemLogApi.listLogEvents({ since: start, limit: 100 });
    await upToNow(events);
    org.kit.lag.set({ class: 'log', minMs: 60_000, maxMs: 60_000 });
    const late = await client.userApi.createUser({ body: { profile: newProfile() }, activate: false });
    org.kit.lag.off();
    const early = await client.userApi.createUser({ body: { profile: newProfile() }, activate: false });
    expect(targetIds(await upToNow(events))).toEqual([early.id]);
    const bounded = await client.systemLogApi.listLogEvents({ since: start, until: new Date(org.kit.clock.now() + 1000).toISOString() });
    expect(targetIds(await toTheEnd(bounded))).toEqual([early.id]);
    org.kit.clock.advance(61_000);
    const after = await upToNow(events);
    expect(targetIds(after)).toEqual([late.id]);
  });
});
