import { type CommandEnded, type EntitlementRef, type FlowDocument, type PlanHeld, type PlanReleased } from '@muster/contracts';
import { comparePositions, type EventStore, type RecordedEvent } from '@muster/event-store';
import { compileFlow, type CompiledFlow, type CompiledStep, trace } from '@muster/flow';
import { fold, identityCategory, recordAt, workerCategory } from '@muster/identity';

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

const newest = (
  history: readonly RecordedEvent[],
  type: string,
  matches: (data: never) => boolean = () => true,
): RecordedEvent | undefined => history.findLast((event) => event.type === type && matches(event.data as never));

/** The flows in force at a position, as they were published; what no version of this product can read is left out. */
export async function flowsInForce(store: EventStore, upTo: string): Promise<CompiledFlow[]> {
  const last = new Map<string, RecordedEvent>();
  for await (const event of store.readAll({ prefixes: ['flow-'] })) {
    if (comparePositions(event.position, upTo) > 0) break;
    last.set(event.stream, event);
  }
  return [...last.values()].flatMap(({ type, data }) => {
    const document = data['document'] as FlowDocument | undefined;
    return type === 'FlowPublished' && Array.isArray(document?.steps) ? [compileFlow(document)] : [];
  });
}

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

/** Of a connection nothing matters here but that it is there: its kind decides over attributes, and groups and apps have none. */
const connectionsOf = (flows: readonly CompiledFlow[]) =>
  [...new Set(flows.flatMap(({ steps }) => steps.map(({ connection }) => connection)))].map((name) => ({ name, kind: 'okta' as const }));

type TracedFlow = ReturnType<typeof trace>['flows'][number];

/** Each flow that could give it, with its working for this person. Of an erased person nothing can be computed. */
function traced(history: readonly RecordedEvent[], flows: readonly CompiledFlow[], now: string): readonly TracedFlow[] {
  const of = (category: string) => history.filter(({ stream }) => stream.startsWith(`${category}-`));
  const identityEvents = of('identity');
  const identity = fold(identityCategory, identityEvents as never);
  const lifecycle = newest(identityEvents, 'IdentityLifecycleChanged');
  const [first] = identityEvents;
  if (first === undefined || lifecycle === undefined || identity.lifecycle === undefined) return [];
  const stated = recordAt(fold(workerCategory, of('worker') as never), now);
  const source = newest(history, 'WorkerRecorded');
  const ref = { stream: first.stream, revision: identity.revision };
  return trace({
    identity: { attributes: identity.attributes, provenance: identity.provenance, ref },
    lifecycle: { value: identity.lifecycle.state, ref },
    ...(identity.login === undefined ? {} : { login: { value: identity.login, ref } }),
    workers: stated && source ? [{ value: stated.record, ref: { stream: source.stream, revision: stated.revision } }] : [],
    flows,
    connections: connectionsOf(flows),
  }).flows;
}

function byFlows(asked: Asked, { history, flows, now }: Facts): Absence[] {
  const giving = flows.filter(({ steps }) => steps.some((step) => names(step, asked)));
  const { kind } = asked.entitlement;
  if (giving.length === 0) return [{ reason: 'no-flow', text: `no flow in force gives this ${kind}` }];
  return traced(history, giving, now).flatMap(({ flow, version, inScope, scope, steps }): Absence[] => {
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
