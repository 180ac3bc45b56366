import type { Command, PlanReleased } from '@muster/contracts';
import { entitlementKey } from '../account.ts';
import type { Proc } from './clock.ts';
import type { StoredEvent } from './store.ts';
import { Subscription } from './subscription.ts';
import type { World } from './world.ts';

const LEASE = 10_000;
const WORKERS = 2;
const LANES = ['leaver', 'live', 'batch'];

export interface Row {
  readonly identityId: string;
  command: Command;
  planId: string;
  /** As the last plan that this consumer heard of says; the store may know better. */
  wanted: boolean;
  plannedUnder: number;
  due: number;
  attempts: number;
  lostAt?: string | undefined;
  /** What left with the last call. */
  sentCommand?: Command;
  lease: number;
  leaseUntil: number;
}

const keyOf = ({ identityId, command }: Row): string => `${identityId} ${command.connection}`;

/** The sender's rows: one a command, made from released plans, claimed by lane and due time, one at a time for each person and connection. */
export class SendRows {
  readonly #world: World;
  readonly #work: (row: Row, lease: number) => Proc;
  readonly #rows = new Map<string, Row>();
  readonly #subscription: Subscription;
  #rebuiltUntil = 0;
  #leases = 0;
  #busy = 0;
  #pumpAt = Infinity;

  constructor(world: World, work: (row: Row, lease: number) => Proc) {
    this.#world = world;
    this.#work = work;
    this.#subscription = new Subscription(world, (events) => this.#hear(events));
  }

  /** PostgreSQL is lost: whatever has not ended may have been sent. */
  lose(): void {
    this.#rows.clear();
    this.#rebuiltUntil = this.#world.store.log.length;
    this.#subscription.reset();
  }

  has(row: Row): boolean {
    return this.#rows.get(row.command.commandId) === row;
  }

  remove(row: Row): void {
    if (this.has(row)) this.#rows.delete(row.command.commandId);
    this.#pump(this.#world.clock.now);
  }

  release(row: Row, lease: number, due: number): void {
    if (row.lease !== lease || !this.has(row)) return;
    row.leaseUntil = 0;
    row.due = due;
    this.#pump(due);
  }

  /** Claims other rows that ask for the same entitlement and are due. */
  claimAlike(command: Command, most: number): { row: Row; lease: number }[] {
    const wanted = command.entitlement && entitlementKey(command.entitlement);
    const alike = [...this.#rows.values()].filter(
      (row) =>
        row.command.action === 'grant' &&
        row.command.connection === command.connection &&
        row.command.entitlement !== undefined &&
        entitlementKey(row.command.entitlement) === wanted,
    );
    const claimed: { row: Row; lease: number }[] = [];
    for (const row of alike)
      if (claimed.length < most && this.#isFree(row) && row.due <= this.#world.clock.now) claimed.push({ row, lease: this.#lease(row) });
    return claimed;
  }

  #hear(events: readonly StoredEvent[]): void {
    this.#world.faults.crash('crash between append and commit', 0.01);
    for (const event of events) {
      if (event.type !== 'PlanReleased') continue;
      this.#take(event.data as PlanReleased, event.position < this.#rebuiltUntil);
    }
  }

  #take(plan: PlanReleased, rebuilt: boolean): void {
    const { now } = this.#world.clock;
    const wanted = new Set(plan.commandIds);
    for (const row of this.#rows.values()) {
      if (row.identityId !== plan.identityId || wanted.has(row.command.commandId)) continue;
      row.wanted = false;
      row.due = Math.min(row.due, now);
    }
    for (const command of plan.commands) {
      const row = this.#rows.get(command.commandId) ?? this.#newRow(plan.identityId, command, rebuilt);
      Object.assign(row, { command, planId: plan.planId, wanted: true, plannedUnder: plan.lifecycleRevision });
      this.#rows.set(command.commandId, row);
    }
    this.#pump(now);
  }

  #newRow(identityId: string, command: Command, rebuilt: boolean): Row {
    const { now } = this.#world;
    const row: Row = {
      identityId,
      command,
      planId: '',
      wanted: true,
      plannedUnder: -1,
      due: this.#world.clock.now,
      attempts: 0,
      lease: 0,
      leaseUntil: 0,
    };
    return rebuilt ? { ...row, lostAt: now } : row;
  }

  #isFree(row: Row): boolean {
    const { now } = this.#world.clock;
    const key = keyOf(row);
    return row.leaseUntil <= now && ![...this.#rows.values()].some((other) => other.leaseUntil > now && keyOf(other) === key);
  }

  #lease(row: Row): number {
    this.#leases += 1;
    row.lease = this.#leases;
    row.leaseUntil = this.#world.clock.now + LEASE;
    return row.lease;
  }

  #pump(at: number): void {
    const { clock } = this.#world;
    if (at >= this.#pumpAt && this.#pumpAt > clock.now) return;
    this.#pumpAt = Math.max(at, clock.now);
    clock.at(at, () => this.#claim());
  }

  #claim(): void {
    this.#pumpAt = Infinity;
    const { clock } = this.#world;
    while (this.#busy < WORKERS) {
      const [row] = [...this.#rows.values()]
        .filter((candidate) => candidate.due <= clock.now && this.#isFree(candidate))
        .toSorted((a, b) => LANES.indexOf(a.command.lane) - LANES.indexOf(b.command.lane) || a.due - b.due);
      if (row === undefined) break;
      const lease = this.#lease(row);
      this.#busy += 1;
      this.#world.spawn(this.#run(row, lease), () => this.#freed());
    }
    const next = Math.min(...[...this.#rows.values()].map((row) => Math.max(row.due, row.leaseUntil, clock.now + 50)));
    if (next < Infinity && this.#busy < WORKERS) this.#pump(next);
  }

  *#run(row: Row, lease: number): Proc {
    yield* this.#work(row, lease);
    this.#freed();
  }

  #freed(): void {
    this.#busy -= 1;
    this.#pump(this.#world.clock.now);
  }
}
