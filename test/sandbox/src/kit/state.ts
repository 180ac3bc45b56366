import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';

/**
 * The durable state of one sandbox: one SQLite file. Writes gather in one transaction, which `commit` ends; a server commits before it sends an
 * answer, so what was answered survives a kill of the process (not a loss of power).
 */
export class StateFile {
  #db: DatabaseSync;
  #open = false;
  #statements = new Map<string, StatementSync>();

  /** @param file a path, or ':memory:' */
  constructor(file: string) {
    if (file !== ':memory:') makePrivate(file);
    this.#db = new DatabaseSync(file);
    this.#db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -32000;
      CREATE TABLE IF NOT EXISTS object (kind TEXT, id TEXT, json TEXT NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS link (kind TEXT, a TEXT, b TEXT, json TEXT NOT NULL, PRIMARY KEY (kind, a, b)) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS log (kind TEXT, seq INTEGER, at INTEGER NOT NULL, json TEXT NOT NULL, PRIMARY KEY (kind, seq)) WITHOUT ROWID;
      CREATE INDEX IF NOT EXISTS log_at ON log (kind, at);
      CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;`);
  }

  commit(): void {
    if (!this.#open) return;
    this.#db.exec('COMMIT');
    this.#open = false;
  }

  close(): void {
    this.commit();
    this.#db.close();
  }

  putObject(kind: string, id: string, value: object): void {
    this.#write('INSERT INTO object VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET json = excluded.json', kind, id, JSON.stringify(value));
  }

  deleteObject(kind: string, id: string): void {
    this.#write('DELETE FROM object WHERE kind = ? AND id = ?', kind, id);
  }

  *objects(kind: string): Generator<[string, object]> {
    for (const row of this.#prepare('SELECT id, json FROM object WHERE kind = ? ORDER BY id').iterate(kind)) {
      yield [String(row['id']), JSON.parse(String(row['json'])) as object];
    }
  }

  object(kind: string, id: string): object | undefined {
    const row = this.#prepare('SELECT json FROM object WHERE kind = ? AND id = ?').get(kind, id);
    return row ? (JSON.parse(String(row['json'])) as object) : undefined;
  }

  putLink(kind: string, a: string, b: string, value: unknown): void {
    this.#write('INSERT INTO link VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET json = excluded.json', kind, a, b, JSON.stringify(value));
  }

  deleteLink(kind: string, a: string, b: string): void {
    this.#write('DELETE FROM link WHERE kind = ? AND a = ? AND b = ?', kind, a, b);
  }

  *links(kind: string): Generator<[string, string, unknown]> {
    for (const row of this.#prepare('SELECT a, b, json FROM link WHERE kind = ? ORDER BY a, b').iterate(kind)) {
      yield [String(row['a']), String(row['b']), JSON.parse(String(row['json']))];
    }
  }

  appendLog(kind: string, entry: { seq: number; at: number; value: object }): void {
    this.#write('INSERT INTO log VALUES (?, ?, ?, ?)', kind, entry.seq, entry.at, JSON.stringify(entry.value));
  }

  lastLogSeq(kind: string): number {
    return Number(this.#prepare('SELECT max(seq) AS seq FROM log WHERE kind = ?').get(kind)?.['seq'] ?? 0);
  }

  /** The lowest sequence number at or after a time; undefined if there is none. */
  firstLogSeq(kind: string, at: number): number | undefined {
    const seq = this.#prepare('SELECT min(seq) AS seq FROM log WHERE kind = ? AND at >= ?').get(kind, at)?.['seq'];
    return seq === null || seq === undefined ? undefined : Number(seq);
  }

  /** Log entries after a sequence number, in its order. */
  logAfter(kind: string, seq: number, limit: number): { seq: number; at: number; value: object }[] {
    return this.#prepare('SELECT seq, at, json FROM log WHERE kind = ? AND seq > ? ORDER BY seq LIMIT ?')
      .all(kind, seq, limit)
      .map(logEntry);
  }

  /** Log entries before a sequence number (newest first). */
  logBefore(kind: string, seq: number, limit: number): { seq: number; at: number; value: object }[] {
    return this.#prepare('SELECT seq, at, json FROM log WHERE kind = ? AND seq < ? ORDER BY seq DESC LIMIT ?')
      .all(kind, seq, limit)
      .map(logEntry);
  }

  /** Log entries with from <= at < to, by time and sequence number, newest first if `descending`. */
  logBetween(
    kind: string,
    range: { from: number; to: number; skip: number; limit: number; descending: boolean },
  ): { seq: number; at: number; value: object }[] {
    const order = range.descending ? 'DESC' : 'ASC';
    return this.#prepare(
      `SELECT seq, at, json FROM log WHERE kind = ? AND at >= ? AND at < ? ORDER BY at ${order}, seq ${order} LIMIT ? OFFSET ?`,
    )
      .all(kind, range.from, range.to, range.limit, range.skip)
      .map(logEntry);
  }

  count(name: string, by = 1): void {
    this.#write('INSERT INTO counter VALUES (?, ?) ON CONFLICT DO UPDATE SET value = value + excluded.value', name, by);
  }

  counters(): Record<string, number> {
    return Object.fromEntries(
      this.#prepare('SELECT name, value FROM counter')
        .all()
        .map((row) => [String(row['name']), Number(row['value'])]),
    );
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #write(sql: string, ...values: (string | number)[]): void {
    if (!this.#open) {
      this.#db.exec('BEGIN');
      this.#open = true;
    }
    this.#prepare(sql).run(...values);
  }
}

/** The file holds credentials: only its owner reads it. SQLite gives its side files the same mode. */
function makePrivate(file: string): void {
  mkdirSync(dirname(file), { recursive: true });
  closeSync(openSync(file, 'a', 0o600));
  chmodSync(file, 0o600);
}

const logEntry = (row: Record<string, unknown>): { seq: number; at: number; value: object } => ({
  seq: Number(row['seq']),
  at: Number(row['at']),
  value: JSON.parse(String(row['json'])) as object,
});
