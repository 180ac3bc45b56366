import { Module } from '@nestjs/common';
import type { Service } from '@muster/service-kit';
import { Relay } from './inbound.ts';
import { relayTables } from './tables.ts';

@Module({ providers: [Relay] })
class EventRelayModule {}

/** The way from the event store to Kafka. It writes no stream. */
export const eventRelay: Service = {
  name: 'event-relay',
  migrations: relayTables,
  module: () => EventRelayModule,
};
