import type { Migration } from '@muster/read-store';

/** What tells reconciliation whom a fact concerns. All of it is folded from the topics and can be made again. */
export const reconciliationTables: readonly Migration[] = [
  {
    name: 'reconciliation/1-index',
    sql: `
      create table person (
        identity_id uuid primary key,
        connection text not null,
        worker_key text not null,
        worker_stream text not null unique
      );
      create unique index person_by_key on person (connection, worker_key);
      create table account (
        connection text not null,
        account_id text not null,
        match_key text,
        login text,
        there boolean not null,
        primary key (connection, account_id)
      );
      create index account_by_match_key on account (match_key) where match_key is not null;
      create index account_by_login on account (login) where login is not null;
      create table link (
        connection text not null,
        account_id text not null,
        identity_id uuid not null,
        primary key (connection, account_id)
      );
      create index link_by_identity on link (identity_id);
      create table target_object (
        connection text not null,
        kind text not null,
        id text not null,
        name text not null,
        writable boolean not null,
        there boolean not null,
        primary key (connection, kind, id)
      );
      create index target_object_by_name on target_object (connection, kind, name);
      create table full_reads (
        connection text primary key,
        first_started timestamptz not null,
        last_complete timestamptz
      );
      create table waiting (
        identity_id uuid not null,
        what text not null,
        primary key (identity_id, what)
      );
      create index waiting_by_what on waiting (what);
    `,
  },
  {
    name: 'reconciliation/2-runs',
    sql: `
      create table run (
        run_id uuid primary key,
        kind text not null,
        cause jsonb not null,
        state text not null,
        opened_at timestamptz not null default clock_timestamp(),
        last_member_at timestamptz
      );
      create unique index run_collecting on run (kind) where kind = 'collect' and state = 'collecting';
      create table run_member (
        run_id uuid not null,
        identity_id uuid not null,
        command_id text not null,
        connection text not null,
        action text not null,
        limit_name text not null,
        plan_id uuid not null,
        plan_revision bigint not null,
        lifecycle_revision bigint not null,
        standing text not null,
        recorded boolean not null,
        primary key (run_id, identity_id, command_id)
      );
      create index run_member_of on run_member (identity_id);
      create table run_scope (
        run_id uuid not null,
        identity_id uuid not null,
        primary key (identity_id, run_id)
      );
      create index run_scope_of on run_scope (run_id);
    `,
  },
  {
    name: 'reconciliation/3-runs-shown',
    sql: 'alter table run add column sealed jsonb, add column held jsonb, add column outcome text',
  },
  {
    name: 'reconciliation/4-directory-version',
    sql: 'create table directory_version (connection text primary key, version bigint not null)',
  },
  {
    name: 'reconciliation/5-planned-with',
    sql: 'create table planned_with (only_one boolean primary key check (only_one), fingerprint text not null)',
  },
  {
    name: 'reconciliation/6-causes',
    sql: 'alter table person add column cause text, add column chain text, add column in_population boolean not null default false',
  },
  {
    name: 'reconciliation/7-flows-heard',
    sql: 'create table flows_heard (only_one boolean primary key check (only_one), position text not null)',
  },
  {
    name: 'reconciliation/8-file-runs',
    sql: `
      alter table run add column frozen boolean not null default true, add column cause_id text, add column chain text, add column closed_at timestamptz;
      update run set closed_at = clock_timestamp() where state = 'closed';
      alter table run_scope add column worker_revision bigint not null default 0, add column planned boolean not null default false;
    `,
  },
];
