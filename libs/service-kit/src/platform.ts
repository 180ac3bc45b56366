import { readFileSync } from 'node:fs';
import { type ConnectionConfig, parseConnectionFile, type SubscriberConfig } from '@muster/connector';
import { keySubject, personalFields } from '@muster/contracts';
import { EventStore } from '@muster/event-store';
import { PgKeyRing } from '@muster/read-store';
import type { Settings } from './settings.ts';

/** What the services of one process share: the one client of the event store, the key ring, and what the connection file says. */
export interface Platform {
  readonly settings: Settings;
  readonly store: EventStore;
  readonly connections: readonly ConnectionConfig[];
  readonly subscribers: readonly SubscriberConfig[];
  close(): Promise<void>;
}

/**
 * Opens what the settings name. The event store is connected to on first use; the database must answer now.
 *
 * @throws ConnectionFileInvalid, MasterKeyInvalid, or what the database says.
 */
export async function openPlatform(settings: Settings): Promise<Platform> {
  const { connections, subscribers } = parseConnectionFile(readFileSync(settings.connectionsFile, 'utf8'), {
    file: settings.connectionsFile,
    timeFactor: settings.timeFactor,
    env: process.env,
    readFile: (path) => readFileSync(path, 'utf8'),
  });
  const keyRing = await PgKeyRing.open({ url: settings.database, masterKeyFile: settings.masterKeyFile, createMasterKeyIfMissing: true });
  const store = EventStore.connect({ connectionString: settings.store, keyRing, privacy: { personalFields, keySubject } });
  return {
    settings,
    store,
    connections,
    subscribers,
    async close() {
      await store.close();
      await keyRing.close();
    },
  };
}
