import { type Budget, type Connection, shareBudget } from '@muster/connector';
import { connectEntra } from '@muster/connector-entra';
import { connectOkta } from '@muster/connector-okta';
import type { ServiceContext } from '@muster/service-kit';
import type { TargetConfig } from './translate.ts';

/** How the log of a kind of system lags: asked earlier, it may not name the last change yet. */
const LOG_LAG_MS: Record<TargetConfig['kind'], number> = { okta: 60_000, entra: 300_000 };

/** One connection that may be written. */
export interface Writable {
  readonly config: TargetConfig;
  readonly connection: Connection;
  readonly logLagMs: number;
  /** Shared with whoever else in this process opens the connection. */
  readonly budget: Budget;
  close(): Promise<void>;
}

const isTarget = (config: ServiceContext['connections'][number]): config is TargetConfig =>
  config.kind === 'okta' || config.kind === 'entra';

/** Names of the connections that plans can be about. */
export const targetNames = ({ connections }: ServiceContext): string[] => connections.filter(isTarget).map(({ name }) => name);

/** Opens the connections in state `live`, each once. For the others nothing is opened here, so nothing of them can be written. */
export const openWritable = (context: ServiceContext): Writable[] =>
  context.connections.filter(isTarget).flatMap((config) => {
    if (config.state !== 'live') return [];
    const logLagMs = context.scaled(LOG_LAG_MS[config.kind]);
    const { budget, release } = shareBudget(config);
    const connection = open(config, budget);
    return { config, logLagMs, connection, budget, close: () => connection.close().finally(release) };
  });

const open = (config: TargetConfig, budget: Budget): Connection => {
  switch (config.kind) {
    case 'okta':
      return connectOkta(config, { budget });
    case 'entra':
      return connectEntra(config, { budget });
  }
};
