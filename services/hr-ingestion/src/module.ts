import { Module } from '@nestjs/common';
import type { Service } from '@muster/service-kit';
import { BulkController } from './inbound.ts';

@Module({ controllers: [BulkController] })
class HrIngestionModule {}

/** The writer of `worker-*`. Keeps nothing but its events. */
export const hrIngestion: Service = { name: 'hr-ingestion', module: () => HrIngestionModule };
