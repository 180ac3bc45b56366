import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { NewEvent } from '@muster/event-store';
import { startKafka } from '@muster/kafka-local';
import type { Log } from '@muster/messaging';
import { sql } from 'kysely';
import { identityEvents, metadata, RelayRig, type Seen, silent, until, uuid } from './testing/relay-rig.ts';

let rig: RelayRig;

beforeAll(async () => {
  rig = await RelayRig.build(startKafka, [
    { name: 'badges' },
    { name: 'late' },
    { name: 'narrowed' },
    { name: 'paused' },
    { name: 'emptied' },
  ]);
}, 180_000);
afterAll(() => rig?.close(), 60_000);
afterEach(() => rig.stopRelays());

const ofSubscriber = (name: string, stream: string): Seen[] =>
  rig.seen.filter(({ topic, envelope }) => topic.startsWith(`muster.subscriber.${name}.`) && envelope.stream === stream);
const statesFor = (name: string, stream: string): Seen[] =>
  ofSubscriber(name, stream).filter(({ topic }) => topic.endsWith('.identity.state.v1'));
const eventsFor = (name: string, stream: string): Seen[] =>
  ofSubscriber(name, stream).filter(({ topic }) => topic.endsWith('.identity.events.v1'));

const title = (identityId: string, value: string): NewEvent => ({
  type: 'IdentityAttributesChanged',
  data: { identityId, attributes: { displayName: 'Ada Lovelace', title: value }, changed: ['title'], provenance: {} },
  metadata: metadata('muster:identity/identity-attributes-changed.v1'),
});
const erased = (identityId: string): NewEvent => ({
  type: 'IdentityErased',
  data: { identityId, erasure: 'e-1' },
  metadata: metadata('muster:identity/identity-erased.v1'),
});
const login = (identityId: string): NewEvent => ({
  type: 'LoginAssigned',
  data: { identityId, login: 'lovelace', attempt: 1 },
  metadata: metadata('muster:identity/login-assigned.v1'),
});

describe('a subscriber that may not see everything', () => {
  it('gets every event and state under the same headers on topics of its own, without the personal fields that it was not granted, up to the tombstone', async () => {
    rig.start({ subscribers: [{ name: 'badges', sees: ['attributes.title'] }] });
    const id = uuid(10);
    const stream = `identity-${id}`;
    await rig.store.append(stream, [...identityEvents(id, 'Ada Lovelace'), login(id), title(id, 'Countess')], 'none');
    await until('the state with the title', () => statesFor('badges', stream).at(-1)?.envelope.revision === 4);
    await rig.store.append(stream, [erased(id)], 4);
    await until('the tombstone', () => statesFor('badges', stream).at(-1)?.value === null);
    await until('every event', () => [eventsFor('badges', stream), rig.eventsOf(stream)].every(({ length }) => length >= 6));

    const shown = ofSubscriber('badges', stream);
    expect(JSON.stringify(shown)).not.toMatch(/lovelace|displayName/i);
    expect(eventsFor('badges', stream).map(({ key, envelope }) => [key, envelope])).toEqual(
      rig.eventsOf(stream).map(({ key, envelope }) => [key, envelope]),
    );
    expect(eventsFor('badges', stream).map(({ value }) => value)).toEqual([
      expect.objectContaining({ identityId: id }),
      expect.objectContaining({ state: 'active' }),
      { identityId: id, attributes: {}, changed: [], provenance: {} },
      { identityId: id, attempt: 1 },
      { identityId: id, attributes: { title: 'Countess' }, changed: ['title'], provenance: {} },
      { identityId: id, erasure: 'e-1' },
    ]);
    expect(statesFor('badges', stream).findLast(({ value }) => value !== null)?.value).toEqual({
      identityId: id,
      revision: 4,
      lifecycle: 'active',
      startsOn: '2026-01-01',
      attributes: { title: 'Countess' },
      accounts: [],
    });
  }, 60_000);

  it('begins with the state of everybody though it was named late, and goes on from there without a gap', async () => {
    const [id, gone] = [uuid(11), uuid(12)];
    const [stream, erasedStream] = [`identity-${id}`, `identity-${gone}`];
    const first = rig.start();
    await rig.store.append(stream, [...identityEvents(id, 'Ada Lovelace'), title(id, 'Countess')], 'none');
    await rig.store.append(erasedStream, [...identityEvents(gone, 'Ada Lovelace'), erased(gone)], 'none');
    await until('published to everybody', () => rig.statesOf(stream).length > 0 && rig.statesOf(erasedStream).at(-1)?.value === null);
    await first.stop();
    expect(ofSubscriber('late', stream)).toEqual([]);
    const second = rig.start({ subscribers: [{ name: 'late', sees: ['attributes.title'] }] });
    await until('the states to begin with', () => statesFor('late', stream).length > 0 && statesFor('late', erasedStream).length > 0);
    expect(statesFor('late', stream)[0]).toMatchObject({ key: id, value: { revision: 3, attributes: { title: 'Countess' } } });
    expect(statesFor('late', erasedStream)[0]?.value).toBeNull();
    await rig.store.append(stream, [title(id, 'Enchantress')], 3);
    await until('the next event', () => eventsFor('late', stream).some(({ envelope }) => envelope.revision === 4));
    await second.stop();
    const before = statesFor('late', erasedStream).length;
    rig.start({ subscribers: [{ name: 'late', sees: ['attributes.title'] }] });
    await rig.store.append(stream, [title(id, 'Analyst')], 4);
    await until('the event after a restart', () => eventsFor('late', stream).some(({ envelope }) => envelope.revision === 5));
    expect(statesFor('late', erasedStream)).toHaveLength(before);
    expect(JSON.stringify([ofSubscriber('late', stream), ofSubscriber('late', erasedStream)])).not.toMatch(/lovelace/i);
  }, 90_000);

  it('is given the state of everybody again when it is granted less or more, and when it was not served for a while', async () => {
    const id = uuid(13);
    const stream = `identity-${id}`;
    const warnings: unknown[] = [];
    const log: Log = { ...silent, warn: (fields) => warnings.push(fields) };
    const titleOnly = { name: 'narrowed', sees: ['attributes.title'] };
    const all = { name: 'narrowed', sees: ['attributes', 'login'] };
    const first = rig.start({ subscribers: [all, { name: 'paused', sees: [] }] });
    await rig.store.append(stream, [...identityEvents(id, 'Ada Lovelace'), title(id, 'Countess')], 'none');
    await until('the whole state', () => JSON.stringify(statesFor('narrowed', stream).at(-1)?.value ?? {}).includes('Lovelace'));
    await first.stop();
    const second = rig.start({ subscribers: [titleOnly], log });
    await until('the state with less in it', () =>
      JSON.stringify(statesFor('narrowed', stream).at(-1)?.value).includes('{"title":"Countess"}'),
    );
    expect(warnings).toContainEqual({ subscriber: 'narrowed', lost: 'attributes, login' });
    await rig.store.append(stream, [title(id, 'Analyst')], 3);
    await until('the event for the one that is served', () =>
      eventsFor('narrowed', stream).some(({ envelope }) => envelope.revision === 4),
    );
    await second.stop();
    expect(eventsFor('paused', stream).some(({ envelope }) => envelope.revision === 4)).toBe(false);
    rig.start({ subscribers: [all, { name: 'paused', sees: [] }] });
    await until('the state of what was missed', () => statesFor('paused', stream).at(-1)?.envelope.revision === 4);
    await until('the whole state again', () => JSON.stringify(statesFor('narrowed', stream).at(-1)?.value).includes('Lovelace'));
  }, 90_000);

  it('is given the state of everybody again when its state topic was deleted', async () => {
    const stream = `identity-${uuid(14)}`;
    const first = rig.start();
    await rig.store.append(stream, identityEvents(uuid(14), 'Ada Lovelace'), 'none');
    await until('published to everybody', () => rig.statesOf(stream).length > 0);
    await first.stop();
    await sql`insert into subscriber (name, sees) values ('emptied', '[]')`.execute(rig.database.db);
    rig.start({ subscribers: [{ name: 'emptied', sees: [] }] });
    await until('its state', () => statesFor('emptied', stream).length > 0);
    expect(statesFor('emptied', stream).at(-1)?.value).not.toHaveProperty('attributes');
  }, 60_000);
});
