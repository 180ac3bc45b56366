import type { ConnectionConfig } from '@muster/connector';
import { streamOf } from '@muster/contracts';
import { type CompiledFlow, type DecisionInput, desiredState, type Manager } from '@muster/flow';
import {
  accountIdOf,
  type ConnectionView,
  holdEverything,
  type Identity,
  type Ids,
  later,
  makePlan,
  type PlanDraft,
  type PlanInput,
  type Provisioning,
  recordAt,
} from '@muster/identity';
import type { Correlation } from './correlate-person.ts';
import type { DirectoryIndex, FullReads } from './directory-index.ts';
import type { KnownCase } from './governance.ts';
import type { PersonFacts } from './person-facts.ts';
import type { KnownObjects } from './target-objects.ts';
import { awaits } from './whom.ts';

type Target = Extract<ConnectionConfig, { kind: 'okta' | 'entra' }>;

export interface Planning {
  readonly identityId: string;
  readonly workerStream: string;
  readonly asOf: string;
  readonly facts: PersonFacts;
  readonly index: DirectoryIndex;
  readonly ids: Ids;
  readonly targets: readonly Target[];
  readonly flows: readonly CompiledFlow[];
  readonly cases: readonly KnownCase[];
  /** Commands that a person decided to try again. */
  readonly retry: ReadonlySet<string>;
  readonly fullReads: ReadonlyMap<string, FullReads>;
  /** By connection. */
  readonly objects: ReadonlyMap<string, KnownObjects>;
}

/** Everything that one plan comes from, and what would make it another one. */
export interface Planned {
  readonly draft: PlanDraft;
  readonly waiting: readonly string[];
}

/** Desired minus actual for one person whose correlation has come to rest. Reads, decides, writes nothing. */
export async function planPerson(planning: Planning, correlation: Correlation): Promise<Planned | undefined> {
  const { facts, identityId, asOf, targets } = planning;
  const identity = await facts.identity(identityId);
  if (identity.identityId === undefined) return undefined;
  const provisioning = await facts.provisioning(identityId);
  const managerKey = typeof identity.attributes.managerKey === 'string' ? identity.attributes.managerKey : null;
  const managers = await planning.index.accountsOfWorkers(managerKey === null ? [] : [managerKey]);
  const decision = await decisionInput(planning, { identity, managerKey, managers });
  const views = await Promise.all(
    targets.map(async (target) => [target.name, await viewOf(planning, target, { identity, provisioning, correlation })] as const),
  );
  const nextDue = correlation.nextDue;
  const input: PlanInput = {
    identity,
    asOf,
    desired: desiredState(decision),
    connections: Object.fromEntries(views),
    provisioning,
    plan: await facts.plan(identityId),
    ids: planning.ids,
    limits: (connection) => targets.find(({ name }) => name === connection)?.limits ?? holdEverything(),
    lane: 'live',
    inputs: facts.inputs(),
    entitlement: (connection, { kind, id }) => planning.objects.get(connection)?.stateOf(kind, id) ?? 'missing',
    managerAccount: (connection, workerKey) => managers.get(`${connection} ${workerKey}`),
    retry: planning.retry,
    ...(nextDue === undefined ? {} : { nextDue }),
  };
  const draft = makePlan(input);
  return { draft, waiting: waitsFor(draft, managerKey) };
}

interface Known {
  readonly identity: Identity;
  readonly managerKey: string | null;
  readonly managers: ReadonlyMap<string, string>;
}

async function decisionInput(planning: Planning, known: Known): Promise<DecisionInput> {
  const { facts, workerStream, asOf, identityId, flows, targets } = planning;
  const { identity } = known;
  const worker = await facts.worker(workerStream);
  const record = recordAt(worker, asOf);
  const stream = streamOf.identity(identityId);
  const ref = (revision: number | undefined) => ({ stream, revision: revision ?? identity.revision });
  const manager = await managerOf(planning, known);
  return {
    identity: { attributes: identity.attributes, provenance: identity.provenance, ref: ref(identity.attributesRevision) },
    lifecycle: { value: identity.lifecycle?.state ?? 'left', ref: ref(identity.lifecycle?.revision) },
    ...(identity.login === undefined ? {} : { login: { value: identity.login, ref: ref(undefined) } }),
    workers: record ? [{ value: record.record, ref: { stream: workerStream, revision: record.revision } }] : [],
    ...(manager === undefined ? {} : { manager }),
    flows,
    connections: targets.map(({ name, kind, domain, writes }) => ({
      name,
      kind,
      writes,
      ...(domain === undefined ? {} : { domain }),
      ...objectsOf(planning, name),
    })),
  };
}

const objectsOf = ({ objects }: Planning, connection: string) => {
  const known = objects.get(connection);
  return known ? { groups: known.groups, apps: known.apps } : {};
};

async function managerOf({ facts, index, targets }: Planning, { managerKey, managers }: Known): Promise<Manager | null | undefined> {
  if (managerKey === null) return null;
  const managerId = await index.identityOfWorker(managerKey);
  if (managerId === undefined) return undefined;
  const manager = await facts.identity(managerId);
  const name = manager.attributes.displayName;
  return {
    employeeNumber: managerKey,
    ...(typeof name === 'string' ? { name } : {}),
    accounts: targets.filter((target) => managers.has(`${target.name} ${managerKey}`)).map((target) => target.name),
    ref: { stream: streamOf.identity(managerId), revision: Math.max(manager.attributesRevision ?? manager.revision, 0) },
  };
}

interface Viewed {
  readonly identity: Identity;
  readonly provisioning: Provisioning;
  readonly correlation: Correlation;
}

async function viewOf(planning: Planning, target: Target, { identity, provisioning, correlation }: Viewed): Promise<ConnectionView> {
  const { facts } = planning;
  const accountId = accountIdOf(identity, provisioning, target.name);
  const openCase = planning.cases.find(
    ({ opened, answer }) => answer === undefined && opened.connection === target.name && opened.kind !== 'lock',
  );
  const account = accountId === undefined ? undefined : await facts.account(target.name, accountId);
  const owner = accountId === undefined ? undefined : (await facts.claim(streamOf.claimAccount(target.name, accountId))).owner;
  return {
    state: target.state,
    settleMs: target.settleMs,
    ...readsOf(planning, target),
    candidates: correlation.candidates.get(target.name) ?? 0,
    ...(account && account.revision >= 0 ? { account } : {}),
    ...(owner === undefined ? {} : { accountOwner: owner }),
    ...(openCase ? { openCase: openCase.opened.caseId } : {}),
  };
}

function readsOf({ fullReads, asOf }: Planning, { name, settleMs }: Target): Pick<ConnectionView, 'createAfter' | 'lastCompleteRead'> {
  const { firstStarted, lastComplete } = fullReads.get(name) ?? {};
  return { createAfter: later(firstStarted ?? asOf, settleMs), ...(lastComplete === undefined ? {} : { lastCompleteRead: lastComplete }) };
}

/** What would change the plan without any fact about the person changing. */
function waitsFor(draft: PlanDraft, managerKey: string | null): string[] {
  const blocked = draft.blocked.flatMap(({ reason, connection }) => {
    if (reason === 'first-read-missing') return [awaits.read(connection)];
    return reason === 'group-missing' || reason === 'app-missing' ? [awaits.objects(connection)] : [];
  });
  return [...blocked, ...(managerKey === null ? [] : [awaits.manager(managerKey)])];
}
