import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { AdminServer } from './admin.ts';
import { addKitRoutes } from './admin-routes.ts';
import { localCertificates } from './ca.ts';
import { VirtualClock } from './clock.ts';
import { Deliveries } from './deliveries.ts';
import { Faults } from './faults.ts';
import type { Kit } from './kit.ts';
import { Journal } from './journal.ts';
import { Lag } from './lag.ts';
import { RateLimits } from './limits.ts';
import { VendorServer, type Manners } from './server.ts';
import { StateFile } from './state.ts';

export interface KitOptions {
  /** Folder of everything that is kept. */
  data: string;
  timeFactor?: number;
  /** false: no rate limit ever refuses. */
  limits?: boolean;
  seed?: number;
}

/** Opens the kit on a folder; nothing listens yet. */
export function openKit(options: KitOptions): Kit {
  mkdirSync(options.data, { recursive: true, mode: 0o700 });
  const seed = options.seed ?? 1;
  const clock = new VirtualClock(options.timeFactor ?? 1);
  const limits = new RateLimits(clock);
  limits.enabled = options.limits ?? true;
  const states: StateFile[] = [];
  const closers: (() => void | Promise<void>)[] = [];
  const openState = (name: string): StateFile => {
    const state = new StateFile(join(options.data, `${name}.sqlite`));
    states.push(state);
    return state;
  };
  const journal = new Journal(openState('journal'));
  const saving = setInterval(() => journal.save(), 1000);
  saving.unref();
  const parts = { certificates: localCertificates(options.data), clock, faults: new Faults(seed), journal };
  const deliveries = new Deliveries(clock, parts.certificates.ca);
  const admin = new AdminServer(() => states.forEach((state) => state.commit()));
  const kit: Kit = {
    ...parts,
    admin,
    deliveries,
    data: options.data,
    seed,
    lag: new Lag(clock, seed),
    limits,
    stateReaders: new Map<string, (query: URLSearchParams) => unknown>(),
    openState,
    server(name: string, state: StateFile, manners: Manners): VendorServer {
      const server = new VendorServer(name, { ...parts, state }, manners);
      closers.push(() => server.close());
      return server;
    },
    onClose: (run: () => void | Promise<void>) => void closers.push(run),
    async close(): Promise<void> {
      clearInterval(saving);
      await admin.close();
      await deliveries.close();
      for (const close of closers.reverse()) await close();
      clock.close();
      journal.save();
      for (const state of states) state.close();
    },
  };
  addKitRoutes(kit);
  return kit;
}
