import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ANY, EventStoreDBClient, FORWARDS, jsonEvent, START } from '@eventstore/db-client';

const STREAM = 'chaos-ledger';
const LANES = 4;
const DEADLINE_MS = 3_000;

/** A client of the event store's own that always has appends under way, and keeps account of what the store has acknowledged. */
export class StoreLedger {
  readonly #client: EventStoreDBClient;
  readonly #acknowledged = new Set<string>();
  readonly #lanes: Promise<void>[] = [];
  #stopped = false;
  inFlight = 0;

  constructor(connectionString: string) {
    this.#client = EventStoreDBClient.connectionString(connectionString);
  }

  get acknowledged(): number {
    return this.#acknowledged.size;
  }

  start(): void {
    for (let lane = 0; lane < LANES; lane++) this.#lanes.push(this.#write());
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#lanes);
  }

  /** Ids that were acknowledged and are not there, or are there twice. */
  async wrong(): Promise<string[]> {
    const found = new Map<string, number>();
    for await (const { event } of this.#client.readStream(STREAM, { direction: FORWARDS, fromRevision: START, maxCount: 1_000_000 })) {
      if (event) found.set(event.id, (found.get(event.id) ?? 0) + 1);
    }
    return [...this.#acknowledged].filter((id) => found.get(id) !== 1);
  }

  close(): Promise<void> {
    return this.#client.dispose();
  }

  async #write(): Promise<void> {
    while (!this.#stopped) {
      const id = randomUUID();
      this.inFlight++;
      try {
        await this.#client.appendToStream(STREAM, jsonEvent({ id, type: 'Noted', data: {} }), {
          expectedRevision: ANY,
          deadline: DEADLINE_MS,
        });
        this.#acknowledged.add(id);
      } catch {
        await sleep(100);
      } finally {
        this.inFlight--;
      }
      await sleep(50);
    }
  }
}
