import { Module } from '@nestjs/common';
import { SERVICE, type Service, type ServiceContext } from '@muster/service-kit';
import { BulkController, PULLING, PullController, StatusController } from './inbound.ts';
import { Pulling } from './pulling.ts';
import { hrIngestionTables } from './tables.ts';

@Module({
  controllers: [BulkController, PullController, StatusController],
  providers: [{ provide: PULLING, inject: [SERVICE], useFactory: (context: ServiceContext) => new Pulling(context) }],
})
class HrIngestionModule {}

/** The writer of `worker-*`, and of `read-*` of HR connections. */
export const hrIngestion: Service = { name: 'hr-ingestion', migrations: hrIngestionTables, module: () => HrIngestionModule };
