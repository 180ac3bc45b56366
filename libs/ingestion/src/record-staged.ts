import type { ObservedAccount, ObservedApp, ObservedGroup } from '@muster/connector';
import type { ReadRef } from '@muster/contracts';
import { type NewEvent, WrongRevision } from '@muster/event-store';
import { entitlementKey, observeAccount, observeApp, observeEntitlement, observeGroup } from '@muster/identity';
import { type Decide, inSequence, type KnownObject, type LoadedObject, metadataOf, objectCategory, streamOfObject } from './facts.ts';
import { knownObjects, saveKnown } from './known-objects.ts';
import type { ObjectRef, Source } from './source.ts';
import { type StagedObject, stagedObjects } from './staging.ts';

/** What the comparison of a full read with what was known came to. */
export interface Compared {
  readonly created: number;
  /** Objects that differ from what is recorded: to be fetched, one by one. */
  readonly differing: readonly ObjectRef[];
}

/**
 * Compares everything that a full read staged with what is recorded. Objects without a stream get one; what differs otherwise is not recorded
 * here but handed back, to be confirmed by a fetch. Safe to repeat.
 */
export async function recordStaged(source: Source, read: ReadRef): Promise<Compared> {
  let created = 0;
  const differing: ObjectRef[] = [];
  for await (const objects of stagedObjects(source.database.db, read.readId)) {
    const known = await knownObjects(source, objects);
    const outcomes = await Promise.all(
      objects.map((object) => recordObject(source, read, { object, known: known.get(streamOfObject(source.config.name, object)) })),
    );
    await saveKnown(
      source,
      outcomes.flatMap(({ state }) => (state ? [state] : [])),
    );
    created += outcomes.filter((outcome) => outcome.kind === 'created').length;
    differing.push(
      ...outcomes
        .flatMap((outcome, index) => (outcome.kind === 'differs' ? [objects[index] as ObjectRef] : []))
        .map(({ kind, id }) => ({ kind, id })),
    );
  }
  return { created, differing };
}

interface Outcome {
  kind: 'same' | 'created' | 'differs';
  state?: { stream: string } & LoadedObject;
}

const APPEND_LIMIT = 500;

async function recordObject(
  source: Source,
  read: ReadRef,
  { object, known }: { object: StagedObject; known: LoadedObject | undefined },
): Promise<Outcome> {
  const stream = streamOfObject(source.config.name, object);
  // A saved state may be behind its stream: then the object counts as differing, and the fetch that follows decides on the whole stream.
  const current = known && known.revision >= 0 ? known : await source.store.load(objectCategory, stream);
  const events = inSequence(decisionsOf(source, read, object), read.startedAt)(current.state);
  const state = { stream, ...current };
  if (current.revision >= 0) return { kind: events.length > 0 || lacks(object, current.state) ? 'differs' : 'same', state };
  if (events.length === 0) return { kind: 'same' };
  const created = await createStream(
    source,
    stream,
    events.map((event) => ({ ...event, metadata: metadataOf(source, read)(event) })),
  );
  return created ? { kind: 'created', state: { stream, ...(await source.store.load(objectCategory, stream)) } } : { kind: 'differs' };
}

/** Writes the first events of a stream; false if somebody else did meanwhile. */
async function createStream(source: Source, stream: string, events: readonly NewEvent[]): Promise<boolean> {
  try {
    for (let start = 0; start < events.length; start += APPEND_LIMIT)
      await source.store.append(stream, events.slice(start, start + APPEND_LIMIT), start === 0 ? 'none' : start - 1);
    return true;
  } catch (error) {
    if (error instanceof WrongRevision) return false;
    throw error;
  }
}

/** What is recorded as held and was not staged. It may be gone, or have been listed too early: only a fetch can tell. */
const lacks = (object: StagedObject, { holder }: KnownObject): boolean => {
  const seen = new Set(object.held.map(({ data }) => entitlementKey(data.entitlement)));
  return (
    object.kind !== 'app' &&
    Object.entries(holder.entitlements).some(([key, { value, via }]) => value && via === 'direct' && !seen.has(key))
  );
};

function decisionsOf(source: Source, read: ReadRef, object: StagedObject): Decide[] {
  const sight = object.sight ? [sightOf(source, { ...read, startedAt: object.sight.readAt }, object)] : [];
  const held = object.held.map(
    ({ data, readAt }): Decide =>
      ({ holder }) =>
        observeEntitlement({ connection: source.config.name, holder: data.holder }, data, { ...read, startedAt: readAt })(holder),
  );
  return [...sight, ...held];
}

function sightOf(source: Source, read: ReadRef, object: StagedObject): Decide {
  const data = object.sight?.data;
  const reading = { read, settleMs: source.config.settleMs };
  switch (object.kind) {
    case 'account':
      return ({ holder }) => observeAccount(data as ObservedAccount, reading)(holder);
    case 'group':
      return ({ group }) => observeGroup(data as ObservedGroup, reading)(group);
    case 'app':
      return ({ app }) => observeApp(data as ObservedApp, read)(app);
  }
}
