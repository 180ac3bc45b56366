import type {
  AccountReader,
  AppReader,
  ChangeReader,
  DisablementTracer,
  EntitlementReader,
  GroupReader,
  PermissionReader,
} from './reading.ts';
import type { HookKeeper } from './hooks.ts';
import type { AccountWriter, EntitlementWriter } from './writing.ts';
import type { Manifest } from './manifest.ts';

export interface Readers {
  accounts: AccountReader;
  groups: GroupReader;
  apps: AppReader;
  entitlements: EntitlementReader;
  /** One for each source of changes; each has a watermark of its own. */
  changes: ChangeReader[];
  disablements: DisablementTracer;
  permissions: PermissionReader;
}

export interface Writers {
  accounts: AccountWriter;
  entitlements: EntitlementWriter;
}

/** A connector at work on one connection. `writers` is there only in state `live`; in `observe` no writer object exists. */
export interface Connection {
  readonly name: string;
  readonly manifest: Manifest;
  readonly readers: Readers;
  readonly writers?: Writers;
  /** Only where the connection file has hooks registered by us. */
  readonly hooks?: HookKeeper;
  close(): Promise<void>;
}
