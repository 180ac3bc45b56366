import { Module } from '@nestjs/common';
import type { OktaConfig } from '@muster/connector';
import { connectOkta } from '@muster/connector-okta';
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
      useFactory: (context: ServiceContext) => new Ingestion<OktaConfig>({ context, kind: 'okta', open: (config) => connectOkta(config) }),
    },
  ],
})
class OktaIngestionModule {}

/** The writer of what is observed in Okta: `account-*`, `group-*`, `app-*` and `read-*` of its connections. */
export const oktaIngestion: Service = {
  name: 'okta-ingestion',
  migrations: ingestionTables,
  module: () => OktaIngestionModule,
};
