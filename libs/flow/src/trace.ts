import type { Value } from '@muster/contracts';
import type { DesiredState } from '@muster/identity';
import type { DecisionInput } from './decision-input.ts';
import { observedDecision, type Evaluation } from './desired-state.ts';
import { compileExpression, type Result } from './language/expression.ts';
import { Failed } from './language/stops.ts';
import { follow } from './language/views.ts';

/** What an expression gave: `missing` if something that it reads is not there, `empty` if that was stated as empty. */
export type Outcome =
  | { readonly outcome: 'value'; readonly value: Exclude<Value, null> }
  | { readonly outcome: 'empty' | 'missing' }
  | { readonly outcome: 'failed'; readonly message: string };

export type TracedExpression = Outcome & {
  /** `scope`, `when`, `enabled`, `manager`, or the target's attribute. */
  readonly field: string;
  readonly expression: string;
  /** What it read, by path; absent values are left out. */
  readonly reads: Readonly<Record<string, unknown>>;
  /** Set if the connection does not take the value: why. */
  readonly notOffered?: string;
};

export interface TracedStep {
  readonly step: string;
  readonly kind: 'account' | 'group' | 'app' | 'none';
  readonly connection: string;
  readonly expressions: readonly TracedExpression[];
}

export interface TracedFlow {
  readonly flow: string;
  readonly version: number;
  readonly inScope: boolean;
  /** Each part of the scope that must hold, with what it gave for this person. */
  readonly scope: readonly TracedExpression[];
  readonly steps: readonly TracedStep[];
}

export interface Trace {
  readonly flows: readonly TracedFlow[];
  readonly desired: DesiredState;
}

const outcomeOf = (result: Result): Outcome => {
  if (result === undefined) return { outcome: 'missing' };
  if (result === null) return { outcome: 'empty' };
  return result instanceof Failed ? { outcome: 'failed', message: result.message } : { outcome: 'value', value: result };
};

const readsOf = ({ expression, facts }: Evaluation): Record<string, unknown> =>
  Object.fromEntries(
    expression.reads.flatMap((path) => {
      const value = follow(facts, path);
      return value === undefined ? [] : [[path.join('.'), value]];
    }),
  );

const traced = (evaluation: Evaluation): TracedExpression => ({
  field: evaluation.field,
  expression: evaluation.expression.text,
  reads: readsOf(evaluation),
  ...outcomeOf(evaluation.result),
  ...(evaluation.notOffered === undefined ? {} : { notOffered: evaluation.notOffered }),
});

const clauses = (evaluation: Evaluation): TracedExpression[] =>
  evaluation.expression.clauses.map((text) => {
    const compiled = compileExpression(text);
    if (!('expression' in compiled)) return traced(evaluation);
    const { expression } = compiled;
    return traced({ ...evaluation, expression, result: expression.evaluate(evaluation.facts) });
  });

/**
 * A decision with its working: who is in scope and why, and what every expression read and gave. Holds personal data. `desired` is exactly
 * what `desiredState` gives. Steps of a flow that the person is not in scope of are not evaluated.
 */
export const trace = (input: DecisionInput): Trace => {
  const flows: { head: Evaluation; steps: Map<string, Evaluation[]> }[] = [];
  const desired = observedDecision(input, (evaluation) => {
    const { step } = evaluation;
    if (step === undefined) flows.push({ head: evaluation, steps: new Map(evaluation.flow.steps.map(({ id }) => [id, []])) });
    else flows.at(-1)?.steps.get(step.id)?.push(evaluation);
  });
  return {
    desired,
    flows: flows.map(({ head, steps }) => ({
      flow: head.flow.flow,
      version: head.flow.version,
      inScope: head.result === true,
      scope: clauses(head),
      steps: head.flow.steps.map(({ id, kind, connection }) => ({
        step: id,
        kind,
        connection,
        expressions: (steps.get(id) ?? []).map(traced),
      })),
    })),
  };
};
