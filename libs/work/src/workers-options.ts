import type { ReadStore } from '@muster/read-store';
import type { WorkFault } from './retry.ts';
import type { Claimed, Lane } from './rows.ts';

/**
 * What a handler says of a row that it dealt with. `next`: look again then, as urgently as `lane` says; without it as before. `reached` false: nothing was asked
 * of the connection, so that this does not end its quarantine.
 */
export type Handled = { readonly next?: Date; readonly lane?: Lane; readonly reached?: boolean } | void;

/** A fault as an edge throws it. */
export interface ThrownFault extends WorkFault {
  readonly retryAfter?: number | undefined;
}

export interface WorkersOptions {
  readonly store: ReadStore;
  readonly kinds: readonly string[];
  /** Rows at work at once in this process. */
  readonly concurrency: number;
  /** Must be safe to repeat: a claim that is lost is worked on again. `lost` aborts when the claim is no longer ours. */
  handle(claimed: Claimed, lost: AbortSignal): Promise<Handled>;
  /** The fault behind an error; undefined: a defect of ours. */
  faultOf(error: unknown): ThrownFault | undefined;
  readonly log: { warn(fields: object, text: string): void; error(fields: object, text: string): void };
  readonly connections?: () => readonly string[];
  /** Only rows of these lanes, so that places can be kept for the urgent; absent: of all. */
  readonly lanes?: readonly Lane[];
  readonly leaseMs?: number;
  /** How often rows are looked for while one is overdue that nobody could take; else the next due time and the calls of `upsertWork` wake. Default 250. */
  readonly pollMs?: number;
  /** Waiting times of the real world are divided by it. */
  readonly timeFactor?: number;
  /** Told when a row is taken up (1) and let go (-1). */
  readonly onInProgress?: (change: number) => void;
}
