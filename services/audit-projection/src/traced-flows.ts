import type { FlowDocument } from '@muster/contracts';
import { comparePositions, type EventStore, type RecordedEvent } from '@muster/event-store';
import { compileFlow, type CompiledFlow, trace, type TracedFlow } from '@muster/flow';
import { fold, identityCategory, recordAt, workerCategory } from '@muster/identity';

/** The last event of a type that matches. */
export const newest = (
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

/** Of a connection nothing matters here but that it is there: its kind decides over attributes, and groups and apps have none. */
const connectionsOf = (flows: readonly CompiledFlow[]) =>
  [...new Set(flows.flatMap(({ steps }) => steps.map(({ connection }) => connection)))].map((name) => ({ name, kind: 'okta' as const }));

/** Each flow that could give it, with its working for this person. Of an erased person nothing can be computed. */
export function tracedFlows(history: readonly RecordedEvent[], flows: readonly CompiledFlow[], now: string): readonly TracedFlow[] {
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
