import {
  type AccountLinked,
  type AccountObserved,
  type AccountUnlinked,
  type AppObserved,
  type EntitlementObserved,
  type GroupObserved,
  type IdentityAttributesChanged,
  type IdentityLifecycleChanged,
  type LoginAssigned,
  parseStream,
} from '@muster/contracts';
import { type Worker, workerCategory } from '@muster/identity';
import type { Message } from '@muster/messaging';
import type { Database } from '@muster/read-store';
import type { Fact } from './intervals.ts';
import { erasedStreams, forgetErased } from './erased.ts';
import {
  accountProfile,
  type AccountState,
  accountState,
  type Held,
  held,
  identityProfile,
  type IdentityProfile,
  identityState,
  type KeyedFact,
  link,
  type ObjectState,
  objectState,
  workerRecords,
  writeFacts,
} from './interval-tables.ts';

type Change<V> = Fact<V>['change'];

const fact = <V extends object>(
  { revision, occurredAt, recordedAt }: Message,
  key: readonly string[],
  change: Change<V>,
): KeyedFact<V> => ({
  key,
  revision,
  from: Date.parse(occurredAt),
  recordedAt: Date.parse(recordedAt),
  change,
});

const always =
  <V>(value: V): (() => V) =>
  () =>
    value;

const noAccount: AccountState = { existence: 'there', status: null, enabled: null };

function accountChange({ type, data }: Message): Change<AccountState> | undefined {
  switch (type) {
    case 'AccountObserved': {
      const { aspects, status, enabled } = data as unknown as AccountObserved;
      return (before = noAccount) => ({ ...before, existence: 'there', ...(aspects.includes('status') ? { status, enabled } : {}) });
    }
    case 'AccountDeleted':
      return (before = noAccount) => ({ ...before, existence: 'deleted' });
    case 'AccountRestored':
      return (before = noAccount) => ({ ...before, existence: 'there' });
    default:
      return undefined;
  }
}

/** What an observation says of the account's attributes; the reference to the manager stands among them, unless the profile has one of that name. */
function profileSaid({ data }: Message): AccountObserved['profile'] {
  const { aspects, profile, managerAccountId } = data as unknown as AccountObserved;
  return {
    ...(aspects.includes('manager') && managerAccountId !== undefined ? { manager: managerAccountId } : {}),
    ...(aspects.includes('profile') ? profile : {}),
  };
}

/** Keeps what was observed of accounts. What the keys of an erased person covered is not kept again. */
async function indexAccounts(db: Database, batch: readonly Message[]): Promise<void> {
  const states: KeyedFact<AccountState>[] = [];
  const observed: Message[] = [];
  for (const message of batch) {
    const parsed = parseStream(message.stream);
    const change = accountChange(message);
    if (parsed?.category !== 'account' || change === undefined) continue;
    states.push(fact(message, [parsed.connection, parsed.id], change));
    if (message.type === 'AccountObserved' && !message.erased) observed.push(message);
  }
  await writeFacts(db, accountState, states);
  const erased = await erasedStreams(db, accountProfile.name, observed);
  const profiles = observed
    .filter(({ stream }) => !erased.has(stream))
    .map((message) => {
      const said = profileSaid(message);
      const { connection, accountId } = message.data as unknown as AccountObserved;
      return fact<{ profile: AccountObserved['profile'] }>(message, [connection, accountId], (before) => ({
        profile: { ...before?.profile, ...said },
      }));
    });
  await writeFacts(db, accountProfile, profiles);
}

/** Keeps who holds which group, app, role or licence. Whether the group is there is asked when an answer is made: its deletion closes all of its memberships, its return opens them. */
async function indexHeld(db: Database, batch: readonly Message[]): Promise<void> {
  const facts = batch.flatMap((message) => {
    if (message.type !== 'EntitlementObserved' && message.type !== 'EntitlementGone') return [];
    const { connection, holder, entitlement, via, viaId } = message.data as unknown as EntitlementObserved;
    const key = [connection, holder.kind, holder.id, entitlement.kind, entitlement.id];
    const now: Held =
      message.type === 'EntitlementObserved' ? { held: true, via, via_id: viaId ?? null } : { held: false, via: 'unknown', via_id: null };
    return [fact(message, key, always(now))];
  });
  await writeFacts(db, held, facts);
}

const noObject: ObjectState = { existence: 'there', name: null };

function objectChange({ type, data }: Message): Change<ObjectState> | undefined {
  switch (type) {
    case 'GroupObserved':
    case 'AppObserved':
      return always<ObjectState>({ existence: 'there', name: (data as unknown as GroupObserved | AppObserved).name });
    case 'GroupDeleted':
    case 'AppDeleted':
      return (before = noObject) => ({ ...before, existence: 'deleted' });
    case 'GroupRestored':
      return (before = noObject) => ({ ...before, existence: 'there' });
    default:
      return undefined;
  }
}

async function indexObjectStates(db: Database, batch: readonly Message[]): Promise<void> {
  const facts = batch.flatMap((message) => {
    const parsed = parseStream(message.stream);
    const change = objectChange(message);
    if (change === undefined || (parsed?.category !== 'group' && parsed?.category !== 'app')) return [];
    return [fact(message, [parsed.connection, parsed.category, parsed.id], change)];
  });
  await writeFacts(db, objectState, facts);
}

type WorkerEvent = Parameters<typeof workerCategory.evolve>[1];

async function indexWorkers(db: Database, batch: readonly Message[]): Promise<void> {
  const stated = batch.filter(({ type, erased }) => type === 'WorkerRecorded' && !erased);
  const erased = await erasedStreams(db, workerRecords.name, stated);
  const facts = stated
    .filter(({ stream }) => !erased.has(stream))
    .map((message) =>
      fact<{ worker: Worker }>(message, [message.stream], (before) => {
        const worker = workerCategory.evolve(before?.worker ?? workerCategory.initial, message as unknown as WorkerEvent);
        // Only whoever takes new records needs the keys of those that were taken.
        return { worker: { ...worker, sourceKeys: [] } };
      }),
    );
  await writeFacts(db, workerRecords, facts);
}

/** Keeps what sources say of accounts, groups, apps and workers, in stretches of valid and recorded time. */
export async function indexSourceIntervals(db: Database, batch: readonly Message[]): Promise<void> {
  await indexAccounts(db, batch);
  await indexHeld(db, batch);
  await indexObjectStates(db, batch);
  await indexWorkers(db, batch);
}

const nothingDecided: IdentityProfile = { attributes: {}, sources: {}, login: null };

function decided({ type, data }: Message): Change<IdentityProfile> | undefined {
  switch (type) {
    case 'IdentityAttributesChanged': {
      const { attributes, provenance } = data as unknown as IdentityAttributesChanged;
      const sources = Object.fromEntries(Object.entries(provenance).map(([name, { stream }]) => [name, stream]));
      return (before = nothingDecided) => ({ ...before, attributes, sources });
    }
    case 'LoginAssigned': {
      const { login } = data as unknown as LoginAssigned;
      return (before = nothingDecided) => ({ ...before, login });
    }
    default:
      return undefined;
  }
}

async function indexDecisions(db: Database, batch: readonly Message[]): Promise<void> {
  const open = batch.filter(({ erased }) => !erased);
  const erased = await erasedStreams(db, identityProfile.name, open);
  const facts = open.flatMap((message) => {
    const change = decided(message);
    return change === undefined || erased.has(message.stream) ? [] : [fact(message, [message.data.identityId as string], change)];
  });
  await writeFacts(db, identityProfile, facts);
}

/** A link counts from the beginning of the account: whose it was did not change when we learnt it. A deleted account stays its owner's. */
function linkFact(message: Message): KeyedFact<{ linked: boolean }>[] {
  const { identityId, connection, accountId, reason } = message.data as unknown as AccountLinked & AccountUnlinked;
  const key = [identityId, connection, accountId];
  if (message.type === 'AccountLinked') return [{ ...fact<{ linked: boolean }>(message, key, always({ linked: true })), from: -Infinity }];
  return message.type === 'AccountUnlinked' && reason !== 'deleted'
    ? [fact<{ linked: boolean }>(message, key, always({ linked: false }))]
    : [];
}

/** Keeps what was decided of people and whose each account is, in stretches of valid and recorded time. Forgets the values of the erased. */
export async function indexIdentityIntervals(db: Database, batch: readonly Message[]): Promise<void> {
  const lifecycles = batch.flatMap((message) => {
    if (message.type !== 'IdentityLifecycleChanged') return [];
    const { identityId, state } = message.data as unknown as IdentityLifecycleChanged;
    return [fact<{ lifecycle: string }>(message, [identityId], always({ lifecycle: state }))];
  });
  await writeFacts(db, identityState, lifecycles);
  await indexDecisions(db, batch);
  await writeFacts(db, link, batch.flatMap(linkFact));
  await forgetErased(db, batch);
}
