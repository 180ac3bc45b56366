import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import type { Database } from './read-store.ts';

/** Something that at most one holder does at a time. */
export interface Lease {
  readonly name: string;
  /** Rises with every change of holder; whoever stores it beside its writes can tell a former holder's late ones. */
  readonly token: number;
  /** Aborts once the lease may belong to somebody else: stop writing. It aborts by this process's own clock even if the database is gone. */
  readonly lost: AbortSignal;
  /** Gives the lease back, so that another need not wait for its end. Safe to repeat and without a database. */
  release(): Promise<void>;
}

export interface LeaseOptions {
  /** Shown to people; unique for each attempt to hold. Default: host, process and a random part. */
  holder?: string;
  /** Default 10,000. */
  ttlMs?: number;
  /** Default 3,000. */
  renewMs?: number;
}

/** Thrown by `requireLease` when the lease belongs to somebody else. */
export class LeaseLost extends Error {
  constructor(name: string) {
    super(`The lease "${name}" is no longer ours`);
    this.name = 'LeaseLost';
  }
}

/** Takes a free or expired lease and renews it until it is released or lost; undefined while somebody else holds it. */
export async function acquireLease(db: Database, name: string, options: LeaseOptions = {}): Promise<Lease | undefined> {
  const { holder = `${hostname()}/${process.pid}/${randomUUID().slice(0, 8)}`, ttlMs = 10_000, renewMs = 3_000 } = options;
  const asked = performance.now();
  const { rows } = await sql<{ token: number }>`
    insert into lease as l (name, holder, token, until) values (${name}, ${holder}, 1, clock_timestamp() + ${ttlMs} * interval '1 millisecond')
    on conflict (name) do update set holder = excluded.holder, token = l.token + 1, until = excluded.until
    where l.until <= clock_timestamp()
    returning token`.execute(db);
  const token = rows[0]?.token;
  return token === undefined ? undefined : hold(db, { name, holder, token, ttlMs, renewMs, asked });
}

interface Held {
  name: string;
  holder: string;
  token: number;
  ttlMs: number;
  renewMs: number;
  /** When the last successful request was sent, by the monotonic clock: the lease is ours for ttlMs from then at least. */
  asked: number;
}

function hold(db: Database, held: Held): Lease {
  const lost = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let deadline: NodeJS.Timeout | undefined;
  const end = (): void => {
    clearTimeout(timer);
    clearTimeout(deadline);
    lost.abort(new LeaseLost(held.name));
  };
  const holdFrom = (asked: number): void => {
    clearTimeout(deadline);
    deadline = setTimeout(end, asked + held.ttlMs - performance.now());
  };
  const schedule = (): void => {
    timer = setTimeout(() => void renew(), held.renewMs);
  };
  const renew = async (): Promise<void> => {
    const asked = performance.now();
    const renewed = await extend(db, held).catch(() => undefined);
    if (lost.signal.aborted) return;
    if (renewed === false) return end();
    if (renewed) holdFrom(asked);
    schedule();
  };
  holdFrom(held.asked);
  schedule();
  const release = async (): Promise<void> => {
    if (lost.signal.aborted) return;
    end();
    await sql`update lease set until = clock_timestamp() where name = ${held.name} and token = ${held.token}`.execute(db).catch(() => {});
  };
  return { name: held.name, token: held.token, lost: lost.signal, release };
}

async function extend(db: Database, { name, token, ttlMs }: Held): Promise<boolean> {
  const { rows } = await sql`
    update lease set until = clock_timestamp() + ${ttlMs} * interval '1 millisecond' where name = ${name} and token = ${token} returning token`.execute(
    db,
  );
  return rows.length > 0;
}

/** The fence: inside a transaction, throws LeaseLost if the lease changed hands, and keeps it from doing so until the transaction ends. */
export async function requireLease(transaction: Database, lease: Lease): Promise<void> {
  const { rows } = await sql`select 1 from lease where name = ${lease.name} and token = ${lease.token} for share`.execute(transaction);
  if (rows.length === 0) throw new LeaseLost(lease.name);
}

export interface WithLeaseOptions extends LeaseOptions {
  /** Ends the waiting and, between two holdings, the whole. */
  signal: AbortSignal;
  /** How often a lease that somebody else holds is asked for. Default 1,000. */
  retryMs?: number;
}

/**
 * Does `work` while holding the lease, waiting for it as long as somebody else has it or the database is away. Work that ends because the
 * lease was lost is started again with the next one; any other failure of it is thrown, its return ends the whole. Resolves to nothing once `signal` aborts.
 */
export async function withLease(
  db: Database,
  name: string,
  options: WithLeaseOptions,
  work: (lease: Lease) => Promise<void>,
): Promise<void> {
  const { signal, retryMs = 1_000 } = options;
  while (!signal.aborted) {
    const lease = await acquireLease(db, name, options).catch(() => undefined);
    if (!lease) {
      await sleep(retryMs, undefined, { signal }).catch(() => {});
      continue;
    }
    try {
      await work(lease);
      return;
    } catch (error) {
      if (!lease.lost.aborted) throw error;
    } finally {
      await lease.release();
    }
  }
}
