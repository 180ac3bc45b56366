import { Budget } from '@muster/connector';
import type { Connection, OktaConfig, PermissionReader, Readers, Writers } from '@muster/connector';
import { oktaManifest } from './manifest.ts';
import { OktaAccountReader } from './read-accounts.ts';
import { OktaEntitlementReader } from './read-entitlements.ts';
import { OktaAppReader, OktaGroupReader } from './read-groups-and-apps.ts';
import { OktaDisablementTracer, OktaLogReader } from './read-log.ts';
import { OktaSession } from './session.ts';
import { OktaAccountWriter } from './write-accounts.ts';
import { OktaEntitlementWriter } from './write-entitlements.ts';

export interface OktaDependencies {
  /** The one budget of this connection in this process; a new one with the limits of the connection file if absent. */
  budget?: Budget;
  /** How writers are made; the place where a test proves that nobody asks for them in `observe`. */
  openWriters?: typeof openOktaWriters;
}

/** Makes the writers of a connection. Called for state `live` only. */
export const openOktaWriters = (session: OktaSession): Writers => ({
  accounts: new OktaAccountWriter(session, new OktaAccountReader(session)),
  entitlements: new OktaEntitlementWriter(session),
});

const openReaders = (session: OktaSession): Readers => {
  const permissions: PermissionReader = { permissions: () => session.permissions() };
  return {
    accounts: new OktaAccountReader(session),
    groups: new OktaGroupReader(session),
    apps: new OktaAppReader(session),
    entitlements: new OktaEntitlementReader(session),
    changes: [new OktaLogReader(session)],
    disablements: new OktaDisablementTracer(session),
    permissions,
  };
};

/**
 * Opens an Okta org through its official SDK. Makes no call by itself; every call can throw Fault. In state `observe` no writer is constructed and the
 * token is asked for reading scopes only. Throws Fault when the private key cannot be used.
 */
export const connectOkta = (config: OktaConfig, dependencies: OktaDependencies = {}): Connection => {
  const budget = dependencies.budget ?? new Budget(config.name, config.budget);
  const session = new OktaSession(config, budget);
  const openWriters = dependencies.openWriters ?? openOktaWriters;
  return {
    name: config.name,
    manifest: oktaManifest,
    readers: openReaders(session),
    ...(config.state === 'live' ? { writers: openWriters(session) } : {}),
    close: () => {
      session.close();
      if (!dependencies.budget) budget.close();
      return Promise.resolve();
    },
  };
};
