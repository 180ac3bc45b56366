import { createHash, randomUUID } from 'node:crypto';
import type { ConnectionConfig } from '@muster/connector';
import { schemaOf, streamOf, type EventType } from '@muster/contracts';
import type { EventMetadata, EventStore } from '@muster/event-store';
import { type Authority, type Ids, planCategory, type PlanDraft, type PlanInput, releasePlan } from '@muster/identity';
import type { Database } from '@muster/read-store';
import type { Handled } from '@muster/work';
import { correlatePerson } from './correlate-person.ts';
import { DirectoryIndex } from './directory-index.ts';
import { type Cause, settleLook } from './dirty.ts';
import type { Governance } from './governance.ts';
import { askRun, letGo, wouldLetGo } from './hold-in-run.ts';
import type { KeptStreams } from './kept-streams.ts';
import { PersonFacts } from './person-facts.ts';
import { type Planned, planPerson } from './plan-person.ts';
import type { TargetObjects } from './target-objects.ts';
import { setWaiting } from './whom.ts';

export interface Reconciling {
  readonly store: EventStore;
  readonly db: Database;
  readonly governance: Governance;
  readonly connections: readonly ConnectionConfig[];
  readonly objects: TargetObjects;
  readonly streams: KeptStreams;
  now(): Date;
}

const isTarget = (one: ConnectionConfig): one is Extract<ConnectionConfig, { kind: 'okta' | 'entra' }> => one.kind !== 'hr';

/** A UUID that is the same for the same name, and tells nothing of it. */
export function uuidOf(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex');
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** The id of the identity of a worker: derived, so that it is the same whoever asks first. */
export async function identityIdOf(store: EventStore, connection: string, workerKey: string): Promise<string> {
  return uuidOf(await store.personalFields.opaqueName('identity', connection, workerKey));
}

/**
 * Brings one person up to what is known of them: who they are, which accounts are theirs, and the plan of what their accounts lack. Looks at facts
 * only, never at what happened, so it may run at any time, any number of times; what happened is named as the cause of what is written. Says when time
 * alone will change the answer.
 */
export async function reconcileIdentity(work: Reconciling, identityId: string, lane: PlanInput['lane']): Promise<Handled> {
  const person = await new DirectoryIndex(work.db).person(identityId);
  if (!person) return undefined;
  const { cause } = person;
  const asOf = work.now().toISOString();
  const facts = new PersonFacts(work, { live: because(cause, asOf) }, asOf);
  const planned = await decide(work, facts, { ...person, identityId, asOf, lane });
  if (planned) {
    const holding = { ...work, cause };
    const released = await letGo(holding, planned.draft, await facts.plan(identityId));
    await facts.change(planCategory, streamOf.plan(identityId), releasePlan(released.draft, randomUUID()));
    await askRun(holding, released, await facts.plan(identityId));
    await setWaiting(work.db, identityId, planned.waiting);
  }
  const isToBeSent = planned !== undefined && planned.draft.commands.length > 0;
  await settleLook(work.db, { identityId, cause, inPopulation: lane === 'batch' && isToBeSent });
  return planned && nextLook(planned);
}

const nextLook = ({ draft: { nextDue }, nextLane }: Planned): Handled =>
  nextDue === undefined ? undefined : { next: new Date(nextDue), lane: nextLane };

/** What time alone brings about has no cause, and begins a chain of its own. */
function because(cause: Cause | undefined, asOf: string): (type: string) => EventMetadata {
  const chain = cause ? { correlationId: cause.correlationId, causationId: cause.id } : { correlationId: randomUUID() };
  return (type) => ({ ...chain, occurredAt: asOf, schema: schemaOf(type as EventType), actor: 'reconciliation' });
}

/** The plan as it would be made now. Nothing is written: what correlation would record stays in memory. */
export async function dryRun(work: Reconciling, identityId: string): Promise<PlanDraft | undefined> {
  const person = await new DirectoryIndex(work.db).person(identityId);
  if (!person) return undefined;
  const asOf = work.now().toISOString();
  const facts = new PersonFacts(work, 'dry', asOf);
  const planned = await decide(work, facts, { ...person, identityId, asOf, lane: 'live' });
  return planned && wouldLetGo(work.db, planned.draft, await facts.plan(identityId));
}

interface Look {
  readonly identityId: string;
  readonly workerStream: string;
  readonly asOf: string;
  readonly lane: PlanInput['lane'];
}

async function decide(work: Reconciling, facts: PersonFacts, look: Look): Promise<Planned | undefined> {
  await work.governance.ready;
  const { identityId, workerStream } = look;
  const targets = work.connections.filter(isTarget);
  const [ids] = await Promise.all([idsOf(work.store, identityId), facts.prepare(identityId, workerStream)]);
  const cases = work.governance.casesOf(identityId);
  const answered = cases.filter(({ answer }) => answer !== undefined);
  const index = new DirectoryIndex(work.db);
  const common = { ...look, facts, index, ids, targets };
  const correlation = await correlatePerson({
    ...common,
    authority: authorityOf(work.connections),
    answeredCases: answered.map(({ opened }) => streamOf.case(opened.caseId)),
    opaqueName: (...parts) => work.store.personalFields.opaqueName(...parts),
  });
  if (!correlation) return undefined;
  const retry = new Set(
    answered.flatMap(({ opened, answer }) => (answer === 'retry' && opened.commandId !== undefined ? [opened.commandId] : [])),
  );
  const names = targets.map(({ name }) => name);
  const [fullReads, objects] = await Promise.all([index.fullReads(), work.objects.of(work.db, names)]);
  return planPerson({ ...common, flows: work.governance.flows, cases, retry, fullReads, objects }, correlation);
}

/** HR systems that may create identities win every attribute; among several the first in the file does. */
const authorityOf = (connections: readonly ConnectionConfig[]): Authority => ({
  '*': connections.filter(({ authoritative }) => authoritative).map(({ name }) => name),
});

async function idsOf(store: EventStore, identityId: string): Promise<Ids> {
  const hash = await store.personalFields.valueHasher(streamOf.identity(identityId));
  return {
    commandId: (parts) => uuidOf(JSON.stringify(['command', ...parts])),
    caseId: (parts) => uuidOf(JSON.stringify(['case', ...parts])),
    valueHmac: hash,
  };
}
