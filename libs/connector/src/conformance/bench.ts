import type { Connection, Writers } from '../connection.ts';
import { Fault } from '../fault.ts';
import type { ConnectionState, Page } from '../reading.ts';
import type { NewAccount, Outcome } from '../writing.ts';
import type { ConnectorUnderTest } from './sandbox-controls.ts';

/** The pages of a list and everything on them. */
export const all = async <T>(pages: AsyncIterable<Page<T>>): Promise<{ items: T[]; pages: Page<T>[] }> => {
  const seen: Page<T>[] = [];
  for await (const page of pages) seen.push(page);
  return { items: seen.flatMap(({ items }) => items), pages: seen };
};

export const faultFrom = async (call: Promise<unknown>): Promise<Fault> => {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof Fault) return error;
  throw new Error(`expected a fault, got ${String(error)}`);
};

export const createdId = (outcome: Outcome | undefined): string => {
  if (outcome?.result === 'done' && outcome.id !== undefined) return outcome.id;
  throw new Error(`not created: ${JSON.stringify(outcome)}`);
};

/** The target under test and what tests do with it; connections are closed after each test. */
export class Bench {
  #target: ConnectorUnderTest | undefined;
  #connections: Connection[] = [];
  #number = 0;

  get target(): ConnectorUnderTest {
    if (!this.#target) throw new Error('the target is not open');
    return this.#target;
  }

  async open(open: () => Promise<ConnectorUnderTest>): Promise<void> {
    this.#target = await open();
  }

  async tidy(): Promise<void> {
    await this.target.controls.clearFaults();
    for (const connection of this.#connections.splice(0)) await connection.close();
  }

  async close(): Promise<void> {
    await this.#target?.close();
  }

  connect(state: ConnectionState = 'live', permissions: 'whole' | 'short' = 'whole'): Connection {
    const connection = this.target.connect(state, permissions);
    this.#connections.push(connection);
    return connection;
  }

  writersOf(connection: Connection): Writers {
    if (!connection.writers) throw new Error('a live connection has writers');
    return connection.writers;
  }

  newAccount(): NewAccount {
    this.#number += 1;
    return this.target.newAccount(this.#number);
  }

  /** Until reads agree with writes. */
  settled(): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, this.target.settleMs));
  }

  async create(connection: Connection): Promise<string> {
    const [outcome] = await this.writersOf(connection).accounts.create([this.newAccount()]);
    await this.settled();
    return createdId(outcome);
  }
}
