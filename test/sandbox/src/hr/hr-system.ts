import type { Company } from '../kit/company.ts';
import type { Kit } from '../kit/kit.ts';
import { Lag } from '../kit/lag.ts';
import type { StateFile } from '../kit/state.ts';
import { Table } from '../kit/table.ts';
import { recordId, type WorkerFacts, type WorkerStatus, type WorkerVersion } from './worker.ts';

/** Changes that the caller cannot make. */
export class HrRefusal extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** How a version goes out beside its facts. */
interface Outward {
  raw?: Record<string, unknown>;
  row?: Record<string, unknown>;
  effectiveFrom?: string;
}

export interface OutboxEntry {
  readonly id: string;
  /** Of the record: a further employment has one of its own. */
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
const present = <T extends object>(record: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: Exclude<T[K], undefined> };
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

  /** A new worker, one who comes back, or a further employment: the next version of the same record, or the first of a new one. */
  hire(given: Partial<WorkerFacts> & Outward): WorkerVersion {
    const { raw, row, effectiveFrom, ...facts } = given;
    const key = facts.key ?? this.#freeKey();
    if (typeof facts.givenName !== 'string' || typeof facts.familyName !== 'string')
      throw new HrRefusal(400, 'givenName and familyName are needed');
    const before = this.workers.get(recordId({ ...facts, key }));
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
    return this.#record(worker, 'active', { effectiveFrom: effectiveFrom ?? hireDate, ...present({ raw, row }) });
  }

  /**
   * A correction or a move: given fields replace, null empties. It holds from its date on; versions for later dates that stand get it too, each as a
   * newer version. What is still to begin is corrected from its beginning.
   */
  change(id: string, given: Partial<WorkerFacts> & Outward & { status?: WorkerStatus }): WorkerVersion {
    const { raw, row, effectiveFrom, status, key: _key, employment: _employment, ...facts } = given;
    const { facts: newest } = this.find(id);
    const standing = this.standing(id);
    const now = today(this.kit);
    const first = standing[0] as WorkerVersion;
    const from = effectiveFrom ?? (status === undefined && first.effectiveFrom > now ? first.effectiveFrom : now);
    const base = standing.findLast((version) => version.effectiveFrom <= from) ?? first;
    const later = status === undefined ? standing.filter((version) => version.effectiveFrom > from) : [];
    const changed = this.#record({ ...(status === undefined ? base.facts : newest), ...facts }, status ?? base.status, {
      effectiveFrom: from,
      ...present({ raw, row }),
    });
    for (const version of later) this.#record({ ...version.facts, ...facts }, version.status, { effectiveFrom: version.effectiveFrom });
    return changed;
  }

  /** The versions of a record that stand, by effective date: those that no newer one for the same or an earlier date has replaced. */
  standing(id: string): WorkerVersion[] {
    const standing: WorkerVersion[] = [];
    for (let number = 1; number <= (this.workers.get(id)?.version ?? 0); number++) {
      const version = this.version(id, number);
      if (!version) continue;
      while ((standing.at(-1)?.effectiveFrom ?? '') >= version.effectiveFrom) standing.pop();
      standing.push(version);
    }
    return standing;
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

  find(id: string): WorkerVersion {
    const worker = this.workers.get(id);
    if (!worker) throw new HrRefusal(404, `no worker ${id}`);
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
    more: Pick<WorkerVersion, 'effectiveFrom' | 'raw' | 'row'>,
    announce = true,
  ): WorkerVersion {
    const { key } = facts;
    const id = recordId(facts);
    const number = (this.workers.get(id)?.version ?? 0) + 1;
    const version: WorkerVersion = { key, version: number, status, facts, modifiedAt: this.kit.clock.iso(), ...more };
    this.workers.put(id, version);
    this.versions.put(`${id}/${padded(number)}`, version);
    if (announce) {
      const entry = padded(this.#next++);
      this.outbox.put(entry, { id: entry, key: id, version: number });
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
