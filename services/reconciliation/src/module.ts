import { Module } from '@nestjs/common';
import type { Service } from '@muster/service-kit';
import { Facts, Questions } from './inbound.ts';
import { Runs } from './inbound-runs.ts';
import { Reconciler } from './reconciler.ts';
import { reconciliationTables } from './tables.ts';

@Module({ controllers: [Facts, Questions, Runs], providers: [Reconciler] })
class ReconciliationModule {}

/** The writer of identities, claims, cases and plans. */
export const reconciliation: Service = {
  name: 'reconciliation',
  migrations: reconciliationTables,
  module: () => ReconciliationModule,
};
