import type { Migration } from '@muster/read-store';

/** What an ingestion service keeps beside its current states and work rows. All of it can be lost: it is made again from the store and by reading. */
export const ingestionTables: readonly Migration[] = [
  {
    name: 'ingestion/1-objects',
    sql: `
      create table watched_object (
        connection text not null,
        kind text not null,
        id text not null,
        recheck_at timestamptz not null,
        deletion text,
        -- null: all of them
        aspects text[],
        primary key (connection, kind, id)
      );
      create table awaited_read (
        connection text not null,
        account_id text not null,
        aspect text not null,
        from_at timestamptz not null,
        primary key (connection, account_id, aspect, from_at)
      );
      create table staged (
        read_id text not null,
        kind text not null,
        id text not null,
        item text not null,
        data jsonb not null,
        read_at timestamptz not null,
        primary key (read_id, kind, id, item)
      );
      create table open_read (
        connection text primary key,
        read_id text not null
      );
    `,
  },
];
