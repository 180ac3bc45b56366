import type { Migration } from '@muster/read-store';

/** Work rows, dead letters and quarantines of one service. They hold references, never what the work is about. */
export const workTables: readonly Migration[] = [
  {
    name: 'work/1-rows',
    sql: `
      create table work (
        kind text not null,
        key text not null,
        connection text not null default '',
        lane smallint not null,
        due timestamptz not null,
        version bigint not null default 1,
        token bigint not null default 0,
        holder text,
        claimed_until timestamptz,
        attempts integer not null default 0,
        last_fault jsonb,
        last_at timestamptz,
        primary key (kind, key)
      );
      create index work_due on work (kind, lane, due);
      create table dead_work (
        id bigint generated always as identity primary key,
        kind text not null,
        key text not null,
        connection text not null,
        lane smallint not null,
        at timestamptz not null default clock_timestamp(),
        attempts integer not null,
        fault jsonb not null,
        unique (kind, key)
      );
      create table quarantine (
        connection text primary key,
        failures integer not null,
        since timestamptz not null default clock_timestamp(),
        until timestamptz,
        fault jsonb not null
      );
    `,
  },
  {
    name: 'work/2-shelves',
    sql: `
      alter table work add column not_before timestamptz;
      drop index work_due;
      create index work_shelf on work (kind, connection, lane, due);
    `,
  },
  {
    name: 'work/3-rests',
    sql: 'alter table work add column rests boolean not null default false',
  },
  {
    name: 'work/4-half-open',
    sql: `
      alter table quarantine add column rounds integer not null default 0;
      alter table quarantine add column probed_at timestamptz;
      create index work_at_work on work (connection) where claimed_until is not null;
    `,
  },
  {
    name: 'work/5-again',
    sql: 'alter table work add column again_due timestamptz',
  },
];
