import type { EventStore, RecordedEvent } from '@muster/event-store';
import type { CompiledFlow, TracedExpression, TracedFlow } from '@muster/flow';
import type { Database } from '@muster/read-store';
import type { Person } from './find-person.ts';
import { readHistory } from './person-history.ts';
import { flowsInForce, tracedFlows } from './traced-flows.ts';
import { projectedUpTo, type UpTo } from './up-to.ts';

/** One condition of a flow's document, and what it gave for this person. */
export interface ShownCondition {
  readonly expression: string;
  readonly holds: boolean;
  /** `missing`: something that it reads is not there; `empty`: it was stated as empty; `failed`: it cannot be computed. */
  readonly outcome: TracedExpression['outcome'];
  /** What it read, by path; what is not there is left out. */
  readonly reads: Readonly<Record<string, unknown>>;
  readonly message?: string;
}

export interface ShownFlow {
  readonly flow: string;
  readonly version: number;
  readonly inScope: boolean;
  /** Every one of them must hold. */
  readonly scope: readonly ShownCondition[];
  /** None outside of the scope: they are not looked at there. */
  readonly steps: readonly {
    readonly step: string;
    readonly kind: TracedFlow['steps'][number]['kind'];
    readonly connection: string;
    readonly applies: boolean;
    /** Absent: it applies to everybody in scope. */
    readonly when?: ShownCondition;
  }[];
}

export interface ShownScope {
  readonly upTo: UpTo;
  readonly person: Person;
  /** The flows in force; none for a person who was erased, of whom nothing can be computed. */
  readonly flows: readonly ShownFlow[];
}

const holds = (condition: TracedExpression): boolean => condition.outcome === 'value' && condition.value === true;

const shown = (condition: TracedExpression): ShownCondition => ({
  expression: condition.expression,
  holds: holds(condition),
  outcome: condition.outcome,
  reads: condition.reads,
  ...(condition.outcome === 'failed' ? { message: condition.message } : {}),
});

const stepOf = ({ step, kind, connection, expressions }: TracedFlow['steps'][number]): ShownFlow['steps'][number] => {
  const when = expressions.find(({ field }) => field === 'when');
  return { step, kind, connection, applies: when === undefined || holds(when), ...(when === undefined ? {} : { when: shown(when) }) };
};

/** For each flow, whether a person is in its scope and which of its steps apply to them, by the conditions of its document: with what each of them read and gave. */
export const scopeOf = (history: readonly RecordedEvent[], flows: readonly CompiledFlow[], now: string): ShownFlow[] =>
  tracedFlows(history, flows, now).map(({ flow, version, inScope, scope, steps }) => ({
    flow,
    version,
    inScope,
    scope: scope.map(shown),
    steps: inScope ? steps.map(stepOf) : [],
  }));

/** Why a person is in or out of the scope of each flow in force and of its steps, by what is recorded now. */
export async function showScope({ store, db, now }: { store: EventStore; db: Database; now: string }, person: Person): Promise<ShownScope> {
  const upTo = await projectedUpTo(db);
  const { events } = await readHistory(store, person.identityId, { upTo: upTo.position });
  return { upTo, person, flows: scopeOf(events, await flowsInForce(store, upTo.position), now) };
}
