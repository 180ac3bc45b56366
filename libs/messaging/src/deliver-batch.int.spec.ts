import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { topicMap } from '@muster/contracts';
import { openReadStore, type ReadStore } from '@muster/read-store';
import { startTemporaryPostgres } from '@muster/read-store/testing';
import { sql } from 'kysely';
import { listDeadMessages, retryDeadMessages } from './dead-messages.ts';
import { deliverBatch, type Consumer } from './deliver-batch.ts';
import type { GapReader } from './in-order.ts';
import { toArrival, type BatchHandler, type Message } from './message.ts';
import { ErrorsAreHidden } from './original-errors.ts';
import { redriveOnce } from './redrive.ts';
import { recordingTables } from './testing/recording-consumer.ts';

let postgres: Awaited<ReturnType<typeof startTemporaryPostgres>>;
let database: ReadStore;
const topic = topicMap.source.name;

beforeAll(async () => {
  postgres = await startTemporaryPostgres();
  database = await openReadStore({ url: postgres.url, schema: 'deliveries', migrations: recordingTables, poolSize: 10 });
}, 30_000);
afterAll(async () => {
  await database.close();
  await postgres.stop();
});
beforeEach(async () => {
  await sql`truncate seen, checkpoint, parked_key, dead_message, applied, poison`.execute(database.db);
});

const message = (stream: string, revision: number): Message => ({
  topic,
  key: stream,
  stream,
  revision,
  position: String(revision),
  id: `${stream}@${revision}`,
  type: 'ThingSeen',
  occurredAt: '2026-01-01T00:00:00Z',
  recordedAt: '2026-01-01T00:00:00Z',
  correlationId: 'c',
  data: { revision },
});
const arrivals = (stream: string, from: number, to: number) =>
  Array.from({ length: to - from }, (_, n) => toArrival(message(stream, from + n)));

const note: BatchHandler = async (batch, { transaction }) => {
  const rows = batch.map(({ stream, revision, data }) => ({ stream, revision, data }));
  await sql`
    insert into applied (stream, revision, process, data)
    select stream, revision, 0, data from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(stream text, revision bigint, data jsonb)`.execute(
    transaction,
  );
};
/** A store that holds what a stream's messages say, up to a revision. */
const storeWith = (stream: string, last: number): GapReader => ({
  async *readStream(asked, { from = 0, until, max } = {}) {
    const end = Math.min(last, until?.revision ?? last, max === undefined ? last : from + max - 1);
    for (let revision = from; asked === stream && revision <= end; revision++) {
      const { id, type, position, recordedAt, data } = message(stream, revision);
      yield {
        id,
        type,
        stream,
        revision,
        position,
        recordedAt,
        data,
        metadata: { correlationId: 'c', occurredAt: recordedAt, schema: 'muster:source/thing-seen.v1', actor: 'spec' },
      };
    }
  },
});
const consumer = (handler: BatchHandler = note, store = storeWith('', -1)): Consumer => ({
  name: 'spec',
  database,
  store,
  handlers: new Map([[topic, handler]]),
});
const applied = async (stream: string): Promise<number[]> => {
  const { rows } = await sql<{ revision: number }>`select revision from applied where stream = ${stream} order by id`.execute(database.db);
  return rows.map(({ revision }) => revision);
};
const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

describe('a batch', () => {
  it('is dealt with once if several consumers hold it at the same time', async () => {
    const batch = [...arrivals('group-a.1', 0, 20), ...arrivals('group-a.2', 0, 20)];
    await Promise.all(Array.from({ length: 6 }, () => deliverBatch(consumer(), batch)));
    expect(await applied('group-a.1')).toEqual(upTo(20));
    expect(await applied('group-a.2')).toEqual(upTo(20));
  });

  it('is undone as a whole, its note of what was seen included, when the database fails in the middle', async () => {
    const cut: BatchHandler = async (batch, context) => {
      await note(batch, context);
      await sql`select pg_terminate_backend(pg_backend_pid())`.execute(context.transaction);
    };
    const batch = arrivals('group-a.1', 0, 5);
    await expect(deliverBatch(consumer(cut), batch, { checkpoint: { name: 'c', position: '5' } })).rejects.toThrow();
    expect(await applied('group-a.1')).toEqual([]);
    expect((await sql`select 1 from checkpoint union all select 1 from seen`.execute(database.db)).rows).toEqual([]);
    await deliverBatch(consumer(), batch, { checkpoint: { name: 'c', position: '5' } });
    expect(await applied('group-a.1')).toEqual(upTo(5));
  });

  it('becomes several transactions of at most 500 messages when a gap before it is long', async () => {
    const sizes: number[] = [];
    const measured: BatchHandler = async (batch, context) => {
      sizes.push(batch.length);
      await note(batch, context);
    };
    await deliverBatch(consumer(measured, storeWith('group-a.1', 1_209)), arrivals('group-a.1', 1_200, 1_210));
    expect(await applied('group-a.1')).toEqual(upTo(1_210));
    expect(Math.max(...sizes)).toBeLessThanOrEqual(500);
  });

  it('blames no message when Nest hides what a handler threw', async () => {
    const hidden: BatchHandler = () => Promise.reject(new ErrorsAreHidden());
    await expect(deliverBatch(consumer(hidden), arrivals('group-a.1', 0, 1))).rejects.toThrow(/OriginalErrors/);
    expect(await listDeadMessages(database)).toEqual([]);
  });

  it('blames no message when the database is in trouble', async () => {
    const exhausted: BatchHandler = async (_batch, { transaction }) => {
      await sql`do $$ begin raise exception 'out of memory' using errcode = '53200'; end $$`.execute(transaction);
    };
    await expect(deliverBatch(consumer(exhausted), arrivals('group-a.1', 0, 3))).rejects.toThrow('out of memory');
    expect(await listDeadMessages(database)).toEqual([]);
  });

  it('puts nothing aside when only the batch as a whole fails', async () => {
    const alone: BatchHandler = (batch, context) => (batch.length > 1 ? Promise.reject(new Error('too many')) : note(batch, context));
    await deliverBatch(consumer(alone), arrivals('group-a.1', 0, 5));
    expect(await applied('group-a.1')).toEqual(upTo(5));
    expect(await listDeadMessages(database)).toEqual([]);
  });

  it('undoes what a handler had done before it threw on a message', async () => {
    const half: BatchHandler = async (batch, context) => {
      await note(batch, context);
      if (batch.some(({ stream }) => stream === 'group-a.2')) throw new Error('no');
    };
    await deliverBatch(consumer(half), [...arrivals('group-a.1', 0, 2), ...arrivals('group-a.2', 0, 2)]);
    expect(await applied('group-a.1')).toEqual([0, 1]);
    expect(await applied('group-a.2')).toEqual([]);
  });
});

describe('redriving', () => {
  it('keeps the order with messages that come at the same time', async () => {
    const stream = 'group-a.1';
    let broken = true;
    const mended: BatchHandler = (batch, context) => (broken ? Promise.reject(new Error('no')) : note(batch, context));
    const group = consumer(mended, storeWith(stream, 200));
    await deliverBatch(group, arrivals(stream, 0, 20));
    broken = false;
    await retryDeadMessages(database);
    const redriving = (async () => {
      while (await redriveOnce(group));
    })();
    for (let revision = 20; revision < 60; revision++) await deliverBatch(group, arrivals(stream, revision, revision + 1));
    await redriving;
    while (await redriveOnce(group));
    expect(await applied(stream)).toEqual(upTo(60));
    expect(await listDeadMessages(database)).toEqual([]);
  });

  it('is done once if two processes are asked', async () => {
    const stream = 'group-a.1';
    let broken = true;
    const mended: BatchHandler = (batch, context) => (broken ? Promise.reject(new Error('no')) : note(batch, context));
    const group = consumer(mended, storeWith(stream, 699));
    // More than one transaction of it.
    await deliverBatch(group, arrivals(stream, 0, 700));
    broken = false;
    await retryDeadMessages(database);
    await Promise.all([redriveOnce(group), redriveOnce(group), redriveOnce(group)]);
    while (await redriveOnce(group));
    expect(await applied(stream)).toEqual(upTo(700));
  });
});
