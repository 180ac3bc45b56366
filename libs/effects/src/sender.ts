import type { Fault } from '@muster/connector';
import type { Command } from '@muster/contracts';
import type { EventStore } from '@muster/event-store';
import type { SendingRows, Since } from './sending-rows.ts';
import type { StoreTail } from './store-tail.ts';
import type { Target } from './target.ts';

/** A call that is about to leave. */
export interface Departure {
  readonly lane: Command['lane'];
  readonly action: Command['action'];
  /** Since the first plan that held it was released. */
  readonly waitedMs: number;
}

/** What a sender of one connection works with. */
export interface Sender {
  readonly store: EventStore;
  /** Shared by all senders of a process, so that one read answers for all fences that are asked at about the same time. */
  readonly tail: StoreTail;
  readonly rows: SendingRows;
  /** From where on `rows` are whole. */
  readonly since: Since;
  readonly target: Target;
  /** Recorded as the actor of every result. */
  readonly actor: string;
  readonly live: () => boolean;
  readonly now: () => Date;
  readonly onDeparture?: (departure: Departure) => void;
  /** Told when a call on the other side begins (1) and ends (-1). */
  readonly onCall?: (change: number) => void;
  /** Told how many commands have ended, once that is in the store. */
  readonly onEnded?: (commands: number) => void;
}

/** What is left of a person's commands on one connection after a pass. */
export interface PassEnd {
  /** Look again then; absent: nothing is left. */
  readonly next?: Date;
  /** Some calls failed: try again by the class of this fault. */
  readonly fault?: Fault;
  /** The claim was lost on the way; whoever has it now goes on. */
  readonly lost?: true;
}
