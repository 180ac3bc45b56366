import { createHmac, timingSafeEqual } from 'node:crypto';
import { access } from 'node:fs/promises';
import {
  MasterKeyInvalid,
  newDataKey,
  readMasterKey,
  unwrapKey,
  wrapKey,
  type DataKey,
  type KeyRing,
  type WrappedKey,
} from '@muster/event-store';
import { sql } from 'kysely';
import { createMasterKey } from './master-key.ts';
import type { Migration } from './migrate.ts';
import { openReadStore, type ReadStore } from './read-store.ts';

export interface KeyRingOptions {
  /** postgres://... of the database that keeps the wrapped keys, in the schema `keyring`. */
  url: string;
  /** The file that holds the master key; its mode must be 0600 or 0400. */
  masterKeyFile: string;
  /** Make the file if it is missing and the ring is still empty. Default false. */
  createMasterKeyIfMissing?: boolean;
  /** Default 2. */
  poolSize?: number;
}

const tables: readonly Migration[] = [
  {
    name: 'keyring/1-keys',
    sql: `
      create table master (one boolean primary key default true check (one), proof text not null);
      create table data_key (
        id text primary key,
        subject text not null unique,
        wrapped text,
        created_at timestamptz not null default now(),
        destroyed_at timestamptz,
        check ((wrapped is null) = (destroyed_at is not null))
      );
    `,
  },
];

const NAMING = 'muster:naming';
const LARGEST_LOOKUP = 1_000;

interface KeyRow {
  id: string;
  subject: string;
  wrapped: string | null;
}

/** The subject's key was destroyed: nothing may be encrypted for it any more. */
export class SubjectErased extends Error {
  readonly code = 'keyring.subject_erased';
  constructor(subject: string) {
    super(`${subject} was erased: it has no key any more and gets no new one`);
    this.name = 'SubjectErased';
  }
}

interface Waiting {
  resolve: (key: DataKey) => void;
  reject: (error: unknown) => void;
}

/**
 * The key ring in PostgreSQL. Unlike everything else in the database it cannot be rebuilt: back it up like the event store. Keys are cached by
 * the event-store port, not here. Requests for keys that come together are answered by one query.
 */
export class PgKeyRing implements KeyRing {
  readonly #store: ReadStore;
  readonly #master: Buffer;
  readonly #wanted = new Map<string, Waiting[]>();

  private constructor(store: ReadStore, master: Buffer) {
    this.#store = store;
    this.#master = master;
  }

  /** Throws MasterKeyInvalid if the file is missing, readable by others, or not the one that this ring was made with. */
  static async open(options: KeyRingOptions): Promise<PgKeyRing> {
    const store = await openReadStore({ url: options.url, schema: 'keyring', migrations: tables, poolSize: options.poolSize ?? 2 });
    try {
      return new PgKeyRing(store, await matchingMasterKey(store, options));
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  keyFor(subject: string): Promise<DataKey> {
    return new Promise((resolve, reject) => {
      if (this.#wanted.size === 0) setImmediate(() => void this.#answerAll());
      const waiting = this.#wanted.get(subject);
      if (waiting) waiting.push({ resolve, reject });
      else this.#wanted.set(subject, [{ resolve, reject }]);
    });
  }

  async find(keyId: string): Promise<DataKey | undefined> {
    return (await this.findMany([keyId])).get(keyId);
  }

  async findMany(keyIds: readonly string[]): Promise<ReadonlyMap<string, DataKey>> {
    const { rows } =
      await sql<KeyRow>`select id, subject, wrapped from data_key where id = any(${[...keyIds]}::text[]) and wrapped is not null`.execute(
        this.#store.db,
      );
    return new Map(rows.map((row) => [row.id, this.#open(row)]));
  }

  naming(): Promise<DataKey> {
    return this.keyFor(NAMING);
  }

  /** Destroys the keys of subjects, at once and for ever. Answers how many there were; repeating is harmless. */
  async destroy(subjects: readonly string[]): Promise<number> {
    if (subjects.includes(NAMING)) throw new TypeError('The naming key belongs to the whole installation and is never destroyed');
    const { rows } = await sql`
      insert into data_key as k (id, subject, wrapped, destroyed_at)
      select 'erased.' || s, s, null, now() from unnest(${[...subjects]}::text[]) as s
      on conflict (subject) do update set wrapped = null, destroyed_at = now() where k.wrapped is not null
      returning id`.execute(this.#store.db);
    return rows.length;
  }

  ping(): Promise<void> {
    return this.#store.ping();
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  async #answerAll(): Promise<void> {
    const wanted = new Map(this.#wanted);
    this.#wanted.clear();
    const subjects = [...wanted.keys()];
    for (let at = 0; at < subjects.length; at += LARGEST_LOOKUP) await this.#answer(subjects.slice(at, at + LARGEST_LOOKUP), wanted);
  }

  async #answer(subjects: string[], wanted: ReadonlyMap<string, Waiting[]>): Promise<void> {
    try {
      const keys = await this.#load(subjects);
      for (const subject of subjects) settle(wanted.get(subject) ?? [], subject, keys.get(subject));
    } catch (error) {
      for (const subject of subjects) for (const { reject } of wanted.get(subject) ?? []) reject(error);
    }
  }

  async #load(subjects: string[]): Promise<Map<string, DataKey>> {
    const keys = await this.#select(subjects);
    const missing = subjects.filter((subject) => !keys.has(subject)).sort();
    if (missing.length > 0) {
      const made = missing.map((subject) => wrapKey(this.#master, newDataKey(subject)));
      await sql`
        insert into data_key (id, subject, wrapped)
        select id, subject, wrapped from jsonb_to_recordset(${JSON.stringify(made)}::jsonb) as r(id text, subject text, wrapped text)
        on conflict (subject) do nothing`.execute(this.#store.db);
      // Read again: another process may have been first, and its key is the one that counts.
      for (const [subject, key] of await this.#select(missing)) keys.set(subject, key);
    }
    return keys;
  }

  async #select(subjects: string[]): Promise<Map<string, DataKey>> {
    const { rows } = await sql<KeyRow>`select id, subject, wrapped from data_key where subject = any(${subjects}::text[])`.execute(
      this.#store.db,
    );
    return new Map(rows.filter((row) => row.wrapped !== null).map((row) => [row.subject, this.#open(row)]));
  }

  #open({ id, subject, wrapped }: KeyRow): DataKey {
    return unwrapKey(this.#master, { id, subject, wrapped } as WrappedKey);
  }
}

function settle(waiting: readonly Waiting[], subject: string, key: DataKey | undefined): void {
  for (const { resolve, reject } of waiting) {
    if (key) resolve(key);
    else reject(new SubjectErased(subject));
  }
}

async function matchingMasterKey(store: ReadStore, options: KeyRingOptions): Promise<Buffer> {
  const { rows } = await sql<{ proof: string }>`select proof from master`.execute(store.db);
  // With keys in the ring a new master key would only hide that the right one is missing.
  const mayCreate = options.createMasterKeyIfMissing === true && rows.length === 0;
  const missing = await access(options.masterKeyFile).then(
    () => false,
    () => true,
  );
  const master = missing && mayCreate ? await createMasterKey(options.masterKeyFile) : await readMasterKey(options.masterKeyFile);
  const proof = proofOf(master);
  await sql`insert into master (proof) values (${proof}) on conflict do nothing`.execute(store.db);
  const recorded = await sql<{ proof: string }>`select proof from master`.execute(store.db);
  const first = recorded.rows[0]?.proof ?? '';
  if (first.length !== proof.length || !timingSafeEqual(Buffer.from(first), Buffer.from(proof))) {
    throw new MasterKeyInvalid(
      `${options.masterKeyFile} is not the master key that the key ring of this database was made with: put back the right file`,
    );
  }
  return master;
}

const proofOf = (master: Buffer): string => createHmac('sha256', master).update('muster:master-key-proof').digest('base64url');
