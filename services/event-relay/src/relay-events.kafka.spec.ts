import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { topicMap } from '@muster/contracts';
import type { NewEvent } from '@muster/event-store';
import { startKafka } from '@muster/kafka-local';
import { listDeadMessages } from '@muster/messaging';
import { sql } from 'kysely';
import { identityEvents, metadata, RelayRig, type Seen, until, uuid } from './testing/relay-rig.ts';

let rig: RelayRig;

beforeAll(async () => {
  rig = await RelayRig.build(startKafka);
}, 180_000);
afterAll(() => rig?.close(), 60_000);
afterEach(() => rig.stopRelays());

const thing = (n: number): NewEvent => ({ type: 'ThingSeen', data: { n }, metadata: metadata('muster:source/thing-seen.v1') });
const inOrder = (list: Seen[]): number[] => [...new Set(list.map(({ envelope }) => envelope.revision))];
const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

describe('the event relay', () => {
  it('publishes what travels, each stream in order, under the headers of the contract, and nothing else', async () => {
    rig.start();
    const streams = upTo(12).map((n) => `group-order.${n}`);
    await Promise.all(
      streams.map(async (stream) => {
        for (const n of upTo(25)) await rig.store.append(stream, [thing(n)], n === 0 ? 'none' : n - 1);
      }),
    );
    await rig.store.append('case-1', [thing(0)], 'none');
    await until('all published', () => streams.every((stream) => rig.about(stream).length >= 25));
    for (const stream of streams) expect(rig.about(stream).map(({ value }) => value)).toEqual(upTo(25).map((n) => ({ n })));
    const [first] = rig.about('group-order.0');
    expect(first).toMatchObject({
      topic: 'muster.source.events.v1',
      key: 'group-order.0',
      envelope: { type: 'ThingSeen', revision: 0, correlationId: 'c' },
    });
    expect(rig.about('case-1')).toEqual([]);
  }, 60_000);

  it('sends personal fields as ciphertext on internal topics and readable on public ones', async () => {
    rig.start();
    const id = uuid(1);
    await rig.store.append(`identity-${id}`, identityEvents(id, 'Ada Lovelace'), 'none');
    const record = { schemas: ['x'], externalId: '1', name: { givenName: 'Ada', familyName: 'Lovelace' } };
    await rig.store.append(
      'worker-hr.secret',
      [
        {
          type: 'WorkerRecorded',
          data: { connection: 'hr', workerKey: 'ada-1815', record },
          metadata: metadata('muster:source/worker-recorded.v1'),
        },
      ],
      'none',
    );
    await until('both published', () => rig.eventsOf(`identity-${id}`).length >= 3 && rig.about('worker-hr.secret').length >= 1);
    expect(JSON.stringify(rig.about('worker-hr.secret').map(({ value }) => value))).not.toContain('Lovelace');
    expect(rig.eventsOf(`identity-${id}`)[2]?.value).toMatchObject({ attributes: { displayName: 'Ada Lovelace' } });
  }, 60_000);

  it('keeps the compacted topic at the latest state of each identity, over a restart and with its own memory lost, and ends it with a tombstone', async () => {
    const first = rig.start();
    const id = uuid(2);
    const stream = `identity-${id}`;
    await rig.store.append(stream, identityEvents(id, 'First'), 'none');
    await until('first state', () => rig.statesOf(stream).some(({ value }) => value?.['revision'] === 2));
    await first.stop();
    await sql`delete from current`.execute(rig.database.db);
    rig.start();
    await rig.store.append(
      stream,
      [
        {
          type: 'LoginAssigned',
          data: { identityId: id, login: 'ada', attempt: 1 },
          metadata: metadata('muster:identity/login-assigned.v1'),
        },
      ],
      2,
    );
    await until('second state', () => rig.statesOf(stream).some(({ value }) => value?.['revision'] === 3));
    expect(rig.statesOf(stream).at(-1)).toMatchObject({
      key: id,
      value: { identityId: id, login: 'ada', lifecycle: 'active', attributes: { displayName: 'First' } },
    });
    await rig.store.append(
      stream,
      [{ type: 'IdentityErased', data: { identityId: id, erasure: 'e-1' }, metadata: metadata('muster:identity/identity-erased.v1') }],
      3,
    );
    await until('tombstone', () => rig.statesOf(stream).at(-1)?.value === null);
  }, 60_000);

  it('loses nothing and keeps the order when the broker is killed while it publishes', async () => {
    const relay = rig.start();
    const stream = 'group-outage.1';
    await rig.store.append(stream, [thing(0)], 'none');
    await until('first one out', () => rig.about(stream).length >= 1);
    process.kill(rig.broker.pid, 'SIGKILL');
    await rig.broker.ended;
    for (let n = 1; n < 200; n++) await rig.store.append(stream, [thing(n)], n - 1);
    await until('trouble is shown', () => relay.troubles.some((trouble) => trouble !== undefined));
    await rig.startBroker();
    await until('all out', () => inOrder(rig.about(stream)).length === 200, 60_000);
    expect(inOrder(rig.about(stream))).toEqual(upTo(200));
    expect(relay.troubles.at(-1)).toBeUndefined();
  }, 120_000);

  it('is done by one of two at a time, and by the other as soon as the first one stops', async () => {
    const [one, two] = [rig.start(), rig.start()];
    const stream = 'group-pair.1';
    for (const n of upTo(50)) {
      await rig.store.append(stream, [thing(n)], n === 0 ? 'none' : n - 1);
      if (n === 25) await one.stop();
    }
    await until('all out', () => inOrder(rig.about(stream)).length === 50);
    expect(inOrder(rig.about(stream))).toEqual(upTo(50));
    await two.stop();
    const { rows } = await sql<{ token: number }>`select token from lease where name = 'event-relay'`.execute(rig.database.db);
    expect(rows[0]?.token).toBeGreaterThan(1);
  }, 60_000);

  it('shuts out a relay that was replaced without knowing it', async () => {
    const former = await rig.publisher();
    const record = { topic: topicMap.source.name, key: 'k', value: Buffer.from('{}'), headers: {} };
    const next = await rig.publisher();
    await expect(former.publish([record])).rejects.toThrow(/fenced|epoch|newer/i);
    await former.close();
    await next.close();
  }, 60_000);

  it('puts aside an event that can never be carried, and carries the others', async () => {
    rig.start();
    await rig.store.append('group-odd.1', [{ ...thing(0), metadata: { ...thing(0).metadata, schema: 'of somebody else' } }], 'none');
    await rig.store.append('group-odd.2', [thing(0)], 'none');
    await until('the other one out', () => rig.about('group-odd.2').length >= 1);
    expect(rig.about('group-odd.1')).toEqual([]);
    expect((await listDeadMessages(rig.database)).map(({ key }) => key)).toContain('group-odd.1');
  }, 60_000);
});
