import { Fault, type Outcome } from '@muster/connector';
import type { Command, FaultRecord } from '@muster/contracts';
import { type AfterAnswer, afterAnswer, type Answer, bisect, type Call, isBefore, later, targetOf } from '@muster/identity';
import { answerOf, mayBeOneOfThem } from './answers.ts';
import { type Attempt, callOf, currentOf, stepOf } from './attempt.ts';
import { caseIds } from './case-ids.ts';
import { laneOf, type Pass } from './pass.ts';
import type { Sent } from './sending-rows.ts';

/** Between the writing of the row and the departure; when that takes longer, row and fence are made anew. */
const FENCE_LIFE_MS = 1_000;
const FENCE_READS = 3;

interface Leaving {
  readonly attempt: Attempt;
  readonly command: Command;
}

interface Judged extends Leaving {
  readonly call: Call;
  readonly after: AfterAnswer;
}

/** One call for commands that travel together: row, fence, departure, record. */
export class MakeCall {
  readonly #pass: Pass;
  readonly #narrowed = new Map<string, Attempt>();
  /** When the rows of the call under way were written; absent: they were not. */
  #begunAt: string | undefined;
  /** Store or database failed where the fence was asked: no fault of the other side. */
  #trouble: Error | undefined;

  constructor(pass: Pass) {
    this.#pass = pass;
  }

  /**
   * Sends; a call that is refused for one of several commands is narrowed down to those that it is refused for. Gives back what did not leave because
   * its fence fell.
   */
  async send(attempts: readonly Attempt[]): Promise<Attempt[]> {
    const withheld: Attempt[] = [];
    const parts = bisect(attempts);
    let taken = true;
    for (let part = parts.next(); part.done !== true && !this.#pass.over; part = parts.next(taken)) {
      const batch = part.value.map((attempt) => this.#narrowed.get(attempt.commandId) ?? attempt);
      const end = await this.#call(batch.map((attempt) => ({ attempt, command: currentOf(this.#pass.facts, attempt.commandId) })));
      if (end === 'withheld') withheld.push(...batch);
      taken = end !== 'refused-together';
    }
    return withheld;
  }

  async #call(leaving: readonly Leaving[]): Promise<'withheld' | 'refused-together' | 'answered'> {
    const { work, facts } = this.#pass;
    const commands = leaving.map(({ command }) => command);
    const accountId = commands[0] && targetOf(commands[0], facts);
    const options = { ...this.#pass.callOptions(commands), mayBeSent: () => this.#mayBeSent(leaving) };
    this.#begunAt = undefined;
    this.#trouble = undefined;
    work.onCall?.(1);
    try {
      const outcome = await work.target.send(commands, accountId, options).catch((error: unknown) => this.#unsent(error));
      const answer = answerOf(outcome);
      if (outcome.result === 'withheld' || answer === undefined) return await this.#withdraw(leaving);
      if (leaving.length > 1 && mayBeOneOfThem(outcome)) return await this.#narrow(leaving, answer);
      await this.#record(leaving, outcome, answer);
      return 'answered';
    } finally {
      work.onCall?.(-1);
    }
  }

  /** A Fault that is thrown says that nothing was sent; anything else is a defect. */
  #unsent(error: unknown): Outcome {
    if (error instanceof Fault) return { result: 'fault', fault: error, at: this.#pass.now() };
    throw error;
  }

  /**
   * The last thing before a request leaves: its rows are committed, then the fence is read from the store. Where that took long it is done again, so that
   * the rows say when the call really left.
   */
  async #mayBeSent(leaving: readonly Leaving[]): Promise<boolean> {
    try {
      for (let reads = 0; reads < FENCE_READS; reads += 1) {
        const began = performance.now();
        const lostAt = this.#pass.now();
        if (!(await this.#pass.keep(leaving.map(({ attempt }) => this.#underWay(attempt, lostAt))))) return false;
        this.#begunAt = lostAt;
        await this.#pass.facts.refresh();
        if (!leaving.every((one) => this.#stands(one))) return false;
        if (performance.now() - began > FENCE_LIFE_MS) continue;
        this.#depart(leaving);
        return true;
      }
    } catch (error) {
      this.#trouble = error instanceof Error ? error : new Error('the fence could not be read', { cause: error });
    }
    return false;
  }

  #underWay({ commandId, sent }: Attempt, lostAt: string): Sent {
    const planRevision = this.#pass.facts.planned(commandId)?.revision ?? sent.planRevision;
    return { ...sent, planRevision, attempts: sent.attempts + 1, lostAt };
  }

  /** Whether this very command, as it is about to leave, may still be sent. */
  #stands({ attempt, command }: Leaving): boolean {
    const { facts } = this.#pass;
    const unchanged = currentOf(facts, attempt.commandId).valueHmac === command.valueHmac;
    return unchanged && stepOf(facts, attempt, this.#pass.shell()).do === 'send';
  }

  #depart(leaving: readonly Leaving[]): void {
    const { work, facts } = this.#pass;
    for (const { command } of leaving) {
      const planned = facts.firstPlanned(command.commandId);
      const waitedMs = planned === undefined ? 0 : Math.max(work.now().getTime() - Date.parse(planned), 0);
      work.onDeparture?.({ lane: laneOf([command]), action: command.action, waitedMs });
    }
  }

  /** The call did not leave: the rows say what they said before. */
  async #withdraw(leaving: readonly Leaving[]): Promise<'withheld'> {
    if (this.#begunAt !== undefined && !this.#pass.claimLost) {
      const before = leaving.map(({ attempt }) => attempt.sent);
      const known = before.filter(({ attempts, lostAt }) => attempts > 0 || lostAt !== undefined);
      const fresh = before.filter((sent) => !known.includes(sent));
      const restored = this.#pass
        .keep(known)
        .then((kept) => (kept ? this.#pass.work.rows.remove(fresh.map(({ commandId }) => commandId)) : undefined));
      // Where this fails the rows say "may have left", which is safe.
      await (this.#trouble === undefined ? restored : restored.catch(() => undefined));
    }
    if (this.#trouble !== undefined) throw this.#trouble;
    return 'withheld';
  }

  /** Refused as a whole for what may be one value's fault: nothing was written, each half is tried by itself. */
  async #narrow(leaving: readonly Leaving[], answer: Answer): Promise<'refused-together'> {
    const left = this.#begunAt === undefined ? 0 : 1;
    const narrowed = leaving.map(({ attempt }) => ({ ...attempt, sent: { ...attempt.sent, attempts: attempt.sent.attempts + left } }));
    for (const attempt of narrowed) this.#narrowed.set(attempt.commandId, attempt);
    await this.#pass.keep(narrowed.map(({ sent }) => this.#withAnswer(sent, answer)));
    return 'refused-together';
  }

  async #record(leaving: readonly Leaving[], outcome: Outcome, answer: Answer): Promise<void> {
    const judged = leaving.map((one) => this.#judge(one, outcome, answer));
    const events = judged.flatMap(({ after }) => after.events);
    const isReal = events.some(({ type }) => type === 'CommandEnded');
    // A real answer is recorded whoever holds the claim by now; of anything else the new holder finds the row.
    if (!isReal && !(await this.#pass.stillOurs())) return;
    await this.#pass.record(events);
    await this.#pass.work.rows.remove(judged.flatMap(({ after, command }) => (after.next.do === 'ended' ? [command.commandId] : [])));
    const open = judged.flatMap(({ attempt, command, after }) => (after.next.do === 'retry' ? [{ attempt, command, ...after.next }] : []));
    if (open.length === 0) return;
    await this.#pass.keep(open.map(({ attempt, row }) => this.#withAnswer({ ...this.#bare(attempt.sent), ...row }, answer)));
    for (const { command, fault } of open) this.#tryAgain(command, outcome, fault);
  }

  #judge(one: Leaving, outcome: Outcome, answer: Answer): Judged {
    const { work, facts } = this.#pass;
    const { attempt, command } = one;
    const sentAt = ('sentAt' in outcome && outcome.sentAt) || this.#begunAt || answer.at;
    const attempts = attempt.sent.attempts + (this.#begunAt === undefined ? 0 : 1);
    const call = callOf(facts, attempt, { identityId: work.identityId, command, sentAt, attempts });
    const matchKey = work.target.matchKeyOf(command);
    const youngUntil = this.#youngUntil(command);
    const after = afterAnswer(call, answer, {
      ids: caseIds,
      ...(matchKey === undefined ? {} : { matchKey }),
      ...(youngUntil === undefined ? {} : { youngUntil }),
    });
    return { ...one, call, after };
  }

  /** Until then replicas may not know the account of this person, or the one that the command points to. */
  #youngUntil(command: Command): string | undefined {
    const { facts, work } = this.#pass;
    const { settleMs, connection } = work.target;
    const created = facts.provisioning.created[connection];
    const own = created && later(created.answeredAt, settleMs);
    const reference = work.target.referenceOf(command);
    if (reference === undefined) return own;
    const { createdAt, since } = facts.accountAsKnown(reference);
    const pointedTo = later(createdAt ?? since ?? this.#pass.now(), settleMs);
    return isBefore(pointedTo, own) ? own : pointedTo;
  }

  #bare({ commandId, planRevision }: Sent): Pick<Sent, 'commandId' | 'planRevision'> {
    return { commandId, planRevision: this.#pass.facts.planned(commandId)?.revision ?? planRevision };
  }

  #withAnswer(sent: Omit<Sent, 'fault' | 'answeredAt'>, answer: Answer): Sent {
    return { ...sent, answeredAt: answer.at, ...(answer.result === 'fault' ? { fault: answer.fault } : {}) };
  }

  #tryAgain(command: Command, outcome: Outcome, fault: FaultRecord): void {
    if (outcome.result === 'fault' && fault.kind !== 'refused') this.#pass.failed(outcome.fault);
    // Not found for now, as its replica is young; or taken by an account that nobody can see yet.
    else if (fault.kind === 'refused') this.#pass.waitUntil(this.#youngUntil(command) ?? this.#pass.now(), 'settle-time');
    else this.#pass.comeBackSoon('unseen');
  }
}
