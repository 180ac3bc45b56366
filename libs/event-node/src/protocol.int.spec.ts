import {
  ANY,
  BACKWARDS,
  binaryEvent,
  END,
  eventTypeFilter,
  EventStoreDBClient,
  MaxAppendSizeExceededError,
  NO_STREAM,
  STREAM_EXISTS,
  StreamDeletedError,
  StreamNotFoundError,
  streamNameFilter,
  UnknownError,
  WrongExpectedVersionError,
  type AllStreamResolvedEvent,
} from '@eventstore/db-client';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { dataOf, event, startFixture, take, until, type Fixture } from './testing/fixture.ts';

let fixture: Fixture;
let client: EventStoreDBClient;
beforeAll(async () => {
  fixture = await startFixture();
  client = fixture.client;
});
afterAll(() => fixture.stop());

const numbers = (events: { event?: { data: unknown } }[]): number[] => events.map((resolved) => dataOf<{ n: number }>(resolved).n);

describe('the official client on the event node', () => {
  it('appends in one call a credential, as it does for each call that carries one', async () => {
    const credentials = { username: 'admin', password: 'changeit' };
    const first = await client.appendToStream('single-1', [event(1), event(2)], { credentials, expectedRevision: NO_STREAM });
    expect(first.nextExpectedRevision).toBe(1n);
    const failure = await client
      .appendToStream('single-1', event(3), { credentials, expectedRevision: 5n })
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(WrongExpectedVersionError);
    expect(failure).toMatchObject({ streamName: 'single-1', expectedVersion: 5n, actualVersion: 1n });
  });

  it('reads what it wrote, JSON and binary, with times and positions', async () => {
    const id = randomUUID();
    await client.appendToStream('kinds-1', [
      event(1, id),
      binaryEvent({ type: 'Raw', data: Uint8Array.of(0, 1, 255), metadata: Uint8Array.of(9) }),
    ]);
    const [json, binary] = await take(client.readStream('kinds-1'));
    expect(json?.event).toMatchObject({ id, type: 'Noted', isJson: true, data: { n: 1 }, revision: 0n, streamId: 'kinds-1' });
    expect(binary?.event).toMatchObject({ type: 'Raw', isJson: false, revision: 1n });
    expect([...dataOf<Uint8Array>(binary ?? {})]).toEqual([0, 1, 255]);
    expect(Math.abs((json?.event?.created.getTime() ?? 0) - Date.now())).toBeLessThan(10_000);
  });

  it('finds the node by gossip', async () => {
    const [, address] = fixture.node.connectionString.split('//');
    const [host] = (address ?? '').split('?');
    const cluster = EventStoreDBClient.connectionString(`esdb://${host},${host}?tls=false`);
    expect(numbers(await take(cluster.readStream('single-1')))).toEqual([1, 2]);
    await cluster.dispose();
  });

  it('is told that other services are not there', async () => {
    await expect(client.listProjections()).rejects.toMatchObject({ code: 12 });
  });

  it('reads all streams from both ends: inclusive forwards, exclusive backwards', async () => {
    const { position } = await client.appendToStream('ends-1', event(1));
    await client.appendToStream('ends-1', event(2));
    const fromPosition = position ?? { commit: 0n, prepare: 0n };
    expect(numbers(await take(client.readAll({ fromPosition })))).toEqual([1, 2]);
    expect(numbers(await take(client.readAll({ fromPosition: END, direction: BACKWARDS, maxCount: 2 })))).toEqual([2, 1]);
    const [before] = await take(client.readAll({ fromPosition, direction: BACKWARDS, maxCount: 1 }));
    expect(before?.event?.position?.commit).toBeLessThan(fromPosition.commit);
  });
});

describe('deletion', () => {
  it('that is soft hides the stream, and a later append goes on behind it', async () => {
    await client.appendToStream('soft-1', [event(1), event(2)]);
    await client.deleteStream('soft-1');
    await expect(take(client.readStream('soft-1'))).rejects.toThrow(StreamNotFoundError);
    await expect(client.appendToStream('soft-1', event(3), { expectedRevision: STREAM_EXISTS })).rejects.toThrow(StreamDeletedError);
    expect((await client.appendToStream('soft-1', event(3), { expectedRevision: NO_STREAM })).nextExpectedRevision).toBe(2n);
    expect(numbers(await take(client.readStream('soft-1')))).toEqual([3]);
  });

  it('checks the revision that it expects', async () => {
    await client.appendToStream('soft-2', event(1));
    const failure = await client.deleteStream('soft-2', { expectedRevision: 4n }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(WrongExpectedVersionError);
    expect(failure).toMatchObject({ expectedVersion: 4n, actualVersion: 0n });
  });

  it('by tombstone is final', async () => {
    await client.appendToStream('hard-1', event(1));
    await client.tombstoneStream('hard-1');
    await expect(take(client.readStream('hard-1'))).rejects.toThrow(StreamDeletedError);
    await expect(client.appendToStream('hard-1', event(2), { expectedRevision: ANY })).rejects.toThrow(StreamDeletedError);
    const [last] = await take(client.readAll({ fromPosition: END, direction: BACKWARDS, maxCount: 1 }));
    expect(last?.event?.type).toBe('$streamDeleted');
  });
});

it('stream metadata hides events by number and by truncation', async () => {
  await client.appendToStream(
    'hidden-1',
    [1, 2, 3, 4].map((n) => event(n)),
  );
  await client.setStreamMetadata('hidden-1', { maxCount: 2 });
  expect(numbers(await take(client.readStream('hidden-1')))).toEqual([3, 4]);
  expect(numbers(await take(client.readStream('hidden-1', { direction: BACKWARDS, fromRevision: END })))).toEqual([4, 3]);
  await client.setStreamMetadata('hidden-1', { truncateBefore: 3 });
  expect(numbers(await take(client.readStream('hidden-1')))).toEqual([4]);
  expect((await client.getStreamMetadata('hidden-1')).metadata).toEqual({ truncateBefore: 3 });
});

describe('a subscription', () => {
  const follow = (
    subscription: AsyncIterable<AllStreamResolvedEvent> & { on(name: string, listener: () => void): unknown; unsubscribe(): Promise<void> },
  ) => {
    const signs: string[] = [];
    subscription.on('confirmation', () => signs.push('confirmed'));
    subscription.on('caughtUp', () => signs.push('caught up'));
    void (async () => {
      for await (const resolved of subscription) signs.push(String(dataOf<{ n: number }>(resolved).n));
    })();
    return signs;
  };

  it('confirms, gives history, says that it has caught up, then goes on live', async () => {
    await client.appendToStream('sub-1', [event(1), event(2)]);
    const subscription = client.subscribeToStream('sub-1', { fromRevision: 0n });
    const signs = follow(subscription as never);
    await until(() => signs.includes('caught up'));
    await client.appendToStream('sub-1', event(3));
    await until(() => signs.includes('3'));
    await subscription.unsubscribe();
    expect(signs).toEqual(['confirmed', '2', 'caught up', '3']);
  });

  it('from the end gives only what comes, also of a stream that does not exist yet', async () => {
    const subscription = client.subscribeToStream('sub-2', { fromRevision: END });
    const signs = follow(subscription as never);
    await until(() => signs.includes('caught up'));
    await client.appendToStream('sub-2', event(7));
    await until(() => signs.includes('7'));
    await subscription.unsubscribe();
  });

  it('to all streams starts strictly behind its position and filters by event type', async () => {
    const { position } = await client.appendToStream('sub-3', { ...event(1), type: 'Wanted' });
    await client.appendToStream('sub-3', [{ ...event(2), type: 'Wanted' }, event(3), { ...event(4), type: 'WantedToo' }]);
    const subscription = client.subscribeToAll({ fromPosition: position ?? END, filter: eventTypeFilter({ prefixes: ['Wanted'] }) });
    const signs = follow(subscription);
    await until(() => signs.includes('4'));
    await subscription.unsubscribe();
    expect(signs.filter((sign) => /\d/.test(sign))).toEqual(['2', '4']);
  });

  it('with a filter sends checkpoints over events that do not match', async () => {
    const { position } = await client.appendToStream('sub-4', event(1));
    for (let n = 0; n < 100; n++) await client.appendToStream('sub-other', event(n));
    const checkpoints: bigint[] = [];
    const filter = streamNameFilter({
      regex: '^sub-4$',
      maxSearchWindow: 10,
      checkpointInterval: 3,
      checkpointReached: async (_, { commit }) => void checkpoints.push(commit),
    });
    const subscription = client.subscribeToAll({ fromPosition: position ?? END, filter });
    const signs = follow(subscription);
    await until(() => signs.includes('caught up'));
    // Every 30 events, and one more for the last ten when history ends.
    expect(checkpoints).toHaveLength(4);
    const [head] = await take(client.readAll({ fromPosition: END, direction: BACKWARDS, maxCount: 1 }));
    expect(checkpoints.at(-1)).toBe(head?.event?.position?.commit);
    await subscription.unsubscribe();
  });
});

describe('the limits of a real server', () => {
  it('an append of more than a mebibyte is refused, however many messages it comes in', async () => {
    const big = Array.from({ length: 3 }, () => binaryEvent({ type: 'Big', data: new Uint8Array(400 * 1024) }));
    await expect(client.appendToStream('limit-1', big, { batchAppendSize: 500 * 1024 })).rejects.toThrow(MaxAppendSizeExceededError);
    await expect(client.appendToStream('limit-1', big, { credentials: { username: 'a', password: 'b' } })).rejects.toThrow(
      MaxAppendSizeExceededError,
    );
    await client.appendToStream('limit-1', big.slice(0, 2), { batchAppendSize: 500 * 1024, expectedRevision: NO_STREAM });
  });

  it('counts the data alone: 30,000 small events pass, 40,000 do not', async () => {
    const small = Array.from({ length: 40_000 }, () => binaryEvent({ type: 'Small', data: new Uint8Array(31) }));
    await client.appendToStream('limit-2', small.slice(0, 30_000));
    await expect(client.appendToStream('limit-2', small)).rejects.toThrow(MaxAppendSizeExceededError);
  }, 20_000);

  it('has 100 streams a connection: with all of them open the next read waits', async () => {
    const subscriptions = Array.from({ length: 99 }, () => client.subscribeToAll({ fromPosition: END }));
    let confirmed = 0;
    for (const subscription of subscriptions) subscription.on('confirmation', () => confirmed++).on('error', () => undefined);
    // The stream of appends is the hundredth.
    await until(() => confirmed === 99);
    let settled = false;
    const reading = take(client.readStream('limit-2', { maxCount: 1 })).then(
      () => (settled = true),
      () => (settled = true),
    );
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(settled).toBe(false);
    await Promise.all(subscriptions.map((subscription) => subscription.unsubscribe()));
    await reading;
    expect(await take(client.readStream('limit-2', { maxCount: 1 }))).toHaveLength(1);
  }, 20_000);

  it('refuses an event whose id is no UUID, and nothing else on its way', async () => {
    const good = client.appendToStream('limit-3', event(1), { expectedRevision: NO_STREAM });
    await expect(client.appendToStream('limit-3', { ...event(1), id: 'x' })).rejects.toThrow(UnknownError);
    await good;
  });
});
