import { effectsTables } from '@muster/effects';
import type { Migration } from '@muster/read-store';

/** All of it can be lost: plans and results come again from the store. */
export const provisioningTables: readonly Migration[] = [
  ...effectsTables,
  {
    name: 'provisioning/1-refusal',
    sql: 'create table refusal (wish text primary key, key text not null unique)',
  },
];
