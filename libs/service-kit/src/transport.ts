import { type BatchStrategy, EmbeddedStrategy, KafkaStrategy } from '@muster/messaging';
import type { ReadStore } from '@muster/read-store';
import type { Dependency } from './health.ts';
import type { ServiceContext } from './service-context.ts';

export interface Transport {
  readonly strategy: BatchStrategy;
  readonly dependency: Dependency;
}

/** The transport that the settings name. A service without `@EventPattern` handlers consumes nothing through it. */
export function createTransport(context: ServiceContext, database: ReadStore): Transport {
  const { transport } = context.settings;
  const common = {
    consumer: context.name,
    database,
    store: context.store,
    log: context.logger,
    onInProgress: (change: number) => context.inProgress.inc({ kind: 'message' }, change),
  };
  const strategy = transport.kind === 'kafka' ? new KafkaStrategy({ ...common, brokers: transport.brokers }) : new EmbeddedStrategy(common);
  return { strategy, dependency: { name: `transport (${transport.kind})`, check: () => strategy.checkHealth() } };
}
