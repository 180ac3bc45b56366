import type { WorkerReader } from '@muster/connector-hr';
import type { EventStore } from '@muster/event-store';
import type { ReadStore } from '@muster/read-store';
import type { ServiceContext } from '@muster/service-kit';

/** One HR system whose report is read, and where its facts go. */
export interface Source {
  readonly name: string;
  readonly workers: WorkerReader;
  readonly store: EventStore;
  readonly database: ReadStore;
  readonly logger: ServiceContext['logger'];
  /** Aborts when the reading is to end at the next page. */
  readonly ending: AbortSignal;
  now(): Date;
}
