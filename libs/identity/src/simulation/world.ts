import { createNames, type Names } from './names.ts';
import { Clock, type Proc } from './clock.ts';
import { Crash, Faults } from './faults.ts';
import { Random } from './random.ts';
import { SimStore } from './store.ts';
import { Vendor } from './vendor.ts';

export const START = Date.parse('2026-03-02T08:00:00.000Z');

/** Times of one connection, as its configuration states them. Settle time exceeds the lag of the replicas, log lag that of the log. */
export interface ConnectionSetup {
  readonly name: string;
  readonly settleMs: number;
  readonly logLagMs: number;
  readonly state: 'observe' | 'live';
  /** The manager is a reference to an account. */
  readonly reference: boolean;
}

/** Safeguards of the shell that can be left out; those of the core are broken in its source. */
export interface Safeguards {
  /** The object of each write is fetched again at settle time. */
  readonly settleFetch: boolean;
  /** The object of each hint is fetched again at settle time. */
  readonly hintFetch: boolean;
  /** The fence is read from the store, not from the sender's rows. */
  readonly storeFence: boolean;
  readonly exactRevision: boolean;
}

export interface WorldSetup {
  readonly seed: number;
  readonly people: number;
  readonly changesEach: number;
  readonly connections: 1 | 2;
  /** 0: nothing goes wrong. */
  readonly faults: number;
  /** Share of people that other hands touch. */
  readonly outside: number;
  /** Whether what takes something away waits for a person, who never comes here. */
  readonly removals: 'hold' | 'send';
  /** The second connection is only observed. */
  readonly observeSecond?: boolean;
  readonly safeguards?: Partial<Safeguards>;
}

/** What all parts of one simulated world share. */
export class World {
  readonly setup: WorldSetup;
  readonly random: Random;
  readonly clock = new Clock(START);
  readonly faults: Faults;
  readonly store: SimStore;
  readonly names: Names = createNames();
  readonly connections: readonly ConnectionSetup[];
  readonly vendors = new Map<string, Vendor>();
  readonly safeguards: Safeguards;
  /** How often time passes between reading a stream and appending to it. */
  readonly hesitation: number;
  /** Bugs: what a process threw that was no crash. */
  readonly bugs: unknown[] = [];

  constructor(setup: WorldSetup) {
    this.setup = setup;
    this.random = new Random(setup.seed);
    this.faults = new Faults(this.random, setup.faults);
    this.store = new SimStore(() => this.clock.now);
    this.safeguards = { settleFetch: true, hintFetch: true, storeFence: true, exactRevision: true, ...setup.safeguards };
    this.hesitation = setup.seed % 5 === 0 ? 0.4 : 0.05;
    this.store.checkRevisions = this.safeguards.exactRevision;
    const second = {
      name: 'entra-main',
      settleMs: 120_000,
      logLagMs: 180_000,
      state: setup.observeSecond ? 'observe' : 'live',
      reference: true,
    } as const;
    this.connections = [
      { name: 'okta-main', settleMs: 30_000, logLagMs: 60_000, state: 'live', reference: false },
      ...(setup.connections === 2 ? [second] : []),
    ];
    for (const { name, settleMs, logLagMs } of this.connections) {
      const uniqueLogins = setup.seed % 3 !== 0;
      const vendor = {
        name,
        uniqueLogins,
        lagMs: settleMs - 5000,
        logLagMs: logLagMs - 5000,
        matchAttribute: 'employeeNumber',
        domain: 'example.com',
        badTitle: 'Refused',
      };
      this.vendors.set(name, new Vendor(vendor, this.clock, this.random));
    }
  }

  get now(): string {
    return new Date(this.clock.now).toISOString();
  }

  vendor(connection: string): Vendor {
    const vendor = this.vendors.get(connection);
    if (vendor === undefined) throw new RangeError(connection);
    return vendor;
  }

  connection(name: string): ConnectionSetup {
    const found = this.connections.find((connection) => connection.name === name);
    if (found === undefined) throw new RangeError(name);
    return found;
  }

  /** Runs a process; a crash ends it silently and tells `crashed`, anything else is a bug. */
  spawn(proc: Proc, crashed: () => void = () => undefined): void {
    this.clock.spawn(proc, (error) => {
      if (error instanceof Crash) crashed();
      else this.bugs.push(error);
    });
  }

  /** A short sleep of a random length. */
  latency(most = 300): number {
    return this.random.between(1, most);
  }
}
