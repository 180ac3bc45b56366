import { describeError } from '@muster/read-store';
import { sql, type Transaction } from 'kysely';
import { attempt, LARGEST_BATCH, type Consumer } from './deliver-batch.ts';
import { toMessageOn, type Message } from './message.ts';

interface Waiting {
  id: number;
  stream: string;
  revision: number;
}

/**
 * Puts the dead and waiting messages of the keys that somebody asked for through their handlers again, each key in order and up to its next
 * failure. Runs in any process of the group; two at once do not meet, and new messages of such a key wait for the outcome. Answers whether any key
 * was worked on.
 */
export async function redriveOnce(consumer: Consumer): Promise<boolean> {
  const { rows } = await sql<{ topic: string; key: string }>`
    select topic, key from parked_key where retry_at is not null order by retry_at, topic, key limit 20`.execute(consumer.database.db);
  let worked = false;
  for (const { topic, key } of rows) worked = (await redriveKey(consumer, topic, key)) || worked;
  return worked;
}

async function redriveKey(consumer: Consumer, topic: string, key: string): Promise<boolean> {
  const waiting = await sql<Waiting>`
    select id, stream, revision from dead_message where topic = ${topic} and key = ${key} and event_id is not null order by id limit ${LARGEST_BATCH}`.execute(
    consumer.database.db,
  );
  const messages = new Map<number, Message>();
  for (const row of waiting.rows) {
    const message = await readMessage(consumer, topic, row);
    if (message) messages.set(row.id, message);
  }
  return consumer.database.transaction(async (transaction) => {
    const locked = await sql`select 1 from parked_key where topic = ${topic} and key = ${key} and retry_at is not null for update`.execute(
      transaction,
    );
    if (locked.rows.length === 0) return false;
    const failed = await handleInOrder(consumer, transaction, messages);
    if (failed) await sql`update parked_key set retry_at = null where topic = ${topic} and key = ${key}`.execute(transaction);
    else {
      await sql`
        delete from parked_key p where topic = ${topic} and key = ${key}
        and not exists (select from dead_message d where d.topic = p.topic and d.key = p.key and d.event_id is not null)`.execute(
        transaction,
      );
    }
    return true;
  });
}

async function readMessage(consumer: Consumer, topic: string, { stream, revision }: Waiting): Promise<Message | undefined> {
  for await (const event of consumer.store.readStream(stream, { from: revision, max: 1 })) {
    if (event.revision === revision) return toMessageOn(topic, event);
  }
  return undefined;
}

/** Answers whether one of them failed again. */
async function handleInOrder(
  consumer: Consumer,
  transaction: Transaction<unknown>,
  messages: ReadonlyMap<number, Message>,
): Promise<boolean> {
  for (const [id, message] of messages) {
    // Somebody else's transaction may have dealt with it between our reading and our lock.
    const still = await sql`select 1 from dead_message where id = ${id}`.execute(transaction);
    if (still.rows.length === 0) continue;
    const failure = await attempt(consumer, transaction, message);
    if (failure) {
      const { code, text } = describeError(failure.error);
      await sql`update dead_message set state = 'open', code = ${code}, error = ${text}, attempts = attempts + ${failure.attempts} where id = ${id}`.execute(
        transaction,
      );
      return true;
    }
    await sql`delete from dead_message where id = ${id}`.execute(transaction);
  }
  return false;
}
