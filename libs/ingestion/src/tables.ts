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
  {
    name: 'ingestion/2-shortfalls',
    sql: `
      create table read_shortfall (
        read_id text not null,
        scope text not null,
        code text not null,
        message text not null,
        primary key (read_id, scope, code)
      );
      -- something of the object could not be seen: the hint stays open until it can
      alter table watched_object add column withheld boolean not null default false;
    `,
  },
  {
    name: 'ingestion/2-hooks',
    sql: `
      -- What a vendor told us over a hook, and what its log or delta showed: the same things, if no hook was missed. Kept for some days.
      create table hook_event (
        connection text not null,
        event text not null,
        heard_at timestamptz,
        logged_at timestamptz,
        primary key (connection, event)
      );
      create index hook_event_age on hook_event (connection, coalesce(logged_at, heard_at));
      create table kept_hook (
        connection text not null,
        of text not null,
        id text not null,
        print text not null,
        state text not null,
        expires_at timestamptz,
        because text,
        renew boolean not null default false,
        checked_at timestamptz not null,
        primary key (connection, of)
      );
    `,
  },
  {
    name: 'ingestion/3-causes',
    sql: `
      -- the event that has it read, and what that belongs to
      alter table awaited_read add column cause text, add column correlation text;
      alter table watched_object add column cause text, add column correlation text;
    `,
  },
];
