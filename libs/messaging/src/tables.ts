import type { Migration } from '@muster/read-store';

/** What a consumer keeps in its schema: the last revision of each stream, its checkpoint, and what it could not handle. */
export const messagingTables: readonly Migration[] = [
  {
    name: 'messaging/1-consumer',
    sql: `
      create table seen (
        stream text primary key,
        revision bigint not null,
        previous bigint not null
      ) with (fillfactor = 80);
      create table checkpoint (
        name text primary key,
        position text not null,
        updated_at timestamptz not null default now()
      ) with (fillfactor = 50);
      create table parked_key (
        topic text not null,
        key text not null,
        retry_at timestamptz,
        primary key (topic, key)
      );
      create table dead_message (
        id bigint generated always as identity primary key,
        topic text not null,
        key text not null,
        stream text,
        revision bigint,
        event_id text,
        type text,
        partition integer,
        record_offset numeric,
        state text not null,
        code text not null,
        error text not null,
        attempts integer not null,
        since timestamptz not null default now()
      );
      create index dead_message_key on dead_message (topic, key, id);
      create unique index dead_message_record on dead_message (topic, partition, record_offset) where partition is not null;
    `,
  },
];
