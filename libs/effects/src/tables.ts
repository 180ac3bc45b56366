import type { Migration } from '@muster/read-store';

/**
 * One row for each command that was sent and has not ended, written before the call leaves. It holds references, never a value. All of it can be lost:
 * `sending_since` says from which position of the store on the rows are whole.
 */
export const effectsTables: readonly Migration[] = [
  {
    name: 'effects/1-sending',
    sql: `
      create table sending (
        command_id text primary key,
        identity_id text not null,
        connection text not null,
        plan_revision bigint not null,
        attempts integer not null,
        lost_at timestamptz,
        token bigint not null,
        fault jsonb,
        answered_at timestamptz
      );
      create index sending_identity on sending (identity_id, connection);
      create table sending_since (
        one boolean primary key default true check (one),
        position text not null,
        at timestamptz not null default clock_timestamp()
      );
    `,
  },
];
