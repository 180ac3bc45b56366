import type { Command, CommandEnded, FaultRecord } from '@muster/contracts';
import type { Ids } from './ids.ts';
import { isBefore } from './instants.ts';
import type { ProvisioningEvent } from './provisioning.ts';
import type { SendRow, SendStep } from './send.ts';

/** One call that was made. */
export interface Call {
  readonly identityId: string;
  readonly planId: string;
  /** As it was sent; of a create: with the profile that left. */
  readonly command: Command;
  /** The account it went to; for a create absent. */
  readonly accountId?: string;
  readonly sentAt: string;
  /** This call included. */
  readonly attempts: number;
  readonly row: SendRow;
}

/** What came back: an outcome of a connector, as data. */
export type Answer =
  | { readonly result: 'done'; readonly id?: string; readonly at: string }
  | { readonly result: 'already'; readonly at: string }
  | { readonly result: 'conflict'; readonly found?: { readonly id: string; readonly matchKey: string | null }; readonly at: string }
  | { readonly result: 'fault'; readonly fault: FaultRecord; readonly at: string };

export interface AnswerContext {
  readonly ids: Ids;
  /** This person's match key in the connection. */
  readonly matchKey?: string;
  /** Until then replicas may not know the account yet: not found means wait. */
  readonly youngUntil?: string;
}

/** What to append, and what becomes of the row. */
export interface AfterAnswer {
  readonly events: ProvisioningEvent[];
  readonly next:
    | { readonly do: 'ended' }
    /** Try again by the retry class of the fault; `row` is what is then known. */
    | { readonly do: 'retry'; readonly fault: FaultRecord; readonly row: SendRow };
}

const bare = ({ identityId, planId, command, accountId }: Pick<Call, 'identityId' | 'planId' | 'command' | 'accountId'>) => {
  const { commandId, connection, object, action, field, value, profile, entitlement, valueHmac, generation } = command;
  const id = accountId ?? object.id;
  return {
    identityId,
    planId,
    commandId,
    connection,
    object: id === undefined ? { kind: object.kind } : { kind: object.kind, id },
    action,
    valueHmac,
    generation,
    ...(field === undefined ? {} : { field }),
    ...(value === undefined ? {} : { value }),
    ...(profile === undefined ? {} : { profile }),
    ...(entitlement === undefined ? {} : { entitlement }),
  };
};

interface Ending {
  readonly result: CommandEnded['result'];
  readonly answeredAt: string;
  readonly probed: boolean;
  readonly fault?: FaultRecord;
  readonly accountId?: string;
}

const ended = (call: Call, ids: Ids, { accountId, ...ending }: Ending): ProvisioningEvent => {
  const asks = ending.result === 'case' || ending.result === 'locked';
  const id = accountId ?? call.accountId;
  return {
    type: 'CommandEnded',
    data: {
      ...bare(id === undefined ? call : { ...call, accountId: id }),
      ...ending,
      attempts: call.attempts,
      ...(call.attempts > 0 ? { sentAt: call.sentAt } : {}),
      ...(asks ? { caseId: ids.caseId([call.identityId, call.command.commandId]) } : {}),
    },
  };
};

const close = (call: Call, ids: Ids, ending: Ending): AfterAnswer => ({ events: [ended(call, ids, ending)], next: { do: 'ended' } });

const MOST_BLIND_CONFLICTS = 5;

/**
 * A login that another account holds: linked only if that account carries this person's match key, else a question for a person. An account that
 * no replica shows yet may be the one that an earlier call of ours made: looked for once settle time has passed.
 */
const afterConflict = (call: Call, { found, at }: Answer & { result: 'conflict' }, { ids, matchKey }: AnswerContext): AfterAnswer => {
  if (found === undefined && call.attempts < MOST_BLIND_CONFLICTS)
    return { events: [], next: { do: 'retry', fault: unseen, row: { attempts: call.attempts, lostAt: call.sentAt } } };
  if (found !== undefined && matchKey !== undefined && found.matchKey === matchKey)
    return close(call, ids, { result: 'found', answeredAt: at, probed: false, accountId: found.id });
  return close(call, ids, { result: 'case', answeredAt: at, probed: false });
};

const unseen: FaultRecord = {
  code: 'target.conflict',
  kind: 'unknown',
  message: 'The login is taken by an account that cannot be read yet',
};

const lost = (call: Call, fault: FaultRecord): AfterAnswer => ({
  events: [{ type: 'CommandSent', data: { ...bare(call), sentAt: call.sentAt, attempt: call.attempts, fault } }],
  next: { do: 'retry', fault, row: { attempts: call.attempts, lostAt: call.sentAt } },
});

const afterFault = (call: Call, answer: Answer & { result: 'fault' }, { ids, youngUntil }: AnswerContext): AfterAnswer => {
  const { fault, at } = answer;
  // An earlier call of the same command stays open: this answer says nothing about it.
  const kept: SendRow = { attempts: call.attempts, ...(call.row.lostAt === undefined ? {} : { lostAt: call.row.lostAt }) };
  const retry: AfterAnswer = { events: [], next: { do: 'retry', fault, row: kept } };
  switch (fault.kind) {
    case 'unknown':
      return lost(call, fault);
    case 'transient':
    case 'throttled':
    case 'unauthorised':
      return retry;
    case 'refused':
      if (fault.code === 'target.not_found' && isBefore(at, youngUntil)) return retry;
      return close(call, ids, { result: 'refused', answeredAt: at, probed: false, fault });
  }
};

/**
 * What follows from the answer to a call. A real answer is always to be recorded, even if the lease was lost meanwhile. An answer that was lost
 * is recorded too, so that planning knows of a write that may have happened.
 */
export const afterAnswer = (call: Call, answer: Answer, context: AnswerContext): AfterAnswer => {
  switch (answer.result) {
    case 'done':
      return close(call, context.ids, {
        result: 'done',
        answeredAt: answer.at,
        probed: false,
        ...(answer.id === undefined ? {} : { accountId: answer.id }),
      });
    case 'already':
      return close(call, context.ids, { result: call.row.lostAt === undefined ? 'found' : 'done', answeredAt: answer.at, probed: false });
    case 'conflict':
      return afterConflict(call, answer, context);
    case 'fault':
      return afterFault(call, answer, context);
  }
};

/** The event that records an end decided without a call: by a probe, a lock, or because the wish no longer stands. */
export const endWithoutCall = (
  call: Call,
  step: SendStep & { do: 'end' },
  context: { readonly ids: Ids; readonly now: string },
): ProvisioningEvent[] => [
  ended(call, context.ids, {
    result: step.result,
    answeredAt: context.now,
    probed: step.probed,
    ...(step.accountId === undefined ? {} : { accountId: step.accountId }),
  }),
];

/**
 * Narrows a batch that was refused as a whole down to the items that are to blame. Yields the batches to send; is told whether each was taken;
 * returns the refused items. At most 2n calls for n items, n log n never.
 */
export function* bisect<T>(batch: readonly T[]): Generator<readonly T[], T[], boolean> {
  const refused: T[] = [];
  const open: (readonly T[])[] = batch.length === 0 ? [] : [batch];
  for (let part = open.pop(); part !== undefined; part = open.pop()) {
    const taken = yield part;
    if (taken) continue;
    if (part.length === 1) refused.push(...part);
    else open.push(part.slice(part.length / 2), part.slice(0, part.length / 2));
  }
  return refused;
}
