import { EventStoreDBClient, FORWARDS, START } from '@eventstore/db-client';

/** An event as it stands in the store: personal fields are ciphertext. */
export interface RawEvent {
  readonly id: string;
  readonly stream: string;
  readonly type: string;
  readonly revision: number;
  readonly text: string;
}

const decode = (bytes: Uint8Array | undefined): string => (bytes ? Buffer.from(bytes).toString('utf8') : '');

/** Every event of the store in its order, without any key: what somebody sees who has stolen the file. */
export async function readRawStore(connectionString: string): Promise<RawEvent[]> {
  const client = EventStoreDBClient.connectionString(connectionString);
  try {
    const events: RawEvent[] = [];
    for await (const { event } of client.readAll({ direction: FORWARDS, fromPosition: START, maxCount: 1_000_000 })) {
      if (!event || event.streamId.startsWith('$')) continue;
      const { id, streamId: stream, type, revision } = event;
      const data = event.isJson ? JSON.stringify(event.data) : decode(event.data as Uint8Array);
      events.push({ id, stream, type, revision: Number(revision), text: `${data} ${JSON.stringify(event.metadata)}` });
    }
    return events;
  } finally {
    await client.dispose();
  }
}
