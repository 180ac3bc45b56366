import { shareBudget } from '@muster/connector';
import type { Budget, Connection, OktaConfig, PermissionReader, Readers, Writers } from '@muster/connector';
import { HOOK_SCOPES, OktaHookKeeper } from './keep-hook.ts';
import { oktaManifest } from './manifest.ts';
import { OktaAccountReader } from './read-accounts.ts';
import { OktaEntitlementReader } from './read-entitlements.ts';
import { OktaAppReader, OktaGroupReader } from './read-groups-and-apps.ts';
import { OktaDisablementTracer, OktaLogReader } from './read-log.ts';
import { OktaSession } from './session.ts';
import { OktaAccountWriter } from './write-accounts.ts';
import { OktaEntitlementWriter } from './write-entitlements.ts';

export interface OktaDependencies {
  /** Default: the one that everybody in this process shares who opens this connection. */
  budget?: Budget;
  /** How writers are made; the place where a test proves that nobody asks for them in `observe`. */
  openWriters?: typeof openOktaWriters;
}

/** Makes the writers of a connection. Called for state `live` only. */
export const openOktaWriters = (session: OktaSession): Writers => ({
  accounts: new OktaAccountWriter(session, new OktaAccountReader(session)),
  entitlements: new OktaEntitlementWriter(session, new OktaAppReader(session)),
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
 * token is asked for reading scopes only; where the file has us register an event hook, that is done with a token of its own. Throws Fault when the private key cannot be used.
 */
export const connectOkta = (config: OktaConfig, dependencies: OktaDependencies = {}): Connection => {
  const { budget, release } = dependencies.budget ? { budget: dependencies.budget, release: () => undefined } : shareBudget(config);
  const session = new OktaSession(config, budget);
  const openWriters = dependencies.openWriters ?? openOktaWriters;
  const hookSession = config.hooks?.register ? new OktaSession(config, budget, HOOK_SCOPES) : undefined;
  return {
    name: config.name,
    manifest: oktaManifest,
    readers: openReaders(session),
    ...(config.state === 'live' ? { writers: openWriters(session) } : {}),
    ...(hookSession && config.hooks ? { hooks: new OktaHookKeeper(hookSession, config.hooks) } : {}),
    close: () => {
      session.close();
      hookSession?.close();
      release();
      return Promise.resolve();
    },
  };
};
