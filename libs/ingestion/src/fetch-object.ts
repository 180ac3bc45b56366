import { randomUUID } from 'node:crypto';
import type { Aspect } from '@muster/connector';
import type { ReadRef } from '@muster/contracts';
import {
  type AwaitedRead,
  deleteAccount,
  deleteApp,
  deleteGroup,
  observeAccount,
  observeApp,
  observeEntitlements,
  observeGroup,
} from '@muster/identity';
import { type Cause, type Decide, inSequence, type KnownObject, metadataOf, objectCategory, streamOfObject } from './facts.ts';
import { knownObjects, saveKnown } from './known-objects.ts';
import type { ObjectRef, Source } from './source.ts';

/** Why an object is fetched, beside finding out how it is. */
export interface FetchReason {
  /** Reads that settle writes of ours. */
  readonly awaited: readonly (AwaitedRead & { readonly cause?: Cause })[];
  /** What else had it fetched. */
  readonly cause?: Cause;
  /** A positive sign that it is gone. Without one, finding nothing proves nothing. */
  readonly deletion?: 'removed' | 'log' | 'full-read';
  /** What to look at beside the object itself; absent: everything that it holds. */
  readonly aspects?: readonly Aspect[];
}

/** What a fetch could see. */
export interface Fetched {
  /** When the object was asked for: what became true after that may be missing. */
  readonly startedAt: string;
  readonly aspects: readonly Aspect[];
  /** False: something was left out, for want of a permission or because the answer could not be trusted. */
  readonly whole: boolean;
  /** What was left out will be there before long: the system is at work on it. */
  readonly underWay?: true;
}

/**
 * Fetches one object with what it holds and records what was seen. What is known already yields nothing, unless the read is awaited.
 *
 * @throws Fault of the connector; nothing is recorded then.
 */
export async function fetchObject(source: Source, ref: ObjectRef, reason: FetchReason): Promise<Fetched> {
  const read: ReadRef = { readId: randomUUID(), kind: 'fetch', startedAt: source.now().toISOString() };
  const stream = streamOfObject(source.config.name, ref);
  const known = (await knownObjects(source, [ref])).get(stream) ?? { state: objectCategory.initial, revision: -1 };
  const { aspects: _some, ...whole } = reason;
  // Of what was never seen, everything is to be known.
  const seen = await sights[ref.kind](source, ref.id, { read, reason: known.revision < 0 ? whole : reason });
  const { decisions, ...rest } = seen;
  const fetched = { startedAt: read.startedAt, ...rest };
  if (decisions.length === 0) return fetched;
  const { state, revision } = await source.store.transact(
    objectCategory,
    { stream, ...known },
    inSequence(decisions, read.startedAt),
    metadataOf(source, read, causeOf(reason, read.startedAt)),
  );
  await saveKnown(source, [{ stream, state, revision }]);
  return fetched;
}

/** The last write of ours that this fetch settles comes before whatever else had the object fetched. */
function causeOf({ awaited, cause }: FetchReason, startedAt: string): Cause | undefined {
  const served = awaited.filter(({ from }) => Date.parse(from) <= Date.parse(startedAt)).toSorted((a, b) => (a.from < b.from ? -1 : 1));
  return served.at(-1)?.cause ?? cause;
}

interface Fetching {
  read: ReadRef;
  reason: FetchReason;
}

interface Seen extends Omit<Fetched, 'startedAt'> {
  readonly decisions: readonly Decide[];
}

type Sight = (source: Source, id: string, fetching: Fetching) => Promise<Seen>;

/** Nothing was found, which says nothing of whether it is gone unless there is a sign of that. */
const absent = (decisions: readonly Decide[]): Seen => ({ decisions, aspects: [], whole: true });

const seeAccount: Sight = async (source, id, { read, reason }) => {
  const { accounts } = source.connection.readers;
  const sight = await accounts.getAccount(id, { lane: 'live' });
  if (sight === 'absent') {
    const { deletion } = reason;
    return absent(deletion ? [({ holder }) => deleteAccount(deletion, read)(holder)] : []);
  }
  const { underWay, ...observed } = sight;
  const reading = { read, settleMs: source.config.settleMs, awaited: reason.awaited };
  const held = await seeHeld(source, { kind: 'account', id }, { read, reason });
  return {
    decisions: [({ holder }) => observeAccount(observed, reading)(holder), ...held.decisions],
    aspects: [...sight.aspects, ...held.aspects],
    whole: held.whole && !underWay && sight.aspects.includes('profile') && sight.aspects.includes('status'),
    ...(underWay ? { underWay } : {}),
  };
};

const seeGroup: Sight = async (source, id, { read, reason }) => {
  const { groups } = source.connection.readers;
  const sight = await groups.getGroup(id, { lane: 'live' });
  if (sight === 'absent') {
    const { deletion } = reason;
    return absent(deletion ? [({ group }) => deleteGroup(deletion, read)(group)] : []);
  }
  const held = await seeHeld(source, { kind: 'group', id }, { read, reason });
  return {
    ...held,
    decisions: [({ group }) => observeGroup(sight, { read, settleMs: source.config.settleMs })(group), ...held.decisions],
  };
};

const seeApp: Sight = async (source, id, { read, reason }) => {
  const sight = await source.connection.readers.apps.getApp(id, { lane: 'live' });
  if (sight !== 'absent') return { decisions: [({ app }) => observeApp(sight, read)(app)], aspects: [], whole: true };
  const { deletion } = reason;
  return absent(deletion ? [({ app }) => deleteApp(deletion, read)(app)] : []);
};

const sights: Record<ObjectRef['kind'], Sight> = { account: seeAccount, group: seeGroup, app: seeApp };

const HELD: readonly Aspect[] = ['groups', 'apps', 'roles', 'licences'];

/** One decision for each aspect that the read covered whole; for the others an absence means nothing, so nothing is said. */
async function seeHeld(source: Source, holder: { kind: 'account' | 'group'; id: string }, { read, reason }: Fetching): Promise<Seen> {
  const wanted = reason.aspects?.filter((aspect) => HELD.includes(aspect));
  if (wanted?.length === 0) return { decisions: [], aspects: [], whole: true };
  const held = await source.connection.readers.entitlements.entitlementsOf(holder, {
    lane: 'live',
    ...(wanted ? { aspects: wanted } : {}),
  });
  const reading = { read: { ...read, startedAt: held.startedAt }, settleMs: source.config.settleMs, awaited: reason.awaited };
  const itemsOf = (aspect: Aspect) => held.items.filter(({ entitlement }) => aspectOfKind[entitlement.kind] === aspect);
  const decisions = held.aspects.map(
    (aspect) =>
      ({ holder: known }: KnownObject) =>
        observeEntitlements({ connection: source.config.name, holder }, { aspect, items: itemsOf(aspect) }, reading)(known),
  );
  return { decisions, aspects: held.aspects, whole: held.incompleteBecause.length === 0 };
}

const aspectOfKind = { group: 'groups', app: 'apps', role: 'roles', licence: 'licences' } as const;
