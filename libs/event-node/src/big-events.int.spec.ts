import { binaryEvent, MaxAppendSizeExceededError, type EventStoreDBClient } from '@eventstore/db-client';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createHash, randomBytes } from 'node:crypto';
import { dataOf, startFixture, take, type Fixture } from './testing/fixture.ts';

const MEBIBYTE = 1024 * 1024;
let fixture: Fixture;
let client: EventStoreDBClient;
beforeAll(async () => {
  fixture = await startFixture({ maxAppendBytes: 256 * MEBIBYTE });
  client = fixture.client;
});
afterAll(() => fixture.stop());

const hash = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex');

it.each([1, 4, 8, 15])(
  'an event of %i MiB goes in and comes out unchanged where appends may be that large',
  async (size) => {
    const data = new Uint8Array(randomBytes(size * MEBIBYTE));
    await client.appendToStream(`big-${size}`, binaryEvent({ type: 'Big', data }));
    const [stored] = await take(client.readStream(`big-${size}`));
    expect(hash(dataOf<Uint8Array>(stored ?? {}))).toBe(hash(data));
  },
  30_000,
);

it('an event of more than 16 MiB is refused', async () => {
  const data = new Uint8Array(16 * MEBIBYTE);
  await expect(client.appendToStream('big-16', binaryEvent({ type: 'Big', data }))).rejects.toThrow(MaxAppendSizeExceededError);
}, 30_000);

it('a read of many large events holds a page of them at a time', async () => {
  const before = process.memoryUsage().rss;
  let read = 0;
  for await (const resolved of client.readAll()) read += dataOf<Uint8Array>(resolved).length;
  expect(read).toBe(28 * MEBIBYTE);
  expect(process.memoryUsage().rss - before).toBeLessThan(300 * MEBIBYTE);
}, 30_000);
