import { schemaOf, streamOf } from '@muster/contracts';
import type { EventMetadata, Loaded } from '@muster/event-store';
import {
  type Account,
  accountCategory,
  type AccountEvent,
  type App,
  appCategory,
  type AppEvent,
  fold,
  type Group,
  groupCategory,
  type GroupEvent,
  type ReadEvent,
  type StreamCategory,
} from '@muster/identity';
import type { ObjectKind, ObjectRef, Source } from './source.ts';

/** What is known of an object: as a holder of entitlements, and as what it is itself. Groups and apps have a face of their own. */
export interface KnownObject {
  readonly holder: Account;
  readonly group: Group;
  readonly app: App;
}

type FactEvent = AccountEvent | GroupEvent | AppEvent;

/** The fold of an object's stream. One stream holds what an object is and what it holds, so all faces are folded together. */
export const objectCategory: StreamCategory<KnownObject, FactEvent> = {
  name: 'object',
  initial: { holder: accountCategory.initial, group: groupCategory.initial, app: appCategory.initial },
  types: [...accountCategory.types, ...groupCategory.types, ...appCategory.types],
  timeless: true,
  evolve: (known, event) => ({
    holder: fold(accountCategory, [event as Parameters<typeof accountCategory.evolve>[1]], known.holder),
    group: fold(groupCategory, [event as Parameters<typeof groupCategory.evolve>[1]], known.group),
    app: fold(appCategory, [event as Parameters<typeof appCategory.evolve>[1]], known.app),
  }),
};

/** Raise it when a fold of the core changes: saved states of another number are folded anew. */
export const FOLD = 1;

const streams: Record<ObjectKind, (connection: string, id: string) => string> = {
  account: streamOf.account,
  group: streamOf.group,
  app: streamOf.app,
};

export const streamOfObject = (connection: string, { kind, id }: ObjectRef): string => streams[kind](connection, id);

export type Decide = (known: KnownObject) => FactEvent[];

/** Decisions one after the other: each sees what those before it recorded. `at` stands for the time that the store has not given yet. */
export const inSequence =
  (decisions: readonly Decide[], at: string): Decide =>
  (known) => {
    const events: FactEvent[] = [];
    let state = known;
    for (const decide of decisions) {
      const next = decide(state);
      const revision = state.holder.revision;
      state = fold(
        objectCategory,
        next.map((event, index) => ({ ...event, id: '', revision: revision + 1 + index, recordedAt: at })),
        state,
      );
      events.push(...next);
    }
    return events;
  };

/** The event that had something read, and what that belongs to. */
export type Cause = Pick<EventMetadata, 'correlationId'> & { readonly causationId: string };

/** Facts of one read belong together, or to what had them read, and were true when it began. */
export const metadataOf =
  (source: Source, read: { readId: string; startedAt: string }, cause?: Cause) =>
  (event: FactEvent | ReadEvent): EventMetadata => ({
    correlationId: read.readId,
    ...cause,
    occurredAt: read.startedAt,
    schema: schemaOf(event.type),
    actor: `connector:${source.config.name}`,
  });

export type LoadedObject = Loaded<KnownObject>;
