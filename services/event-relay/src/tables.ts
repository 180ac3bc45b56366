import type { Migration } from '@muster/read-store';

/** What the relay keeps beside its lease, its checkpoint and the folds of identities. */
export const relayTables: readonly Migration[] = [
  {
    name: 'event-relay/1-subscriber',
    sql: `
      create table subscriber (
        name text primary key,
        sees text not null,
        begun_at timestamptz not null default now()
      );
    `,
  },
];
