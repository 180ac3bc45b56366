import { shareBudget } from '@muster/connector';
import type { Budget, Connection, EntraConfig, PermissionReader, Readers, Writers } from '@muster/connector';
import { EntraSubscriptionKeeper } from './keep-subscriptions.ts';
import { entraManifest } from './manifest.ts';
import { EntraAccountReader } from './read-accounts.ts';
import { openDeltaReaders } from './read-changes.ts';
import { EntraEntitlementReader } from './read-entitlements.ts';
import { EntraAppReader, EntraGroupReader } from './read-groups-and-apps.ts';
import { EntraSession } from './session.ts';
import { EntraDisablementTracer } from './trace-disablement.ts';
import { EntraAccountWriter } from './write-accounts.ts';
import { EntraMemberWriter } from './write-members.ts';

export interface EntraDependencies {
  /** Default: the one that everybody in this process shares who opens this connection. */
  budget?: Budget;
  /** How writers are made; the place where a test proves that nobody asks for them in `observe`. */
  openWriters?: typeof openEntraWriters;
}

/** Makes the writers of a connection. Called for state `live` only. */
export const openEntraWriters = (session: EntraSession): Writers => ({
  accounts: new EntraAccountWriter(session, new EntraAccountReader(session)),
  entitlements: new EntraMemberWriter(session),
});

const openReaders = (session: EntraSession): Readers => {
  const permissions: PermissionReader = { permissions: () => session.permissions() };
  return {
    accounts: new EntraAccountReader(session),
    groups: new EntraGroupReader(session),
    apps: new EntraAppReader(session),
    entitlements: new EntraEntitlementReader(session),
    changes: openDeltaReaders(session),
    disablements: new EntraDisablementTracer(session),
    permissions,
  };
};

/**
 * Opens an Entra tenant through Microsoft's own SDKs. Makes no call by itself; every call can throw Fault. In state `observe` no writer is constructed. What
 * the token may do is decided by the app registration, so `permissions` says what is missing and what is too much.
 */
export const connectEntra = (config: EntraConfig, dependencies: EntraDependencies = {}): Connection => {
  const { budget, release } = dependencies.budget ? { budget: dependencies.budget, release: () => undefined } : shareBudget(config);
  const session = new EntraSession(config, budget);
  const openWriters = dependencies.openWriters ?? openEntraWriters;
  return {
    name: config.name,
    manifest: entraManifest,
    readers: openReaders(session),
    ...(config.state === 'live' ? { writers: openWriters(session) } : {}),
    ...(config.hooks?.register ? { hooks: new EntraSubscriptionKeeper(session, config.hooks) } : {}),
    close: async () => {
      await session.close();
      release();
    },
  };
};
