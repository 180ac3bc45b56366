import { Module } from '@nestjs/common';
import type { EntraConfig } from '@muster/connector';
import { connectEntra } from '@muster/connector-entra';
import { Ingestion, ingestionTables } from '@muster/ingestion';
import { SERVICE, type Service, type ServiceContext } from '@muster/service-kit';
import { Hooks, Status } from './hooks.ts';
import { INGESTION, Reading } from './inbound.ts';

@Module({
  controllers: [Reading, Hooks, Status],
  providers: [
    {
      provide: INGESTION,
      inject: [SERVICE],
      useFactory: (context: ServiceContext) =>
        new Ingestion<EntraConfig>({ context, kind: 'entra', open: (config) => connectEntra(config) }),
    },
  ],
})
class EntraIngestionModule {}

/** The writer of what is observed in Entra: `account-*`, `group-*`, `app-*` and `read-*` of its connections. */
export const azureAdIngestion: Service = {
  name: 'azure-ad-ingestion',
  migrations: ingestionTables,
  module: () => EntraIngestionModule,
};
