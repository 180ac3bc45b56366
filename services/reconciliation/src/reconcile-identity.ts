import { createHash, randomUUID } from 'node:crypto';
import type { ConnectionConfig } from '@muster/connector';
import { schemaOf, streamOf, type EventType } from '@muster/contracts';
import type { EventMetadata, EventStore } from '@muster/event-store';
import { type Authority, type Ids, planCategory, type PlanDraft, releasePlan } from '@muster/identity';
import type { Database } from '@muster/read-store';
import { correlatePerson } from './correlate-person.ts';
import { DirectoryIndex } from './directory-index.ts';
import type { Governance } from './governance.ts';
import { askRun, letGo, wouldLetGo } from './hold-in-run.ts';
import type { KeptStreams } from './kept-streams.ts';
import { PersonFacts } from './person-facts.ts';
import { planPerson } from './plan-person.ts';
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
 * only, never at what happened, so it may run at any time, any number of times. Returns when time alone will change the answer.
 */
export async function reconcileIdentity(work: Reconciling, identityId: string): Promise<Date | undefined> {
  const correlationId = randomUUID();
  const asOf = work.now().toISOString();
  const live = (type: string): EventMetadata => ({
    correlationId,
    occurredAt: asOf,
    schema: schemaOf(type as EventType),
    actor: 'reconciliation',
  });
  const facts = new PersonFacts(work, { live }, asOf);
  const planned = await decide(work, facts, { identityId, asOf });
  if (!planned) return undefined;
  const released = await letGo(work, planned.draft, await facts.plan(identityId));
  await facts.change(planCategory, streamOf.plan(identityId), releasePlan(released.draft, randomUUID()));
  await askRun(work, released, await facts.plan(identityId));
  await setWaiting(work.db, identityId, planned.waiting);
  return planned.draft.nextDue === undefined ? undefined : new Date(planned.draft.nextDue);
}

/** The plan as it would be made now. Nothing is written: what correlation would record stays in memory. */
export async function dryRun(work: Reconciling, identityId: string): Promise<PlanDraft | undefined> {
  const asOf = work.now().toISOString();
  const facts = new PersonFacts(work, 'dry', asOf);
  const planned = await decide(work, facts, { identityId, asOf });
  return planned && wouldLetGo(work.db, planned.draft, await facts.plan(identityId));
}

async function decide(work: Reconciling, facts: PersonFacts, { identityId, asOf }: { identityId: string; asOf: string }) {
  await work.governance.ready;
  const index = new DirectoryIndex(work.db);
  const workerStream = await index.workerStream(identityId);
  if (workerStream === undefined) return undefined;
  const cases = work.governance.casesOf(identityId);
  const answered = cases.filter(({ answer }) => answer !== undefined);
  const targets = work.connections.filter(isTarget);
  const ids = await idsOf(work.store, identityId);
  const common = { identityId, workerStream, asOf, facts, index, ids, targets };
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
  const [fullReads, objects] = await Promise.all([
    index.fullReads(),
    work.objects.of(
      work.db,
      targets.map(({ name }) => name),
    ),
  ]);
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
