import type { Migration } from './migrate.ts';

/** What every schema has. */
export const readStoreTables: readonly Migration[] = [
  {
    name: 'read-store/1-lease-and-current',
    sql: `
      create table lease (
        name text primary key,
        holder text not null,
        token bigint not null,
        until timestamptz not null
      );
      create table current (
        stream text primary key,
        revision bigint not null,
        fold integer not null,
        state jsonb not null
      ) with (fillfactor = 80);
    `,
  },
];
