import { createHash } from 'node:crypto';
import { type Kysely, sql } from 'kysely';

/** One step of a schema's history. Once released neither its name nor its text changes. */
export interface Migration {
  name: string;
  /** SQL statements, run with the schema as search path. */
  sql: string;
}

interface Applied {
  name: string;
  checksum: string;
}

const checksumOf = (migration: Migration): string => createHash('sha256').update(migration.sql).digest('hex');

/**
 * Brings a schema up to date: creates it if missing and runs what is not recorded yet, in the given order, all in one transaction under an
 * advisory lock, so that any number of processes may start at once. Throws, changing nothing, if a recorded migration was edited or is
 * not known (the database belongs to a newer version).
 */
export async function migrate(db: Kysely<unknown>, schema: string, migrations: readonly Migration[]): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await sql`select pg_advisory_xact_lock(hashtextextended(${`muster migration ${schema}`}, 0))`.execute(trx);
    await sql`create schema if not exists ${sql.id(schema)}`.execute(trx);
    await sql`create table if not exists ${sql.id(schema, 'migration')} (name text primary key, checksum text not null, applied_at timestamptz not null default now())`.execute(
      trx,
    );
    const { rows } = await sql<Applied>`select name, checksum from ${sql.id(schema, 'migration')}`.execute(trx);
    const recorded = new Map(rows.map((row) => [row.name, row.checksum]));
    refuseForeignHistory(schema, migrations, recorded);
    for (const migration of migrations) {
      if (recorded.has(migration.name)) continue;
      await sql.raw(migration.sql).execute(trx);
      await sql`insert into ${sql.id(schema, 'migration')} (name, checksum) values (${migration.name}, ${checksumOf(migration)})`.execute(
        trx,
      );
    }
  });
}

function refuseForeignHistory(schema: string, migrations: readonly Migration[], recorded: ReadonlyMap<string, string>): void {
  const known = new Map(migrations.map((migration) => [migration.name, checksumOf(migration)]));
  if (known.size !== migrations.length) throw new Error(`Two migrations of schema ${schema} have the same name`);
  for (const [name, checksum] of recorded) {
    const expected = known.get(name);
    if (expected === undefined)
      throw new Error(
        `Schema ${schema} holds the migration "${name}", which this version does not know: start the version that wrote it, or a newer one`,
      );
    if (expected !== checksum)
      throw new Error(`The migration "${name}" of schema ${schema} was edited after it had run: add a new migration instead`);
  }
}
