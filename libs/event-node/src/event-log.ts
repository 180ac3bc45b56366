import { randomUUID } from 'node:crypto';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { decideAppend, type StreamFacts } from './append-rules.ts';
import { BoundedMap } from './bounded-map.ts';
import { openDatabase } from './database.ts';
import {
  DELETED,
  metadataStreamOf,
  METADATA_TYPE,
  TOMBSTONE_TYPE,
  type AppendRequest,
  type Expected,
  type Outcome,
  type ProposedEvent,
  type StoredEvent,
} from './events.ts';
import { parseStreamMetadata } from './stream-metadata.ts';

/** What is known of a stream. `head` is -1 while it has no event. */
export interface StreamState {
  id: number | undefined;
  head: number;
  truncateBefore: number;
  maxCount: number | undefined;
  maxAge: number | undefined;
}

/** Where an event went, for appends that name no revision: repeats of recent ids are recognised, as in a real server. */
interface Written {
  stream: string;
  revision: number;
  position: number;
}

export interface PageOptions {
  backwards?: boolean;
  /** Rows at most; a page also ends once it holds a mebibyte. */
  limit: number;
}

const PAGE_BYTES = 1024 * 1024;
const CACHED_STREAMS = 10_000;
const RECENT_IDS = 10_000;
// Positions grow by the size of the event, as in a log file: they have gaps, and nobody may count with them.
const RECORD_OVERHEAD = 128;
const FIRST_POSITION = 64;

const COLUMNS = 'e.position, s.name AS stream, e.revision, e.id, e.type, e.json, e.created, e.metadata, e.data';

const statementsOf = (database: DatabaseSync) => ({
  insertStream: database.prepare('INSERT INTO streams (name) VALUES (?)'),
  stream: database.prepare('SELECT id, truncate_before, max_count, max_age FROM streams WHERE name = ?'),
  truncate: database.prepare('UPDATE streams SET truncate_before = ?, max_count = ?, max_age = ? WHERE name = ?'),
  youngerThan: database.prepare('SELECT min(revision) AS first FROM events WHERE stream = ? AND created >= ?'),
  head: database.prepare('SELECT max(revision) AS head FROM events WHERE stream = ?'),
  insert: database.prepare(
    'INSERT INTO events (position, stream, revision, id, type, json, created, metadata, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
  ),
  at: database.prepare('SELECT id, position FROM events WHERE stream = ? AND revision = ?'),
  last: database.prepare('SELECT position, created, length(metadata) + length(data) AS size FROM events ORDER BY position DESC LIMIT 1'),
  recent: database.prepare(
    'SELECT e.id, s.name AS stream, e.revision, e.position FROM events e JOIN streams s ON s.id = e.stream ORDER BY e.position DESC LIMIT ?',
  ),
  streamForwards: database.prepare(
    `SELECT ${COLUMNS} FROM events e JOIN streams s ON s.id = e.stream WHERE e.stream = ? AND e.revision >= ? ORDER BY e.revision LIMIT ?`,
  ),
  streamBackwards: database.prepare(
    `SELECT ${COLUMNS} FROM events e JOIN streams s ON s.id = e.stream WHERE e.stream = ? AND e.revision <= ? AND e.revision >= ? ORDER BY e.revision DESC LIMIT ?`,
  ),
  allForwards: database.prepare(
    `SELECT ${COLUMNS} FROM events e JOIN streams s ON s.id = e.stream WHERE e.position >= ? ORDER BY e.position LIMIT ?`,
  ),
  allBackwards: database.prepare(
    `SELECT ${COLUMNS} FROM events e JOIN streams s ON s.id = e.stream WHERE e.position <= ? ORDER BY e.position DESC LIMIT ?`,
  ),
});

interface StreamRow {
  id: number;
  truncate_before: number;
  max_count: number | null;
  max_age: number | null;
}

const systemEvent = (type: string, data: string): ProposedEvent => ({
  id: randomUUID(),
  type,
  json: true,
  metadata: new Uint8Array(),
  data: new TextEncoder().encode(data),
});

/** The events of one file: written in groups, each group one transaction and one fsync. All calls are synchronous; nothing half-written is ever read. */
export class EventLog {
  readonly #database: DatabaseSync;
  readonly #sql: ReturnType<typeof statementsOf>;
  readonly #streams = new BoundedMap<StreamState>(CACHED_STREAMS);
  readonly #recent = new BoundedMap<Written>(RECENT_IDS);
  readonly #maxAppendBytes: number;
  #next = FIRST_POSITION;
  #lastCreated = 0;

  /** Throws CannotOpen. */
  constructor(file: string, maxAppendBytes: number) {
    this.#database = openDatabase(file);
    this.#sql = statementsOf(this.#database);
    this.#maxAppendBytes = maxAppendBytes;
    this.#recall();
  }

  /** Position of the last event; 0 if there is none. */
  head(): number {
    return (this.#sql.last.get() as { position: number } | undefined)?.position ?? 0;
  }

  /**
   * Writes what of these appends may be written, in order, in one transaction; when it returns, they are on disk. One append is all or nothing.
   * Throws if the transaction fails; then none is written.
   */
  append(requests: readonly AppendRequest[]): Outcome[] {
    const now = Date.now();
    return this.#transaction(() => requests.map((request) => this.#appendOne(request, now)));
  }

  stream(name: string): StreamState {
    const cached = this.#streams.get(name);
    if (cached) return cached;
    const state = this.#load(name);
    this.#streams.set(name, state);
    return state;
  }

  /** Events of a stream from a revision on, inclusive; without those that its metadata hides. */
  readStream(name: string, from: number, { backwards = false, limit }: PageOptions): StoredEvent[] {
    const state = this.stream(name);
    if (state.id === undefined || limit <= 0) return [];
    const first = this.#firstVisible(state, state.id);
    return backwards
      ? this.#page(this.#sql.streamBackwards, [state.id, from, first], limit)
      : this.#page(this.#sql.streamForwards, [state.id, Math.max(from, first)], limit);
  }

  /** Events of all streams from a position on, inclusive. */
  readAll(from: number, { backwards = false, limit }: PageOptions): StoredEvent[] {
    if (limit <= 0) return [];
    return this.#page(backwards ? this.#sql.allBackwards : this.#sql.allForwards, [from], limit);
  }

  close(): void {
    this.#database.close();
  }

  /** Hides a stream (`soft`: a later append goes on behind it) or ends it for good; on disk when it returns. */
  delete(stream: string, expected: Expected, kind: 'soft' | 'tombstone'): Outcome {
    return this.#transaction(() => {
      const state = this.stream(stream);
      const decision = decideAppend({ expected, events: [] }, this.#facts(stream, state));
      if (decision.kind !== 'write') return decision;
      if (kind === 'tombstone') {
        state.head = DELETED - 1;
        return { kind: 'written', ...this.#write(stream, [systemEvent(TOMBSTONE_TYPE, '{}')], Date.now()) };
      }
      const hidden = systemEvent(METADATA_TYPE, '{"$tb":9223372036854775807}');
      const written = this.#write(metadataStreamOf(stream), [hidden], Date.now());
      this.#applyMetadata(stream, hidden);
      return { kind: 'written', ...written };
    });
  }

  #transaction<T>(write: () => T): T {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const result = write();
      this.#database.exec('COMMIT');
      return result;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      this.#recall();
      throw error;
    }
  }

  #appendOne(request: AppendRequest, now: number): Outcome {
    const { stream, events } = request;
    if (request.deadline !== undefined && request.deadline < now) return { kind: 'timeout' };
    // As a real server counts: the data alone.
    if (events.reduce((sum, { data }) => sum + data.length, 0) > this.#maxAppendBytes)
      return { kind: 'too-large', limit: this.#maxAppendBytes };
    const state = this.stream(stream);
    const decision = decideAppend(request, this.#facts(stream, state));
    if (decision.kind !== 'write') return decision;
    if (events.length === 0) return { kind: 'written', revision: state.head, position: 0 };
    if (state.truncateBefore === DELETED) this.#undelete(stream, state, now);
    const written = this.#write(stream, events, now);
    if (stream.startsWith('$$')) this.#applyMetadata(stream.slice(2), events.at(-1) as ProposedEvent);
    return { kind: 'written', ...written };
  }

  #facts(name: string, state: StreamState): StreamFacts {
    const { id } = state;
    return {
      head: state.head,
      softDeleted: state.truncateBefore === DELETED,
      hasMetadata: !name.startsWith('$$') && this.stream(metadataStreamOf(name)).head >= 0,
      at: (revision) => (id === undefined ? undefined : (this.#sql.at.get(id, revision) as { id: string; position: number } | undefined)),
      recent: (eventId) => {
        const written = this.#recent.get(eventId);
        return written?.stream === name ? written : undefined;
      },
    };
  }

  #write(stream: string, events: readonly ProposedEvent[], now: number): { revision: number; position: number } {
    const state = this.stream(stream);
    state.id ??= Number(this.#sql.insertStream.run(stream).lastInsertRowid);
    // Time never runs backwards in the log, whatever the clock does.
    this.#lastCreated = Math.max(this.#lastCreated, now);
    let position = 0;
    for (const { id, type, json, metadata, data } of events) {
      position = this.#next;
      state.head += 1;
      this.#sql.insert.run(position, state.id, state.head, id, type, json ? 1 : 0, this.#lastCreated, metadata, data);
      this.#recent.set(id, { stream, revision: state.head, position });
      this.#next += metadata.length + data.length + RECORD_OVERHEAD;
    }
    return { revision: state.head, position };
  }

  /** A stream that was deleted softly is written again: what lies before stays hidden, the numbers go on. */
  #undelete(stream: string, state: StreamState, now: number): void {
    const event = systemEvent(METADATA_TYPE, JSON.stringify({ $tb: state.head + 1 }));
    this.#write(metadataStreamOf(stream), [event], now);
    this.#applyMetadata(stream, event);
  }

  #applyMetadata(stream: string, event: ProposedEvent): void {
    const { truncateBefore, maxCount, maxAge } = parseStreamMetadata(event);
    const state = this.stream(stream);
    state.id ??= Number(this.#sql.insertStream.run(stream).lastInsertRowid);
    Object.assign(state, { truncateBefore, maxCount, maxAge });
    this.#sql.truncate.run(truncateBefore, maxCount ?? null, maxAge ?? null, stream);
  }

  #load(name: string): StreamState {
    const row = this.#sql.stream.get(name) as StreamRow | undefined;
    if (!row) return { id: undefined, head: -1, truncateBefore: 0, maxCount: undefined, maxAge: undefined };
    const { head } = this.#sql.head.get(row.id) as { head: number | null };
    return {
      id: row.id,
      head: head ?? -1,
      truncateBefore: row.truncate_before,
      maxCount: row.max_count ?? undefined,
      maxAge: row.max_age ?? undefined,
    };
  }

  #firstVisible({ head, truncateBefore, maxCount, maxAge }: StreamState, id: number): number {
    const byCount = maxCount === undefined ? 0 : head - maxCount + 1;
    const byAge =
      maxAge === undefined ? 0 : ((this.#sql.youngerThan.get(id, Date.now() - maxAge) as { first: number | null }).first ?? head + 1);
    return Math.max(truncateBefore, byCount, byAge);
  }

  #recall(): void {
    this.#streams.clear();
    this.#recent.clear();
    const last = this.#sql.last.get() as { position: number; created: number; size: number } | undefined;
    this.#next = last ? last.position + last.size + RECORD_OVERHEAD : FIRST_POSITION;
    this.#lastCreated = last?.created ?? 0;
    const rows = this.#sql.recent.all(RECENT_IDS) as unknown as ({ id: string } & Written)[];
    for (const row of rows.toReversed()) this.#recent.set(row.id, row);
  }

  #page(statement: StatementSync, from: number[], limit: number): StoredEvent[] {
    const rows: StoredEvent[] = [];
    let size = 0;
    for (const row of statement.iterate(...from, limit) as unknown as Iterable<Omit<StoredEvent, 'json'> & { json: number }>) {
      rows.push({ ...row, json: row.json === 1 });
      size += row.data.length + row.metadata.length;
      if (size >= PAGE_BYTES) break;
    }
    return rows;
  }
}
