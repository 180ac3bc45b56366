import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** The file is in use, is none of ours, or cannot be opened. The message says which and what to do. */
export class CannotOpen extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CannotOpen';
  }
}

const APPLICATION_ID = 0x4d_75_73_74;
const VERSION = 1;

const SCHEMA = `
  CREATE TABLE streams (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    truncate_before INTEGER NOT NULL DEFAULT 0,
    max_count INTEGER,
    max_age INTEGER
  ) STRICT;
  CREATE TABLE events (
    position INTEGER PRIMARY KEY,
    stream INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    json INTEGER NOT NULL,
    created INTEGER NOT NULL,
    metadata BLOB NOT NULL,
    data BLOB NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX events_of_stream ON events (stream, revision);
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${VERSION};
`;

const SQLITE_BUSY = 5;

export const sqliteCode = (error: unknown): number => ((error as { errcode?: number }).errcode ?? 0) & 255;

const pragma = (database: DatabaseSync, name: string): number => Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0] as number;

const prepare = (database: DatabaseSync, file: string): void => {
  // Exclusive: held from the first access until the process ends, however it ends. The WAL index then lives in memory instead of a shared file.
  database.exec(
    'PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -65536;',
  );
  database.exec('BEGIN EXCLUSIVE');
  if (pragma(database, 'application_id') === 0 && pragma(database, 'schema_version') === 0) database.exec(SCHEMA);
  database.exec('COMMIT');
  if (pragma(database, 'application_id') !== APPLICATION_ID)
    throw new CannotOpen(`${file} is a database of something else: choose another file`);
  if (pragma(database, 'user_version') !== VERSION)
    throw new CannotOpen(`${file} was written by another version of the event node: use that version`);
};

/** Opens or creates the file, recovers what a crash left, and keeps every other process out until it is closed. Throws CannotOpen. */
export const openDatabase = (file: string): DatabaseSync => {
  mkdirSync(dirname(file), { recursive: true });
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file, { timeout: 500 });
    prepare(database, file);
    return database;
  } catch (cause) {
    database?.close();
    if (cause instanceof CannotOpen) throw cause;
    if (sqliteCode(cause) === SQLITE_BUSY)
      throw new CannotOpen(`${file} is held by another process: stop that event node, or give this one a folder of its own`, { cause });
    throw new CannotOpen(`${file} cannot be opened: ${(cause as Error).message}`, { cause });
  }
};
