import type { Migration } from '@muster/read-store';

/** What finds events and people. All of it is folded from the topics and can be made again; answers themselves are folded from the store. */
export const auditTables: readonly Migration[] = [
  {
    name: 'audit-projection/1-index',
    sql: `
      create table event_index (
        stream text not null,
        revision bigint not null,
        position text not null,
        commit_position numeric(20, 0) not null,
        type text not null,
        event_id text not null,
        occurred_at timestamptz not null,
        recorded_at timestamptz not null,
        correlation_id text not null,
        causation_id text,
        primary key (stream, revision)
      );
      create index event_by_position on event_index (commit_position);
      create index event_by_id on event_index (event_id);
      create table event_count (
        what text primary key,
        count bigint not null
      );
      create table identity_stream (
        identity_id uuid not null,
        stream text not null,
        primary key (identity_id, stream)
      );
      create index identity_of_stream on identity_stream (stream);
      create table person (
        identity_id uuid primary key,
        employee_number text,
        login text,
        email text,
        display_name text
      );
      create index person_by_employee_number on person (employee_number);
      create index person_by_login on person (login);
      create index person_by_email on person (email);
      create index person_by_display_name on person (display_name);
      create table object_name (
        connection text not null,
        kind text not null,
        id text not null,
        name text not null,
        primary key (connection, kind, id)
      );
      create index object_by_name on object_name (kind, name);
      create table complete_read (
        connection text not null,
        read_id text not null,
        occurred_at timestamptz not null,
        recorded_at timestamptz not null,
        primary key (connection, read_id)
      );
      create table connection_read (
        connection text primary key,
        last_read timestamptz,
        watermarks jsonb not null default '{}',
        note text
      );
    `,
  },
];
