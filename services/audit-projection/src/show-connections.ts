import type { Database } from '@muster/read-store';
import { sql } from 'kysely';
import { projectedUpTo, type UpTo } from './up-to.ts';

interface Known {
  readonly name: string;
  readonly kind: string;
  readonly state: string;
}

export interface ConnectionStatus {
  readonly connection: string;
  /** `unknown`, as `state` is: the connection file names it no more. */
  readonly kind: string;
  readonly state: string;
  readonly lastCompleteRead: string | null;
  readonly lastRead: string | null;
  readonly watermarks: Readonly<Record<string, { readonly watermark: string; readonly readAt: string; readonly ageSeconds: number }>>;
  readonly note?: string;
}

interface Row {
  connection: string;
  last_complete: Date | null;
  last_read: Date | null;
  watermarks: Record<string, { watermark: string; readAt: string }>;
  note: string | null;
}

const gone = { kind: 'unknown', state: 'unknown' };
const nothingRead = { last_complete: null, last_read: null, watermarks: {}, note: null };

const noteOf = (kind: string | undefined, row: Omit<Row, 'connection'>): string | undefined => {
  if (kind === undefined) return 'not in the connection file any more';
  if (row.note !== null) return row.note;
  if (kind === 'hr') return 'pushes its records: nothing is read';
  return row.last_complete === null ? 'not read completely yet: nothing is concluded from an absence' : undefined;
};

/** How fresh is what is known of each connection. */
export async function showConnections(
  db: Database,
  configured: readonly Known[],
  now: Date,
): Promise<{ upTo: UpTo; connections: ConnectionStatus[] }> {
  const upTo = await projectedUpTo(db);
  const { rows } = await sql<Row>`
    select connection, last_read, watermarks, note,
      (select max(occurred_at) from complete_read where complete_read.connection = connection_read.connection) as last_complete
    from connection_read`.execute(db);
  const read = new Map(rows.map((row) => [row.connection, row]));
  const names = [...new Set([...configured.map(({ name }) => name), ...read.keys()])].toSorted();
  return {
    upTo,
    connections: names.map((name) =>
      statusOf(
        name,
        configured.find((one) => one.name === name),
        { row: read.get(name) ?? nothingRead, now },
      ),
    ),
  };
}

function statusOf(name: string, config: Known | undefined, { row, now }: { row: Omit<Row, 'connection'>; now: Date }): ConnectionStatus {
  const { kind, state } = config ?? gone;
  const note = noteOf(config?.kind, row);
  const age = (at: string): number => Math.max(0, Math.round((now.getTime() - Date.parse(at)) / 1000));
  return {
    connection: name,
    kind,
    state,
    lastCompleteRead: row.last_complete?.toISOString() ?? null,
    lastRead: row.last_read?.toISOString() ?? null,
    watermarks: Object.fromEntries(
      Object.entries(row.watermarks).map(([source, mark]) => [source, { ...mark, ageSeconds: age(mark.readAt) }]),
    ),
    ...(note === undefined ? {} : { note }),
  };
}
