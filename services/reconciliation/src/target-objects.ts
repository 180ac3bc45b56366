import { type ObservedObjects, observedObjects } from '@muster/flow';
import type { Database } from '@muster/read-store';
import { sql } from 'kysely';

interface TargetObject {
  readonly connection: string;
  readonly kind: 'group' | 'app';
  readonly id: string;
  readonly name: string;
  readonly writable: boolean;
  readonly there: boolean;
}

/** The groups and apps that one connection is known to hold. */
export interface KnownObjects {
  readonly groups: ObservedObjects;
  readonly apps: ObservedObjects;
  stateOf(kind: string, id: string): 'there' | 'missing' | 'not-writable';
}

const keyOf = ({ kind, id }: { kind: string; id: string }): string => `${kind} ${id}`;

function known(objects: readonly TargetObject[]): KnownObjects {
  const there = objects.filter((object) => object.there);
  const byKey = new Map(there.map((object) => [keyOf(object), object]));
  return {
    groups: observedObjects(there.filter(({ kind }) => kind === 'group')),
    apps: observedObjects(there.filter(({ kind }) => kind === 'app')),
    stateOf: (kind, id) => {
      const object = byKey.get(keyOf({ kind, id }));
      if (!object) return 'missing';
      return object.writable ? 'there' : 'not-writable';
    },
  };
}

/** Groups and apps change rarely and every plan needs them: they are kept in memory, and read again when the table's version says that something changed. */
export class TargetObjects {
  readonly #kept = new Map<string, { readonly version: string; readonly objects: KnownObjects }>();

  async of(db: Database, connections: readonly string[]): Promise<ReadonlyMap<string, KnownObjects>> {
    const { rows } = await sql<{ connection: string; version: string | null }>`
      select c.connection, v.version from unnest(${[...connections]}::text[]) as c(connection) left join directory_version v using (connection)`.execute(
      db,
    );
    const found = new Map<string, KnownObjects>();
    for (const { connection, version } of rows) {
      const kept = this.#kept.get(connection);
      const current = kept?.version === (version ?? '') ? kept : { version: version ?? '', objects: await load(db, connection) };
      this.#kept.set(connection, current);
      found.set(connection, current.objects);
    }
    return found;
  }
}

async function load(db: Database, connection: string): Promise<KnownObjects> {
  const { rows } = await sql<TargetObject>`
    select connection, kind, id, name, writable, there from target_object where connection = ${connection}`.execute(db);
  return known(rows);
}
