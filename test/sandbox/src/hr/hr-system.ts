import type { Company } from '../kit/company.ts';
import type { Kit } from '../kit/kit.ts';
import { Lag } from '../kit/lag.ts';
import type { StateFile } from '../kit/state.ts';
import { Table } from '../kit/table.ts';
import type { WorkerFacts, WorkerStatus, WorkerVersion } from './worker.ts';

/** Changes that the caller cannot make. */
export class HrRefusal extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

export interface OutboxEntry {
  readonly id: string;
  readonly key: string;
  readonly version: number;
}

/** A delivered operation that the target refused for good. */
export interface Refusal {
  readonly key: string;
  readonly version: number;
  readonly status: number;
  readonly response: unknown;
}

const today = (kit: Kit): string => kit.clock.iso().slice(0, 10);
const padded = (number: number): string => String(number).padStart(10, '0');

/** The HR system's records: every version is kept, and waits in the outbox until a target has taken it. */
export class HrSystem {
  readonly workers: Table<WorkerVersion>;
  readonly versions: Table<WorkerVersion>;
  readonly outbox: Table<OutboxEntry>;
  readonly refusals: Refusal[] = [];
  /** Runs after each change. */
  onChange: () => void = () => undefined;
  #next: number;

  constructor(
    readonly kit: Kit,
    readonly state: StateFile,
  ) {
    const noLag = new Lag(kit.clock);
    this.workers = new Table(state, 'worker', noLag);
    this.versions = new Table(state, 'version', noLag);
    this.outbox = new Table(state, 'outbox', noLag);
    this.#next = Math.max(0, ...Array.from(this.outbox.values(), ({ id }) => Number(id))) + 1;
  }

  /** A new worker, or one who comes back: the next version of the same key. */
  hire(given: Partial<WorkerFacts> & { raw?: Record<string, unknown>; effectiveFrom?: string }): WorkerVersion {
    const { raw, effectiveFrom, ...facts } = given;
    const key = facts.key ?? this.#freeKey();
    if (typeof facts.givenName !== 'string' || typeof facts.familyName !== 'string')
      throw new HrRefusal(400, 'givenName and familyName are needed');
    const before = this.workers.get(key);
    if (before && before.status !== 'terminated' && before.status !== 'rescinded') throw new HrRefusal(409, `${key} is employed`);
    const hireDate = facts.hireDate ?? today(this.kit);
    const worker = {
      employmentType: 'employee' as const,
      ...facts,
      key,
      hireDate,
      givenName: facts.givenName,
      familyName: facts.familyName,
    };
    return this.#record(worker, 'active', { effectiveFrom: effectiveFrom ?? hireDate, ...(raw ? { raw } : {}) });
  }

  /** A correction or a move: given fields replace, null empties. */
  change(
    key: string,
    given: Partial<WorkerFacts> & { status?: WorkerStatus; raw?: Record<string, unknown>; effectiveFrom?: string },
  ): WorkerVersion {
    const { raw, effectiveFrom, status, ...facts } = given;
    const before = this.find(key);
    return this.#record({ ...before.facts, ...facts, key }, status ?? before.status, {
      effectiveFrom: effectiveFrom ?? today(this.kit),
      ...(raw ? { raw } : {}),
    });
  }

  /** The employment ends on a local date, today by default; dates in the past are late news. */
  terminate(key: string, leaveDate = today(this.kit)): WorkerVersion {
    return this.change(key, { status: 'terminated', leaveDate, effectiveFrom: leaveDate });
  }

  /** Takes a termination back; a hire that never started is itself rescinded. */
  rescind(key: string): WorkerVersion {
    const before = this.find(key);
    return before.status === 'terminated'
      ? this.change(key, { status: 'active', leaveDate: null })
      : this.change(key, { status: 'rescinded' });
  }

  find(key: string): WorkerVersion {
    const worker = this.workers.get(key);
    if (!worker) throw new HrRefusal(404, `no worker ${key}`);
    return worker;
  }

  /** A version by number; the newest without one. */
  version(key: string, version?: number): WorkerVersion | undefined {
    return version === undefined ? this.workers.get(key) : this.versions.get(`${key}/${padded(version)}`);
  }

  /** Fills the system with a company whose records were pushed long ago, unless `announce` puts them into the outbox. */
  seed(company: Company, announce: boolean): number {
    let added = 0;
    for (const { login, ...worker } of company.workers) {
      if (this.workers.get(worker.key)) continue;
      this.#record({ ...worker, email: login }, 'active', { effectiveFrom: worker.hireDate }, announce);
      added++;
    }
    this.state.commit();
    return added;
  }

  /** The target has taken it. */
  acknowledge(id: string): void {
    this.outbox.delete(id);
  }

  refused(entry: OutboxEntry, status: number, response: unknown): void {
    this.outbox.delete(entry.id);
    this.refusals.push({ key: entry.key, version: entry.version, status, response });
    if (this.refusals.length > 1000) this.refusals.shift();
  }

  #record(
    facts: WorkerFacts,
    status: WorkerStatus,
    more: { effectiveFrom: string; raw?: Record<string, unknown> },
    announce = true,
  ): WorkerVersion {
    const { key } = facts;
    const version: WorkerVersion = { key, version: (this.workers.get(key)?.version ?? 0) + 1, status, facts, ...more };
    this.workers.put(key, version);
    this.versions.put(`${key}/${padded(version.version)}`, version);
    if (announce) {
      const id = padded(this.#next++);
      this.outbox.put(id, { id, key, version: version.version });
    }
    this.state.commit();
    if (announce) this.onChange();
    return version;
  }

  #freeKey(): string {
    const highest = Math.max(100_000, ...Array.from(this.workers.values(), ({ key }) => Number(/^E(\d+)$/.exec(key)?.[1] ?? 0)));
    return `E${highest + 1}`;
  }
}
