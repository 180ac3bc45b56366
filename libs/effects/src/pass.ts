import type { CallOptions, Fault, Lane } from '@muster/connector';
import type { Command } from '@muster/contracts';
import { later, type ProvisioningEvent } from '@muster/identity';
import { graver, stopsAll } from './answers.ts';
import type { Shell } from './attempt.ts';
import { IdentityFacts } from './identity-facts.ts';
import { NaturalBatch } from './natural-batch.ts';
import { recordResults } from './record-results.ts';
import type { PassEnd, Sender } from './sender.ts';
import type { Holder, Sent, Whose } from './sending-rows.ts';

/** What a pass is to work on. */
export interface PassWork extends Sender {
  readonly identityId: string;
  readonly holder: Holder;
  /** Ends waiting and reading; a write that has left is waited for. */
  readonly signal?: AbortSignal;
}

const LANES: readonly Lane[] = ['leaver', 'live', 'batch'];
/** Calls of one person that were made side by side are answered within about this time: their results are one append and one sync of the store's disk. */
const RECORD_LINGER_MS = 10;
/** A plan that changes what is waited for wakes the row by itself. */
const DEPENDENCY_PATIENCE_MS = 60_000;

/** The most urgent lane of some commands. */
export const laneOf = (commands: readonly Command[]): Lane =>
  LANES[Math.min(...commands.map(({ lane }) => LANES.indexOf(lane)))] ?? 'batch';

/** What one pass knows and has found out so far: facts, claim, and when to come back. */
export class Pass {
  readonly work: PassWork;
  readonly facts: IdentityFacts;
  readonly whose: Whose;
  readonly #records: NaturalBatch<readonly ProvisioningEvent[], undefined>;
  readonly #waits: { until: string; because: string }[] = [];
  #fault: Fault | undefined;
  #lost = false;

  private constructor(work: PassWork, facts: IdentityFacts) {
    this.work = work;
    this.facts = facts;
    this.whose = { identityId: work.identityId, connection: work.target.connection };
    this.#records = new NaturalBatch(
      async (lots) => {
        await this.#recordAll(lots.flat());
        return lots.map(() => undefined);
      },
      { lingerMs: RECORD_LINGER_MS },
    );
  }

  static async begin(work: PassWork): Promise<Pass> {
    const { store, identityId, target, tail } = work;
    return new Pass(work, await IdentityFacts.load(store, { identityId, connection: target.connection, tail }));
  }

  /** To be called when nothing of the pass is under way any more. */
  close(): void {
    this.facts.close();
  }

  /** Nothing more is to be tried in this pass. */
  get over(): boolean {
    return this.#lost || (this.#fault !== undefined && stopsAll(this.#fault));
  }

  get claimLost(): boolean {
    return this.#lost;
  }

  now(): string {
    return this.work.now().toISOString();
  }

  /** What every decision of this moment rests on, beside the facts. */
  shell(): Shell {
    const { settleMs, logLagMs } = this.work.target;
    return { leaseHeld: !this.#lost && !this.work.holder.lost.aborted, live: this.work.live(), now: this.now(), settleMs, logLagMs };
  }

  callOptions(commands: readonly Command[]): CallOptions {
    return { lane: laneOf(commands), ...(this.work.signal === undefined ? {} : { signal: this.work.signal }) };
  }

  /** The row is to be tried again for this. */
  failed(fault: Fault): void {
    this.#fault = graver(this.#fault, fault);
  }

  waitUntil(until: string, because: string): void {
    this.#waits.push({ until, because });
  }

  /** Soon, for a reason that is ours. */
  comeBackSoon(because: string): void {
    this.waitUntil(later(this.now(), 1_000), because);
  }

  loseClaim(): void {
    this.#lost = true;
  }

  /** Asked before everything is recorded that is not a real answer. */
  async stillOurs(): Promise<boolean> {
    return this.keep([]);
  }

  /** Writes rows, as long as the claim is ours. */
  async keep(rows: readonly Sent[]): Promise<boolean> {
    const { work } = this;
    const kept = !this.#lost && !work.holder.lost.aborted && (await work.rows.save(this.whose, rows, work.holder));
    if (!kept) this.#lost = true;
    return kept;
  }

  /** Resolves when the store has them; what several calls of the pass have to record at about the same time is one append. */
  async record(events: readonly ProvisioningEvent[]): Promise<void> {
    if (events.length > 0) await this.#records.ask(events);
  }

  end(): PassEnd {
    const next = this.#next();
    return {
      ...(next === undefined ? {} : { next }),
      ...(this.#fault === undefined ? {} : { fault: this.#fault }),
      ...(this.#lost ? { lost: true } : {}),
    };
  }

  async #recordAll(events: readonly ProvisioningEvent[]): Promise<void> {
    const { store, identityId, actor } = this.work;
    const recorded = await recordResults(
      { store, identityId, actor, known: this.facts.results, plannedBy: (commandId) => this.facts.planned(commandId) },
      events,
    );
    this.facts.learn(recorded);
    const ended = events.filter(({ type }) => type === 'CommandEnded').length;
    if (ended > 0) this.work.onEnded?.(ended);
  }

  /** What waits for another command of this pass is looked at when that one is. */
  #next(): Date | undefined {
    const own = this.#waits.filter(({ because }) => because !== 'dependency').map(({ until }) => Date.parse(until));
    if (own.length > 0) return new Date(Math.min(...own));
    return this.#waits.length > 0 ? new Date(this.work.now().getTime() + DEPENDENCY_PATIENCE_MS) : undefined;
  }
}
