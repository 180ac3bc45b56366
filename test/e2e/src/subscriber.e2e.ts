import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Consumer } from 'kafkajs';
import { follow, kafkaOf, readTopics, type Received } from './running/kafka-topics.ts';
import { ProductUnderTest, removeFolder, temporaryFolder, until } from './running/product-under-test.ts';
import { readRawStore } from './running/raw-store.ts';

const STATE = 'muster.identity.state.v1';
const EVENTS = 'muster.identity.events.v1';
/** Those of a subscriber that was granted display names and departments and nothing else of what is personal. */
const ITS_STATE = 'muster.subscriber.seating-plan.identity.state.v1';
const ITS_EVENTS = 'muster.subscriber.seating-plan.identity.events.v1';

const folder = temporaryFolder();
let product: ProductUnderTest;

beforeAll(async () => {
  product = await ProductUnderTest.start(folder, { transport: 'kafka' });
  await product.seed();
}, 240_000);

afterAll(async () => {
  await product?.stop();
  removeFolder(folder);
}, 60_000);

/**
 * A subscriber as a reader of the contracts would write it: the state topic once to its end, then every event behind the revision that the state stands
 * for. What it has seen before is dropped by sequence; a gap would be an error.
 */
class Directory {
  readonly people = new Map<string, { revision: number; state: Record<string, unknown> }>();
  readonly gaps: string[] = [];
  seenTwice = 0;
  applied = 0;

  bootstrap({ key, headers, value }: Received): void {
    if (value === null) this.people.delete(key);
    else this.people.set(key, { revision: Number(headers['ce_sequence']), state: JSON.parse(value) as Record<string, unknown> });
  }

  apply({ key, headers, value }: Received): void {
    const revision = Number(headers['ce_sequence']);
    const known = this.people.get(key) ?? { revision: -1, state: {} };
    if (revision <= known.revision) {
      this.seenTwice++;
      return;
    }
    if (revision !== known.revision + 1) this.gaps.push(`${key}: ${known.revision} -> ${revision}`);
    this.people.set(key, { revision, state: { ...known.state, ...(JSON.parse(value ?? '{}') as object) } });
    this.applied++;
  }
}

describe('a system that subscribes to identities', () => {
  it('begins with the state of everybody and follows every change behind it without a gap', async () => {
    const kafka = kafkaOf(product.started.environment['MUSTER_KAFKA'] ?? '');
    const directory = new Directory();
    for (const message of await readTopics(kafka, `directory-${randomUUID()}`, [STATE])) directory.bootstrap(message);
    const { workers } = await product.admin<{ workers: { key: string }[] }>('/hr/workers');
    expect(directory.people.size).toBe(workers.length);
    const known = new Set(directory.people.keys());

    const messages: Received[] = [];
    let consumer: Consumer | undefined;
    try {
      consumer = await follow(kafka, `directory-${randomUUID()}`, [EVENTS], (message) => {
        messages.push(message);
        directory.apply(message);
      });
      const { identityId } = await product.hire();
      expect(known.has(identityId)).toBe(false);
      await product.admin(`/hr/workers/${workers[0]?.key}`, { title: 'Harbour Master' }, 'PATCH');
      const heads = await until('the subscriber at the head of every identity', async () => {
        const stored = await headsOfIdentities();
        const behind = [...stored].filter(([id, revision]) => directory.people.get(id)?.revision !== revision);
        return behind.length === 0 && stored.size === workers.length + 1 ? stored : undefined;
      });
      expect(directory.people.size).toBe(heads.size);
    } finally {
      await consumer?.disconnect();
    }

    expect(directory.gaps).toEqual([]);
    expect(directory.applied).toBeGreaterThan(0);
    expect(directory.seenTwice).toBeGreaterThan(0);
    for (const { headers } of messages)
      expect(headers).toMatchObject({ ce_id: expect.any(String), ce_subject: expect.stringMatching(/^identity-/) });
    expect(messages.every(({ key, headers }) => headers['ce_subject'] === `identity-${key}`)).toBe(true);
  }, 200_000);

  it('finds the same state by the events alone as the state topic ends with', async () => {
    const kafka = kafkaOf(product.started.environment['MUSTER_KAFKA'] ?? '');
    const [states, events] = await Promise.all([
      readTopics(kafka, `states-${randomUUID()}`, [STATE]),
      readTopics(kafka, `events-${randomUUID()}`, [EVENTS]),
    ]);
    const last = new Map(states.map((message) => [message.key, Number(message.headers['ce_sequence'])]));
    const byEvents = new Map<string, number>();
    for (const { key, headers } of events) byEvents.set(key, Math.max(byEvents.get(key) ?? -1, Number(headers['ce_sequence'])));
    expect(Object.fromEntries(last)).toEqual(Object.fromEntries(byEvents));
  }, 60_000);
});

describe('a subscriber that may see display names and departments', () => {
  it('follows everybody on topics of its own, and finds there no other personal value of those that the public topics show', async () => {
    const kafka = kafkaOf(product.started.environment['MUSTER_KAFKA'] ?? '');
    const read = (topic: string) => readTopics(kafka, `seating-${randomUUID()}`, [topic]);
    const [states, events, itsStates, itsEvents] = await Promise.all([STATE, EVENTS, ITS_STATE, ITS_EVENTS].map(read));
    const sequence = ({ headers }: Received): number => Number(headers['ce_sequence']);
    const sequences = (messages: Received[]): Map<string, Set<number>> =>
      new Map([...Map.groupBy(messages, ({ key }) => key)].map(([key, list]) => [key, new Set(list.map(sequence))]));
    expect(sequences(itsEvents ?? [])).toEqual(sequences(events ?? []));
    expect(latest(itsStates)).toHaveProperty('size', latest(states).size);

    let hidden = 0;
    const shown = JSON.stringify([itsStates, itsEvents]);
    for (const [key, { attributes, login }] of latest(states)) {
      const { displayName, department, ...others } = attributes;
      expect(latest(itsStates).get(key)?.attributes).toEqual({ displayName, department });
      expect(latest(itsStates).get(key)).not.toHaveProperty('login');
      // Lifecycle, its dates and the zone are not personal by the contracts, and short words stand in display names by chance.
      const secrets = [login, ...Object.values(others)].filter((value) => typeof value === 'string' && /[@.+]/.test(value)) as string[];
      expect(secrets.filter((secret) => shown.includes(JSON.stringify(secret).slice(1, -1)))).toEqual([]);
      hidden += secrets.length;
    }
    expect(hidden).toBeGreaterThan(latest(states).size);
  }, 90_000);
});

interface State {
  attributes: Record<string, unknown>;
  login?: string;
}

const latest = (messages: Received[] = []): Map<string, State> =>
  new Map(messages.flatMap(({ key, value }) => (value === null ? [] : [[key, JSON.parse(value) as State]])));

async function headsOfIdentities(): Promise<Map<string, number>> {
  const heads = new Map<string, number>();
  for (const { stream, revision } of await readRawStore(product.started.environment['MUSTER_STORE'] ?? ''))
    if (stream.startsWith('identity-')) heads.set(stream.slice('identity-'.length), revision);
  return heads;
}
