import {
  type AppObserved,
  type GroupObserved,
  parseStream,
  type ReadCompleted,
  type ReadFailed,
  type WatermarkAdvanced,
} from '@muster/contracts';
import type { Message } from '@muster/messaging';
import type { Database } from '@muster/read-store';
import { sql } from 'kysely';

/** Keeps the last name of every group and app, deleted ones too: history speaks of them. */
export async function indexObjects(db: Database, batch: readonly Message[]): Promise<void> {
  const rows = new Map<string, object>();
  for (const { stream, type, data } of batch) {
    if (type !== 'GroupObserved' && type !== 'AppObserved') continue;
    const parsed = parseStream(stream);
    if (parsed?.category !== 'group' && parsed?.category !== 'app') continue;
    const { name } = data as unknown as GroupObserved | AppObserved;
    rows.set(stream, { connection: parsed.connection, kind: parsed.category, id: parsed.id, name });
  }
  if (rows.size === 0) return;
  await sql`
    insert into object_name
    select * from jsonb_to_recordset(${JSON.stringify([...rows.values()])}::jsonb) as r(connection text, kind text, id text, name text)
    on conflict (connection, kind, id) do update set name = excluded.name`.execute(db);
}

/** Keeps how far each connection was read, and every complete read: before the first one nothing can be said about an absence. */
export async function indexReads(db: Database, batch: readonly Message[]): Promise<void> {
  for (const message of batch) {
    switch (message.type) {
      case 'ReadCompleted':
        await noteCompleted(db, message);
        break;
      case 'ReadFailed': {
        const { connection, fault } = message.data as unknown as ReadFailed;
        await noteRead(db, connection, { note: `the last full read was given up: ${fault.message}` });
        break;
      }
      case 'WatermarkAdvanced': {
        const { connection, source, watermark, readAt } = message.data as unknown as WatermarkAdvanced;
        await noteRead(db, connection, { at: readAt, watermarks: { [source]: { watermark, readAt } } });
        break;
      }
      default:
    }
  }
}

async function noteCompleted(db: Database, { data, occurredAt, recordedAt }: Message): Promise<void> {
  const { connection, read, complete, finishedAt, incompleteBecause } = data as unknown as ReadCompleted;
  const because = (incompleteBecause ?? []).map(({ message }) => message).join('; ');
  await noteRead(db, connection, {
    at: finishedAt,
    note: complete ? null : `the last full read was not complete: ${because || 'no reason given'}`,
  });
  if (!complete || read.kind !== 'full') return;
  await sql`
    insert into complete_read (connection, read_id, occurred_at, recorded_at)
    values (${connection}, ${read.readId}, ${occurredAt}, ${recordedAt}) on conflict do nothing`.execute(db);
}

async function noteRead(
  db: Database,
  connection: string,
  { at = null, watermarks = {}, note }: { at?: string | null; watermarks?: object; note?: string | null },
): Promise<void> {
  await sql`
    insert into connection_read as c (connection, last_read, watermarks, note)
    values (${connection}, ${at}, ${JSON.stringify(watermarks)}::jsonb, ${note ?? null})
    on conflict (connection) do update set
      last_read = greatest(c.last_read, excluded.last_read),
      watermarks = c.watermarks || excluded.watermarks,
      note = case when ${note !== undefined} then excluded.note else c.note end`.execute(db);
}
