import type { Fault, FaultRecord, Outcome } from '@muster/connector';
import type { Answer } from '@muster/identity';

/** What came back, as the core judges it; undefined: the call never left. */
export const answerOf = (outcome: Outcome): Answer | undefined => {
  const { result } = outcome;
  switch (result) {
    case 'done':
      return { result, at: outcome.at, ...(outcome.id === undefined ? {} : { id: outcome.id }) };
    case 'already':
      return { result, at: outcome.at };
    case 'conflict':
      return { result, at: outcome.at, ...(outcome.found === undefined ? {} : { found: outcome.found }) };
    case 'fault':
      return { result, at: outcome.at, fault: outcome.fault.record() };
    case 'withheld':
      return undefined;
  }
};

/** A refusal that may concern one value of several. */
export const mayBeOneOfThem = (outcome: Outcome): boolean =>
  outcome.result === 'fault' && (outcome.fault.code === 'target.value_refused' || outcome.fault.code === 'target.not_writable');

/** An answer that never came, in the words of the registry. */
export const answerLost = (connection: string): FaultRecord => ({
  code: 'effect.answer_lost',
  kind: 'unknown',
  message: `A call on ${connection} left and no record of its answer was found`,
  remedy: 'Nothing to do: the object is looked up before anything is sent again.',
});

const urgency: Record<FaultRecord['kind'], number> = { unauthorised: 0, throttled: 1, transient: 2, unknown: 3, refused: 4 };

/** The fault that says most about when to try again. */
export const graver = (a: Fault | undefined, b: Fault): Fault => (a === undefined || urgency[b.kind] < urgency[a.kind] ? b : a);

/** After these nothing else on the connection is worth a try now. */
export const stopsAll = ({ kind }: Fault): boolean => kind === 'throttled' || kind === 'unauthorised';
