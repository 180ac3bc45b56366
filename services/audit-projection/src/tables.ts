import type { Migration } from '@muster/read-store';

/** Valid time: when it is true. Known: when it was what we knew. */
const times = `
        said_by bigint not null, revision bigint not null,
        valid_from timestamptz not null, valid_to timestamptz not null,
        known_from timestamptz not null, known_to timestamptz not null`;

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
  {
    name: 'audit-projection/2-intervals',
    sql: `
      create table account_state (
        connection text not null, account_id text not null,
        existence text not null, status text, enabled boolean,
        ${times}, primary key (connection, account_id, revision, valid_from)
      );
      create table account_profile (
        connection text not null, account_id text not null,
        profile jsonb not null,
        ${times}, primary key (connection, account_id, revision, valid_from)
      );
      create table identity_state (
        identity_id text not null,
        lifecycle text not null,
        ${times}, primary key (identity_id, revision, valid_from)
      );
      create table identity_profile (
        identity_id text not null,
        attributes jsonb not null, sources jsonb not null, login text,
        ${times}, primary key (identity_id, revision, valid_from)
      );
      create table worker_records (
        stream text not null,
        worker jsonb not null,
        ${times}, primary key (stream, revision, valid_from)
      );
      create table link (
        identity_id text not null, connection text not null, account_id text not null,
        linked boolean not null,
        ${times}, primary key (identity_id, connection, account_id, revision, valid_from)
      );
      create index link_of_account on link (connection, account_id, known_to, valid_to) include (identity_id, linked, valid_from, known_from);
      create table held (
        connection text not null, holder_kind text not null, holder_id text not null, kind text not null, object_id text not null,
        held boolean not null, via text not null, via_id text,
        ${times}, primary key (connection, holder_kind, holder_id, kind, object_id, revision, valid_from)
      );
      create index held_object on held (connection, kind, object_id, holder_kind, known_to, valid_to)
        include (holder_id, held, via, via_id, valid_from, known_from, said_by);
      create table object_state (
        connection text not null, kind text not null, object_id text not null,
        existence text not null, name text,
        ${times}, primary key (connection, kind, object_id, revision, valid_from)
      );
      create index object_state_by_name on object_state (kind, name);
      create table erased_stream (stream text primary key);
      -- What was kept before did not hold these tables: everything is folded again from the beginning.
      truncate event_index, event_count, identity_stream, person, object_name, complete_read, connection_read,
        seen, checkpoint, parked_key, dead_message;
    `,
  },
  {
    name: 'audit-projection/3-not-usable',
    sql: `create index account_not_usable on account_state (connection, account_id) where existence = 'deleted' or enabled is not true;`,
  },
];
