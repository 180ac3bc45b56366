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
  /** Of everything that is not a leaver's. */
  readonly lane: PlanInput['lane'];
}

/** Everything that one plan comes from, and what would make it another one. */
export interface Planned {
  readonly draft: PlanDraft;
  readonly waiting: readonly string[];
  /** How urgent the look at `nextDue` will be. */
  readonly nextLane: 'live' | 'leaver';
}

/** Desired minus actual for one person whose correlation has come to rest. Reads, decides, writes nothing. */
export async function planPerson(planning: Planning, correlation: Correlation): Promise<Planned | undefined> {
  const { facts, identityId, asOf, targets } = planning;
  const identity = await facts.identity(identityId);
  if (identity.identityId === undefined) return undefined;
  const provisioning = await facts.provisioning(identityId);
  const managerKey = typeof identity.attributes.managerKey === 'string' ? identity.attributes.managerKey : null;
  const manager = managerKey === null ? undefined : await planning.index.manager(managerKey);
  const decision = await decisionInput(planning, { identity, managerKey, ...(manager ? { manager } : {}) });
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
    lane: planning.lane,
    inputs: facts.inputs(),
    entitlement: (connection, { kind, id }) => planning.objects.get(connection)?.stateOf(kind, id) ?? 'missing',
    managerAccount: (connection) => manager?.accounts.get(connection),
    retry: planning.retry,
    ...(nextDue === undefined ? {} : { nextDue }),
  };
  const draft = makePlan(input);
  return { draft, waiting: waitsFor(draft, managerKey), nextLane: leavesNext(identity) ? 'leaver' : 'live' };
}

interface Known {
  readonly identity: Identity;
  readonly managerKey: string | null;
  readonly manager?: { readonly identityId: string; readonly accounts: ReadonlyMap<string, string> };
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

async function managerOf({ facts, targets }: Planning, { managerKey, manager }: Known): Promise<Manager | null | undefined> {
  if (managerKey === null) return null;
  if (manager === undefined) return undefined;
  const { attributes, attributesRevision, revision } = await facts.identity(manager.identityId);
  const name = attributes.displayName;
  return {
    employeeNumber: managerKey,
    ...(typeof name === 'string' ? { name } : {}),
    accounts: targets.filter((target) => manager.accounts.has(target.name)).map((target) => target.name),
    ref: { stream: streamOf.identity(manager.identityId), revision: Math.max(attributesRevision ?? revision, 0) },
  };
}

interface Viewed {
  readonly identity: Identity;
  readonly provisioning: Provisioning;
  readonly correlation: Correlation;
}

async function viewOf(planning: Planning, target: Target, { identity, provisioning, correlation }: Viewed): Promise<ConnectionView> {
  const { name, state, settleMs } = target;
  const openCase = planning.cases.find(
    ({ opened, answer }) => answer === undefined && opened.connection === name && opened.kind !== 'lock',
  );
  return {
    state,
    settleMs,
    ...readsOf(planning, target),
    candidates: correlation.candidates.get(name) ?? 0,
    ...(await accountOf(planning, name, accountIdOf(identity, provisioning, name))),
    ...(openCase ? { openCase: openCase.opened.caseId } : {}),
  };
}

function readsOf({ fullReads, asOf }: Planning, { name, settleMs }: Target): Pick<ConnectionView, 'createAfter' | 'lastCompleteRead'> {
  const { firstStarted, lastComplete } = fullReads.get(name) ?? {};
  return { createAfter: later(firstStarted ?? asOf, settleMs), ...(lastComplete === undefined ? {} : { lastCompleteRead: lastComplete }) };
}

async function accountOf({ facts }: Planning, connection: string, accountId: string | undefined) {
  if (accountId === undefined) return {};
  const [account, { owner }] = await Promise.all([
    facts.account(connection, accountId),
    facts.claim(streamOf.claimAccount(connection, accountId)),
  ]);
  return { ...(account.revision >= 0 ? { account } : {}), ...(owner === undefined ? {} : { accountOwner: owner }) };
}

/** Whoever is at work and has a last day is next looked at because of that day. */
const leavesNext = ({ lifecycle }: Identity): boolean =>
  typeof lifecycle?.endsOn === 'string' && (lifecycle.state === 'active' || lifecycle.state === 'onLeave');

/** What would change the plan without any fact about the person changing. */
function waitsFor(draft: PlanDraft, managerKey: string | null): string[] {
  const blocked = draft.blocked.flatMap(({ reason, connection }) => {
    if (reason === 'first-read-missing') return [awaits.read(connection)];
    return reason === 'group-missing' || reason === 'app-missing' ? [awaits.objects(connection)] : [];
  });
  return [...blocked, ...(managerKey === null ? [] : [awaits.manager(managerKey)])];
}
