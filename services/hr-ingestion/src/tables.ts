import type { Migration } from '@muster/read-store';

/** What is kept beside work rows. All of it can be lost: it is made again from the store and by reading. */
export const hrIngestionTables: readonly Migration[] = [
  {
    name: 'hr-ingestion/1-reads',
    sql: `
      create table open_read (
        connection text primary key,
        read_id text not null,
        shortfalls jsonb not null default '[]',
        -- the least number of rows that the report ever said it has
        expected bigint,
        created bigint not null default 0,
        changed bigint not null default 0
      );
      create table known_worker (
        stream text primary key,
        connection text not null,
        noted_at timestamptz not null default clock_timestamp(),
        -- the last full read whose pages had it
        read_id text
      );
      create index known_worker_connection on known_worker (connection);
      create table known_upto (
        connection text primary key,
        position text not null
      );
      create table refused_record (
        connection text not null,
        ref text not null,
        read_id text not null,
        place text not null,
        problems jsonb not null,
        told boolean not null default false,
        primary key (connection, ref)
      );
    `,
  },
];
