import { setTimeout as sleep } from 'node:timers/promises';
import { schemaOf, streamOf } from '@muster/contracts';
import { type EventStore, type Loaded, StoreUnavailable, TooMuchContention } from '@muster/event-store';
import { type Provisioning, provisioningCategory, type ProvisioningEvent, recordEnd, recordSent } from '@muster/identity';
import type { Planned } from './identity-facts.ts';

const PATIENCE_MS = 60_000;
const LONGEST_PAUSE_MS = 2_000;

/** What results are recorded with. */
export interface Recording {
  readonly store: EventStore;
  readonly identityId: string;
  readonly actor: string;
  /** The results as they were read last. */
  readonly known: Loaded<Provisioning>;
  /** The plan that asked for a command. */
  plannedBy(commandId: string): Planned | undefined;
}

const decide = (event: ProvisioningEvent): ((state: Provisioning) => ProvisioningEvent[]) =>
  event.type === 'CommandEnded' ? recordEnd(event.data) : recordSent(event.data);

const fold = ({ state, revision }: Loaded<Provisioning>, events: readonly ProvisioningEvent[]): Loaded<Provisioning> => {
  const loaded = { state, revision };
  for (const event of events) {
    loaded.revision += 1;
    // Neither the store's clock nor the event's id is looked at by this fold.
    loaded.state = provisioningCategory.evolve(loaded.state, { ...event, revision: loaded.revision, recordedAt: '', id: '' });
  }
  return loaded;
};

/**
 * Records what became of calls, all or none, and gives the results as they are then; what is known already yields nothing. A store that is away is waited
 * for, a minute long: an answer that came is worth it, as without a record the effect has to be looked for.
 *
 * @throws what the store throws
 */
export async function recordResults(recording: Recording, events: readonly ProvisioningEvent[]): Promise<Loaded<Provisioning>> {
  const { store, identityId, actor, known } = recording;
  const giveUpAt = performance.now() + PATIENCE_MS;
  let before = known;
  let news: ProvisioningEvent[] = [];
  for (let pause = 100; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    try {
      await store.decide(
        provisioningCategory,
        { stream: streamOf.provisioning(identityId), ...known },
        (state, revision) => {
          before = { state, revision };
          news = events.flatMap((event) => decide(event)(state));
          return news;
        },
        (event: ProvisioningEvent) => {
          const planned = recording.plannedBy(event.data.commandId);
          return {
            correlationId: planned?.correlationId ?? event.data.commandId,
            ...(planned === undefined ? {} : { causationId: planned.eventId }),
            occurredAt: event.type === 'CommandEnded' ? event.data.answeredAt : event.data.sentAt,
            schema: schemaOf(event.type),
            actor,
          };
        },
      );
      return fold(before, news);
    } catch (error) {
      const passes = error instanceof StoreUnavailable || error instanceof TooMuchContention;
      if (!passes || performance.now() > giveUpAt) throw error;
      await sleep(pause);
    }
  }
}
