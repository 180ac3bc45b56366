import { type AccountLinked, type AccountUnlinked, type EntitlementRef, parseStream, type Profile, streamOf } from '@muster/contracts';
import type { RecordedEvent } from '@muster/event-store';
import {
  type Account,
  accountCategory,
  attributesOf,
  fold,
  type Identity,
  identityCategory,
  lifecycleAt,
  recordAt,
  type StreamCategory,
  type Worker,
  workerCategory,
} from '@muster/identity';
import { type Axes, isKnown, within } from './axes.ts';

/** An account as it stood. */
export interface AccountThen {
  readonly connection: string;
  readonly accountId: string;
  readonly status: string;
  readonly enabled: boolean;
  readonly profile: Profile;
  readonly entitlements: readonly EntitlementRef[];
}

/** A person as they stood, before anything is said of the groups and apps themselves. */
export interface PersonThen {
  readonly lifecycle: string;
  readonly login?: string;
  readonly attributes: Profile;
  readonly accounts: readonly AccountThen[];
  readonly notes: readonly string[];
}

const foldOf = <S, E extends { type: string; data: object }>(category: StreamCategory<S, E>, events: readonly RecordedEvent[]): S =>
  fold(category, events as unknown as Parameters<typeof fold<S, E>>[1]);

const DELETED = 'deleted';

/**
 * The accounts that were this person's. A link counts from the beginning of the account, as soon as it is known: whose it was did not change when we
 * learnt it. A link that was wrong counts until it was taken apart; a deleted account stays theirs.
 */
function accountStreams(identityEvents: readonly RecordedEvent[], axes: Axes): Set<string> {
  const theirs = new Set<string>();
  for (const event of identityEvents) {
    if (!isKnown(event, axes.knownAt)) continue;
    const { connection, accountId, reason } = event.data as unknown as AccountLinked & AccountUnlinked;
    if (event.type === 'AccountLinked') theirs.add(streamOf.account(connection, accountId));
    if (event.type === 'AccountUnlinked' && reason !== DELETED && within(axes)(event))
      theirs.delete(streamOf.account(connection, accountId));
  }
  return theirs;
}

function accountThen(stream: string, account: Account): AccountThen[] {
  const parsed = parseStream(stream);
  if (parsed?.category !== 'account' || account.existence === 'unknown') return [];
  const there = account.existence === 'there';
  return [
    {
      connection: parsed.connection,
      accountId: parsed.id,
      status: there ? (account.status ?? 'unknown') : DELETED,
      enabled: there && account.enabled?.value === true,
      profile: Object.fromEntries(Object.entries(account.fields).map(([name, { value }]) => [name, value])),
      entitlements: there ? Object.values(account.entitlements).flatMap(({ value, entitlement }) => (value ? [entitlement] : [])) : [],
    },
  ];
}

/** What HR says holds on that day; what another source won is kept from the identity. Without a record the identity speaks alone. */
function attributesThen(identity: Identity, worker: Worker, { stream, asOf }: { stream: string | undefined; asOf: string }): Profile {
  const record = recordAt(worker, asOf)?.record;
  if (record === undefined) return identity.attributes;
  const elsewhere = Object.entries(identity.attributes).filter(([name]) => identity.provenance[name]?.stream !== stream);
  return { ...attributesOf(record), ...Object.fromEntries(elsewhere) };
}

function lifecycleThen(identity: Identity, worker: Worker, asOf: string): { state: string; notes: string[] } {
  const stated = lifecycleAt(worker, asOf)?.state;
  const governed = identity.lifecycle?.state;
  const state = stated ?? governed ?? 'unknown';
  if (stated !== undefined && governed !== undefined && stated !== governed)
    return { state, notes: [`HR states "${stated}" for that day; what Muster had recorded of the lifecycle by then was "${governed}"`] };
  return { state, notes: state === 'unknown' ? ['nothing was recorded of this person for that day'] : [] };
}

/**
 * Folds a person's streams up to a point on both time axes: what was true at `asOf`, as far as it was recorded at `knownAt`. `history` holds the streams
 * of `readHistory`, each in its order. Deleted accounts are kept as such.
 */
export function personAsOf(history: readonly RecordedEvent[], axes: Axes): PersonThen {
  const streams = Map.groupBy(history, ({ stream }) => stream);
  const byCategory = (category: string) => [...streams].filter(([name]) => name.startsWith(`${category}-`));
  const identityEvents = byCategory('identity').flatMap(([, events]) => events);
  const counts = within(axes);
  const identity = foldOf(identityCategory, identityEvents.filter(counts));
  const [workerStream, workerEvents] = byCategory('worker')[0] ?? [undefined, []];
  const worker = foldOf(workerCategory, workerEvents.filter(counts));
  const { state, notes } = lifecycleThen(identity, worker, axes.asOf);
  const erased = identityEvents.some(({ type }) => type === 'IdentityErased') || history.some((event) => event.erased);
  return {
    lifecycle: state,
    ...(identity.login === undefined ? {} : { login: identity.login }),
    attributes: attributesThen(identity, worker, { stream: workerStream, asOf: axes.asOf }),
    accounts: [...accountStreams(identityEvents, axes)]
      .toSorted()
      .flatMap((stream) => accountThen(stream, foldOf(accountCategory, (streams.get(stream) ?? []).filter(counts)))),
    notes: [...notes, ...(erased ? ['personal data of this person was erased: values are gone for ever, at every date'] : [])],
  };
}
