import { Module } from '@nestjs/common';
import type { Service } from '@muster/service-kit';
import { AccessQuestions } from './inbound-access.ts';
import { Rebuilding } from './inbound-rebuild.ts';
import { Facts, Questions } from './inbound.ts';
import { auditTables } from './tables.ts';

@Module({ controllers: [Facts, Questions, AccessQuestions, Rebuilding] })
class AuditProjectionModule {}

/** Answers who had which access, when, why, and what was known then. Writes nothing to the store. */
export const auditProjection: Service = {
  name: 'audit-projection',
  migrations: auditTables,
  module: () => AuditProjectionModule,
};
