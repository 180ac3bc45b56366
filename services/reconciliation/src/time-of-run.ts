import { type ConnectionConfig, type Cost, timeFor } from '@muster/connector';
import type { Sealing } from '@muster/identity';

/** What one change costs of the vendor's documented limits, taken alone. */
const costs: Partial<Record<ConnectionConfig['kind'], Record<string, Cost>>> = {
  okta: {
    create: { users: 1 },
    set: { userWrite: 1 },
    enable: { other: 1 },
    disable: { other: 1 },
    revokeSessions: { other: 1 },
    grant: { group: 1 },
    revoke: { group: 1 },
  },
  entra: { create: { units: 2, writes: 1 } },
};
const entraWrite: Cost = { units: 2, writes: 1 };

/** The least time, in seconds, that the budget of a connection leaves for so many changes. Undefined where no limit is documented. */
export const timeOf =
  (connections: readonly ConnectionConfig[]): NonNullable<Sealing['seconds']> =>
  (connection, limit, commands) => {
    const config = connections.find(({ name }) => name === connection);
    if (config === undefined) return undefined;
    const action = limit === 'leaver' ? 'revoke' : limit;
    const cost = config.kind === 'entra' ? entraWrite : costs[config.kind]?.[action];
    if (cost === undefined) return undefined;
    const total = Object.fromEntries(Object.entries(cost).map(([bucket, units]) => [bucket, units * commands]));
    return Math.ceil(timeFor(config.budget, total) / 1000);
  };
