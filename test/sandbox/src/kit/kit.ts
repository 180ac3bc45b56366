import type { AdminServer } from './admin.ts';
import type { Certificates } from './ca.ts';
import type { VirtualClock } from './clock.ts';
import type { Deliveries } from './deliveries.ts';
import type { Faults } from './faults.ts';
import type { Journal } from './journal.ts';
import type { Lag } from './lag.ts';
import type { RateLimits } from './limits.ts';
import type { Manners, VendorServer } from './server.ts';
import type { StateFile } from './state.ts';

/** What every played vendor shares: one clock, one journal, one set of faults, one admin server. */
export interface Kit {
  readonly data: string;
  readonly seed: number;
  readonly certificates: Certificates;
  readonly clock: VirtualClock;
  readonly faults: Faults;
  readonly lag: Lag;
  readonly limits: RateLimits;
  readonly journal: Journal;
  /** What vendors send to their subscribers. */
  readonly deliveries: Deliveries;
  readonly admin: AdminServer;
  /** GET /state?server=NAME: raw objects for oracles. */
  readonly stateReaders: Map<string, (query: URLSearchParams) => unknown>;
  /** Opens DATA/<name>.sqlite; closed with the kit. */
  openState(name: string): StateFile;
  /** A server that shares the kit's faults, journal and certificates; closed with the kit. */
  server(name: string, state: StateFile, manners: Manners): VendorServer;
  /** Runs before the states are closed. */
  onClose(run: () => void | Promise<void>): void;
  close(): Promise<void>;
}
