import { type BeforeApplicationShutdown, Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { SERVICE, type ServiceContext } from '@muster/service-kit';
import { openKafkaPublisher } from './adapters/publisher.ts';
import { relayEvents } from './relay-events.ts';
import { topicsOf } from './subscribers.ts';

/** Relays from the start of the service to its end. With the embedded transport there is no broker, and nothing to do. */
@Injectable()
export class Relay implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #closing = new AbortController();
  #trouble: unknown = new Error('not started yet');
  #running: Promise<void> | undefined;

  constructor(@Inject(SERVICE) private readonly service: ServiceContext) {
    if (service.settings.transport.kind === 'kafka') service.dependsOn({ name: 'relay', check: () => this.#check() });
  }

  onApplicationBootstrap(): void {
    const { store, database, logger: log, inProgress, settings, subscribers } = this.service;
    const { transport } = settings;
    if (transport.kind !== 'kafka') {
      if (subscribers.length > 0) log.warn({ subscribers: subscribers.length }, 'without a broker there are no topics for subscribers');
      return;
    }
    this.#trouble = undefined;
    this.#running = relayEvents({
      store,
      database,
      log,
      signal: this.#closing.signal,
      openPublisher: () => openKafkaPublisher({ brokers: transport.brokers, log, topics: topicsOf(subscribers) }),
      subscribers,
      onState: (trouble) => (this.#trouble = trouble),
      onInProgress: (change) => inProgress.inc({ kind: 'event' }, change),
    });
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.#closing.abort();
    await this.#running;
  }

  #check(): Promise<void> {
    return this.#trouble === undefined
      ? Promise.resolve()
      : Promise.reject(this.#trouble instanceof Error ? this.#trouble : new Error('events wait'));
  }
}
