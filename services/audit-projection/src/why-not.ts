import type { CommandEnded, EntitlementRef, PlanHeld, PlanReleased } from '@muster/contracts';
import type { RecordedEvent } from '@muster/event-store';
import type { CompiledFlow, CompiledStep } from '@muster/flow';
import { newest, tracedFlows } from './traced-flows.ts';

/** Why somebody does not hold something: one reason, and the event that says so if one does. */
export interface Absence {
  readonly reason:
    | 'object-deleted'
    | 'no-account'
    | 'no-flow'
    | 'scope-false'
    | 'condition-false'
    | 'blocked'
    | 'held'
    | 'refused'
    | 'under-way'
    | 'not-planned'
    | 'gone';
  readonly text: string;
  readonly stream?: string;
  readonly revision?: number;
  readonly eventId?: string;
}

interface Asked {
  readonly connection: string;
  readonly entitlement: EntitlementRef;
  readonly name?: string | undefined;
  readonly existence: 'there' | 'deleted' | 'unknown';
  readonly hasAccount: boolean;
}

const cite = ({ stream, revision, id }: RecordedEvent) => ({ stream, revision, eventId: id });

type NamedObject = { readonly id: string } | { readonly name: string };

/** Whether a step gives it: by itself, or as the group through which an app is given. */
function names(step: CompiledStep, { connection, entitlement: { kind, id }, name }: Asked): boolean {
  if ((step.kind !== 'group' && step.kind !== 'app') || step.connection !== connection) return false;
  const is = (object: NamedObject): boolean => ('id' in object ? object.id === id : object.name === name);
  if (step.kind === 'app' && kind === 'group') return step.through !== undefined && is(step.through);
  if (step.kind !== kind) return false;
  // Names that an expression gives are known only where it is evaluated: such a step may mean any object.
  return 'names' in step.object || is(step.object);
}

function byFlows(asked: Asked, { history, flows, now }: Facts): Absence[] {
  const giving = flows.filter(({ steps }) => steps.some((step) => names(step, asked)));
  const { kind } = asked.entitlement;
  if (giving.length === 0) return [{ reason: 'no-flow', text: `no flow in force gives this ${kind}` }];
  return tracedFlows(history, giving, now).flatMap(({ flow, version, inScope, scope, steps }): Absence[] => {
    if (!inScope) {
      const failing = scope.filter((part) => !(part.outcome === 'value' && part.value === true)).map(({ expression }) => expression);
      return [{ reason: 'scope-false', text: `not in the scope of flow ${flow} version ${version}: ${failing.join(' && ')}` }];
    }
    const wanted = giving.find((one) => one.flow === flow)?.steps.filter((step) => names(step, asked)) ?? [];
    return wanted.flatMap(({ id }): Absence[] => {
      const when = steps.find(({ step }) => step === id)?.expressions.find(({ field }) => field === 'when');
      if (when === undefined || (when.outcome === 'value' && when.value === true)) return [];
      return [{ reason: 'condition-false', text: `step ${id} of flow ${flow} version ${version} does not apply: ${when.expression}` }];
    });
  });
}

const concerns =
  ({ connection, entitlement: { kind, id } }: Asked) =>
  (one: { connection: string; entitlement?: EntitlementRef }): boolean =>
    one.connection === connection && one.entitlement?.kind === kind && one.entitlement.id === id;

function blockedBy(asked: Asked, plan: RecordedEvent | undefined): Absence[] {
  if (plan === undefined) return [];
  const { kind, id } = asked.entitlement;
  const what = [`${kind}:${id}`, `${kind}:${asked.name ?? ''}`, 'account'];
  return (plan.data as unknown as PlanReleased).blocked
    .filter((one) => one.connection === asked.connection && what.includes(one.what))
    .map(({ reason, message }) => ({ reason: 'blocked', text: `${reason}: ${message}`, ...cite(plan) }));
}

function heldBy(asked: Asked, plan: RecordedEvent | undefined): Absence[] {
  if (plan === undefined) return [];
  // The commands of an erased person are gone.
  const { commands = [], heldBecause } = plan.data as unknown as Partial<PlanHeld>;
  if (!commands.some((command) => command.action === 'grant' && concerns(asked)(command))) return [];
  const because = (heldBecause ?? []).map(({ message }) => message).join('; ');
  return [{ reason: 'held', text: `its grant waits for a person: ${because}`, ...cite(plan) }];
}

/** What came of calls, and what was seen. */
function byOutcomes(asked: Asked, history: readonly RecordedEvent[]): Absence[] {
  const ended = newest(history, 'CommandEnded', (data: CommandEnded) => data.action === 'grant' && concerns(asked)(data));
  const gone = newest(history, 'EntitlementGone', concerns(asked) as (data: never) => boolean);
  const result = (ended?.data as unknown as CommandEnded | undefined)?.result;
  const refused: Absence[] =
    ended && result !== undefined && result !== 'done' && result !== 'found'
      ? [
          {
            reason: 'refused',
            text: `granting it ended ${result}: ${(ended.data as unknown as CommandEnded).fault?.message ?? 'no reason given'}`,
            ...cite(ended),
          },
        ]
      : [];
  return gone
    ? [...refused, { reason: 'gone', text: `it was held, and a read saw it gone (${gone.metadata.occurredAt})`, ...cite(gone) }]
    : refused;
}

interface Facts {
  readonly history: readonly RecordedEvent[];
  readonly flows: readonly CompiledFlow[];
  readonly now: string;
}

/** Every reason that is known for which somebody does not hold a group or app now; never none. */
export function whyNot(asked: Asked, facts: Facts): Absence[] {
  const reasons: Absence[] = [
    ...(asked.existence === 'deleted'
      ? [{ reason: 'object-deleted' as const, text: `the ${asked.entitlement.kind} is deleted: nobody holds it` }]
      : []),
    ...(asked.hasAccount ? [] : [{ reason: 'no-account' as const, text: `there is no account in ${asked.connection}` }]),
    ...byFlows(asked, facts),
    ...blockedBy(asked, newest(facts.history, 'PlanReleased')),
    ...heldBy(asked, newest(facts.history, 'PlanHeld')),
    ...byOutcomes(asked, facts.history),
  ];
  if (reasons.length > 0) return reasons;
  const planned = newest(facts.history, 'PlanReleased', ({ commands }: Partial<PlanReleased>) =>
    (commands ?? []).some((command) => command.action === 'grant' && concerns(asked)(command)),
  );
  return planned
    ? [{ reason: 'under-way', text: 'its grant is planned, and no read has seen it yet', ...cite(planned) }]
    : [{ reason: 'not-planned', text: 'a flow gives it, and no plan has been made since' }];
}
