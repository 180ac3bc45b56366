import type { Command } from '@muster/contracts';
import { accountCategory } from '../account.ts';
import { afterAnswer, bisect, endWithoutCall, type Answer, type Call } from '../after-answer.ts';
import { dependenciesOf, disablementOf, fenceOf, targetOf, type SendFacts } from '../fence.ts';
import { identityCategory } from '../identity.ts';
import { later, millis } from '../instants.ts';
import { planCategory, wantedCommand } from '../plan.ts';
import { hasEnded, provisioningCategory, recordEnd, recordSent, type ProvisioningEvent } from '../provisioning.ts';
import { nextStep, type Fence, type Probe, type SendInput, type SendRow, type SendStep } from '../send.ts';
import type { Proc } from './clock.ts';
import type { Connector } from './connector.ts';
import { SendRows, type Row } from './send-rows.ts';
import { transact } from './transact.ts';
import type { WriteOp } from './vendor.ts';
import { writeOf } from './write-of.ts';
import type { World } from './world.ts';

const MOST_STEPS = 8;
const BATCH = 4;

interface Sending {
  readonly row: Row;
  readonly lease: number;
  readonly call: Call;
  readonly op: WriteOp;
}

interface Claimed {
  readonly row: Row;
  readonly lease: number;
  readonly known: SendRow;
}

interface Found {
  readonly probe?: Probe;
  readonly trace?: { readonly by: 'us' | 'other' | 'nobody'; readonly askedAt: string };
}

const knownOf = ({ attempts, lostAt }: Row): SendRow => ({ attempts, ...(lostAt === undefined ? {} : { lostAt }) });

/** Rows to calls, calls to results: two workers on one set of rows. */
export class Sender {
  readonly rows: SendRows;
  readonly #world: World;
  readonly #connectors: ReadonlyMap<string, Connector>;

  constructor(world: World, connectors: ReadonlyMap<string, Connector>) {
    this.#world = world;
    this.#connectors = connectors;
    this.rows = new SendRows(world, (row, lease) => this.#work(row, lease));
  }

  #connector(name: string): Connector {
    const connector = this.#connectors.get(name);
    if (connector === undefined) throw new RangeError(name);
    return connector;
  }

  #facts(identityId: string): SendFacts {
    const { store } = this.#world;
    return {
      identity: store.load(identityCategory, `identity-${identityId}`).state,
      plan: store.load(planCategory, `plan-${identityId}`).state,
      provisioning: store.load(provisioningCategory, `provisioning-${identityId}`).state,
    };
  }

  #fence(row: Row, lease: number, facts: SendFacts): Fence {
    const { safeguards, clock } = this.#world;
    const leaseHeld = row.lease === lease && row.leaseUntil > clock.now && this.rows.has(row);
    const fence = fenceOf(row.command, facts, { leaseHeld, live: this.#world.connection(row.command.connection).state === 'live' });
    return safeguards.storeFence ? fence : { ...fence, wanted: row.wanted, plannedUnder: row.plannedUnder, lifecycle: row.plannedUnder };
  }

  #input({ row, lease, known }: Claimed, facts: SendFacts, found: Found): SendInput {
    const command = wantedCommand(facts.plan, row.command.commandId) ?? row.command;
    const { settleMs, logLagMs } = this.#world.connection(command.connection);
    const accountId = targetOf(command, facts);
    const account = this.#world.store.load(accountCategory, this.#world.names.account(command.connection, accountId ?? '')).state;
    return {
      command,
      row: known,
      fence: this.#fence(row, lease, facts),
      now: this.#world.now,
      settleMs,
      logLagMs,
      dependencies: dependenciesOf(command, facts),
      disablement: {
        ...disablementOf(command, { provisioning: facts.provisioning, account, row: known }),
        ...(found.trace ? { trace: found.trace } : {}),
      },
      ...(found.probe ? { probe: found.probe } : {}),
    };
  }

  *#work(row: Row, lease: number): Proc {
    const { faults, random } = this.#world;
    // What a paused process knows of its row is what the row said when it was claimed.
    const claimed: Claimed = { row, lease, known: knownOf(row) };
    if (faults.strikes('zombie sender', 0.03)) yield random.between(12_000, 60_000);
    yield this.#world.latency(20);
    let found: Found = {};
    for (let steps = 0; steps < MOST_STEPS; steps += 1) {
      yield* this.#noteLoss(row);
      const input = this.#input(claimed, this.#facts(row.identityId), found);
      const step = nextStep(input);
      if (step.do === 'send') return yield* this.#send(row, lease, input);
      if (step.do !== 'probe' && step.do !== 'trace') return yield* this.#leave(row, lease, step, input);
      found = {
        ...found,
        ...(step.do === 'probe' ? { probe: yield* this.#probe(row, input.command) } : { trace: yield* this.#trace(row, input.command) }),
      };
    }
    throw new Error(`No decision on ${row.command.action}`);
  }

  /** A crash left a call without a record: planning has to know that it may have happened. */
  *#noteLoss(row: Row): Proc {
    const { provisioning } = this.#facts(row.identityId);
    const { commandId } = row.command;
    if (row.lostAt === undefined || row.attempts === 0 || provisioning.open[commandId] || hasEnded(provisioning, row.command)) return;
    const fault = { code: 'effect.answer_lost', kind: 'unknown' as const, message: 'no record of the answer' };
    const call = this.#call(row, row.sentCommand ?? row.command, row.lostAt);
    const { events } = afterAnswer(call, { result: 'fault', fault, at: this.#world.now }, { ids: this.#world.names.ids });
    yield* this.#record(row.identityId, events);
  }

  *#leave(row: Row, lease: number, step: SendStep, input: SendInput): Proc {
    if (step.do === 'wait') return this.rows.release(row, lease, millis(step.until));
    if (step.do === 'drop') return step.because === 'ended' ? this.rows.remove(row) : undefined;
    if (step.do !== 'end') return undefined;
    const call = this.#call(
      row,
      row.lostAt === undefined ? input.command : (row.sentCommand ?? input.command),
      row.lostAt ?? this.#world.now,
    );
    yield* this.#record(row.identityId, endWithoutCall(call, step, { ids: this.#world.names.ids, now: this.#world.now }));
    this.#world.faults.crash('crash between append and commit', 0.02);
    this.rows.remove(row);
  }

  *#probe(row: Row, command: Command): Proc<Probe> {
    const probed = row.sentCommand ?? command;
    const op = this.#opOf(probed, row.identityId);
    if (op === undefined) return { startedAt: this.#world.now, result: 'absent' };
    return yield* this.#connector(command.connection).probe(op, this.#matchKey(row.identityId));
  }

  #matchKey(identityId: string): string {
    return String(this.#facts(identityId).identity.attributes['employeeNumber'] ?? '');
  }

  #call(row: Row, command: Command, sentAt: string): Call {
    const facts = this.#facts(row.identityId);
    const accountId = targetOf(command, facts);
    return {
      identityId: row.identityId,
      planId: row.planId,
      command,
      sentAt,
      attempts: row.attempts,
      row: knownOf(row),
      ...(accountId === undefined ? {} : { accountId }),
    };
  }

  *#trace(row: Row, command: Command): Proc<NonNullable<Found['trace']>> {
    return yield* this.#connector(command.connection).trace(targetOf(command, this.#facts(row.identityId)) ?? '');
  }

  #opOf(command: Command, identityId: string): WriteOp | undefined {
    return writeOf(command, targetOf(command, this.#facts(identityId)));
  }

  /** Writes into the row that a call is under way, before it leaves. */
  #prepare(row: Row, lease: number, input: SendInput): Sending | undefined {
    const op = this.#opOf(input.command, row.identityId);
    if (op === undefined) return undefined;
    const before = input.row;
    row.attempts += 1;
    const call = { ...this.#call(row, input.command, this.#world.now), row: before };
    row.lostAt = this.#world.now;
    row.sentCommand = input.command;
    return { row, lease, call, op };
  }

  *#send(row: Row, lease: number, input: SendInput): Proc {
    const { faults, random } = this.#world;
    const first = this.#prepare(row, lease, input);
    if (first === undefined) return this.rows.release(row, lease, this.#world.clock.now + 1000);
    const sendings = [first, ...this.#companions(input.command)];
    const answers = yield* this.#callAll(sendings);
    faults.crash('crash between send and record', 0.04);
    if (faults.strikes('zombie sender', 0.02)) yield random.between(12_000, 60_000);
    for (const sending of sendings) {
      const answer = answers.get(sending);
      if (answer) yield* this.#settle(sending, answer);
    }
  }

  /** Other people's rows for the same group that may leave in the same call. */
  #companions(command: Command): Sending[] {
    if (command.action !== 'grant' || command.entitlement?.kind !== 'group' || command.connection !== 'entra-main') return [];
    return this.rows.claimAlike(command, BATCH - 1).flatMap(({ row, lease }) => {
      const input = this.#input({ row, lease, known: knownOf(row) }, this.#facts(row.identityId), {});
      const sending = nextStep(input).do === 'send' ? this.#prepare(row, lease, input) : undefined;
      if (sending === undefined) this.rows.release(row, lease, this.#world.clock.now + 100);
      return sending ?? [];
    });
  }

  /** One call for all; a batch that is refused is narrowed down to whom it is refused for. The fence is asked before each part of it leaves. */
  *#callAll(sendings: readonly Sending[]): Proc<Map<Sending, Answer>> {
    const answers = new Map<Sending, Answer>();
    const parts = bisect(sendings);
    let taken = true;
    for (let part = parts.next(); part.done !== true; part = parts.next(taken)) {
      const batch = part.value.filter((sending) => this.#mayBeSent(sending));
      taken = true;
      const [head] = batch;
      if (head === undefined) continue;
      const connector = this.#connector(head.call.command.connection);
      const given = yield* connector.writeAll(batch.map(({ op, call }) => ({ op, commandId: call.command.commandId })));
      taken = part.value.length === 1 || given.every((answer) => !isRefusal(answer));
      if (!taken) this.#world.faults.note('batch refused for one member');
      else for (const [index, sending] of batch.entries()) answers.set(sending, given[index] ?? { result: 'already', at: this.#world.now });
    }
    return answers;
  }

  #mayBeSent({ row, lease }: Sending): boolean {
    return nextStep(this.#input({ row, lease, known: knownOf(row) }, this.#facts(row.identityId), {})).do !== 'drop';
  }

  *#settle({ row, lease, call }: Sending, answer: Answer): Proc {
    const { ids } = this.#world.names;
    const { settleMs } = this.#world.connection(call.command.connection);
    const created = this.#facts(row.identityId).provisioning.created[call.command.connection];
    const youngUntil = created === undefined ? {} : { youngUntil: later(created.answeredAt, settleMs) };
    const { events, next } = afterAnswer(call, answer, { ids, matchKey: this.#matchKey(row.identityId), ...youngUntil });
    const isReal = events.some(({ type }) => type === 'CommandEnded');
    if (!isReal && row.lease !== lease) return;
    yield* this.#record(row.identityId, events);
    this.#world.faults.crash('crash between append and commit', 0.03);
    if (next.do === 'ended') return this.rows.remove(row);
    if (row.lease !== lease) return;
    row.lostAt = next.row.lostAt;
    this.rows.release(row, lease, this.#world.clock.now + Math.min(1000 * 2 ** row.attempts, 60_000));
  }

  *#record(identityId: string, events: readonly ProvisioningEvent[]): Proc {
    const target = { category: provisioningCategory, stream: `provisioning-${identityId}` };
    for (const event of events) {
      if (event.type === 'CommandEnded') yield* transact(this.#world, target, recordEnd(event.data));
      else yield* transact(this.#world, target, recordSent(event.data));
    }
  }
}

const isRefusal = (answer: Answer): boolean => answer.result === 'fault' && answer.fault.kind === 'refused';
