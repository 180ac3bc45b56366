import type { ReadRef } from '@muster/contracts';
import { accountCategory, type Account } from '../account.ts';
import { deleteAccount, observeAccount, observeEntitlements, type AwaitedRead, type Reading } from '../observe-account.ts';
import { awaitedRead } from '../overlay.ts';
import { millis } from '../instants.ts';
import type { Proc } from './clock.ts';
import { Connector, ReadFault, type Sight } from './connector.ts';
import type { StoredEvent } from './store.ts';
import { Subscription } from './subscription.ts';
import { transact } from './transact.ts';
import type { LogEntry } from './vendor.ts';
import type { ConnectionSetup, World } from './world.ts';

const LEASE = 10_000;
const TRIMMED_PATIENCE = 20_000;
const POLL = 10_000;

type Sign = 'log' | 'full-read';

/** Work on one object: when to fetch it, what a fetch is awaited for, and whether it is said to be gone. */
interface Row {
  dues: number[];
  awaited: AwaitedRead[];
  sign?: Sign | undefined;
  leaseUntil: number;
  lease: number;
}

/** Hints to fetches, fetches to facts: one connection's ingestion. */
export class Ingestion {
  readonly connector: Connector;
  readonly #world: World;
  readonly #setup: ConnectionSetup;
  readonly #rows = new Map<string, Row>();
  readonly #subscription: Subscription;
  #leases = 0;

  constructor(world: World, setup: ConnectionSetup, connector: Connector) {
    this.#world = world;
    this.#setup = setup;
    this.connector = connector;
    this.#subscription = new Subscription(world, (events) => this.#hear(events));
    world.vendor(setup.name).onChange = (entry) => this.#tell(entry);
  }

  /** The read of a fact, with what somebody waits for. */
  reading(read: ReadRef, awaited: readonly AwaitedRead[] = []): Reading {
    return { read, settleMs: this.#setup.settleMs, awaited };
  }

  stream(id: string): string {
    return this.#world.names.account(this.#setup.name, id);
  }

  hint(id: string, sign?: Sign): void {
    const row = this.#row(id);
    const { now } = this.#world.clock;
    row.dues.push(now);
    if (this.#world.safeguards.hintFetch) row.dues.push(now + this.#setup.settleMs);
    if (sign) row.sign = sign;
    this.#wake(id, now);
  }

  /** PostgreSQL is lost: what was awaited comes back from the store, open hints do not. */
  loseRows(): void {
    this.#rows.clear();
    this.#subscription.reset();
  }

  /** The account's facts as events that a sight would add. */
  differs(id: string, sight: Sight): boolean {
    const { state } = this.#world.store.load(accountCategory, this.stream(id));
    return this.#decisions(id, sight, []).some((decide) => decide(state).length > 0);
  }

  *record(id: string, sight: Sight, awaited: readonly AwaitedRead[] = []): Proc {
    for (const decide of this.#decisions(id, sight, awaited))
      yield* transact(this.#world, { category: accountCategory, stream: this.stream(id) }, decide);
  }

  #decisions(id: string, sight: Sight, awaited: readonly AwaitedRead[]) {
    if (sight.account === 'absent') return [];
    const { account, read, groups, apps, trimmed } = sight;
    const reading = this.reading(read, awaited);
    const holder = { connection: this.#setup.name, holder: { kind: 'account' as const, id } };
    return [
      (state: Account) => observeAccount(account, reading)(state),
      ...(trimmed ? [] : [(state: Account) => observeEntitlements(holder, { aspect: 'groups', items: groups }, reading)(state)]),
      (state: Account) => observeEntitlements(holder, { aspect: 'apps', items: apps }, reading)(state),
    ];
  }

  #row(id: string): Row {
    const row = this.#rows.get(id) ?? { dues: [], awaited: [], leaseUntil: 0, lease: 0 };
    this.#rows.set(id, row);
    return row;
  }

  #wake(id: string, at: number): void {
    this.#world.clock.at(at, () => this.#claim(id));
  }

  #claim(id: string): void {
    const row = this.#rows.get(id);
    const { now } = this.#world.clock;
    if (row === undefined || row.dues.length === 0) return;
    const due = Math.max(row.leaseUntil, Math.min(...row.dues));
    if (due > now) return this.#wake(id, due);
    this.#leases += 1;
    row.lease = this.#leases;
    row.leaseUntil = now + LEASE;
    this.#world.spawn(this.#work(id, row, row.lease), () => this.#wake(id, row.leaseUntil));
  }

  *#work(id: string, row: Row, lease: number): Proc {
    const { faults, random } = this.#world;
    // Only what was known when the fetch was claimed is done by it; what is heard meanwhile is kept.
    const awaited = [...row.awaited];
    const dues = row.dues.filter((due) => due <= this.#world.clock.now);
    let sight: Sight;
    try {
      sight = yield* this.connector.fetch(id);
    } catch (error) {
      if (!(error instanceof ReadFault)) throw error;
      row.leaseUntil = 0;
      return this.#wake(id, this.#world.clock.now + random.between(1000, 5000));
    }
    faults.crash('crash between read and append', 0.03);
    if (faults.strikes('zombie reader', 0.04)) yield random.between(12_000, 40_000);
    yield* this.record(id, sight, awaited);
    if (sight.account === 'absent' && row.sign)
      yield* transact(this.#world, { category: accountCategory, stream: this.stream(id) }, deleteAccount(row.sign, sight.read));
    faults.crash('crash between append and commit', 0.02);
    if (row.lease === lease && this.#rows.get(id) === row) this.#finish(id, { row, dues, awaited }, sight);
  }

  #finish(id: string, { row, dues, awaited }: { row: Row; dues: readonly number[]; awaited: readonly AwaitedRead[] }, sight: Sight): void {
    const startedAt = millis(sight.read.startedAt);
    row.leaseUntil = 0;
    for (const due of dues) row.dues.splice(row.dues.indexOf(due), 1);
    if (sight.trimmed) row.dues.push(this.#world.clock.now + TRIMMED_PATIENCE);
    else row.awaited = row.awaited.filter((wait) => !awaited.includes(wait) || millis(wait.from) > startedAt);
    if (row.dues.length === 0) this.#rows.delete(id);
    else this.#wake(id, Math.min(...row.dues));
  }

  /** Our own writes wait for a read: it is made even if no hint comes. */
  #hear(events: readonly StoredEvent[]): void {
    this.#world.faults.crash('crash between append and commit', 0.01);
    for (const event of events) {
      if (event.type !== 'CommandEnded' && event.type !== 'CommandSent') continue;
      const waits = awaitedRead(event.data as Parameters<typeof awaitedRead>[0], this.#setup.settleMs);
      if (waits?.connection !== this.#setup.name || !this.#world.safeguards.settleFetch) continue;
      const row = this.#row(waits.accountId);
      row.awaited.push(...waits.awaited);
      row.dues.push(...waits.awaited.map(({ from }) => millis(from)));
      this.#wake(waits.accountId, Math.min(...row.dues));
    }
  }

  /** The vendor tells of a change twice: at once by a hook that may fail, later by its log, which is polled. */
  #tell(entry: LogEntry): void {
    const { clock, faults, random } = this.#world;
    const sign = entry.what === 'deleted' ? 'log' : undefined;
    const hint = (at: number): void => clock.at(at, () => this.hint(entry.accountId, sign));
    const polled = Math.ceil(entry.shownAt / POLL) * POLL;
    if (entry.shownAt - entry.at > POLL) faults.note('log entry late');
    hint(polled);
    if (faults.strikes('delta replayed', 0.05)) hint(polled + random.between(60_000, 900_000));
    if (faults.strikes('hint lost', 0.3)) return;
    hint(clock.now + (faults.strikes('hint delayed', 0.3) ? random.between(5000, 300_000) : random.between(100, 2000)));
    if (faults.strikes('hint doubled', 0.2)) hint(clock.now + random.between(100, 60_000));
  }
}
