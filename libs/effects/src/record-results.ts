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

/**
 * Records what became of calls, all or none; what is known already yields nothing. A store that is away is waited for, a minute long: an answer that
 * came is worth it, as without a record the effect has to be looked for.
 *
 * @throws what the store throws
 */
export async function recordResults(recording: Recording, events: readonly ProvisioningEvent[]): Promise<void> {
  if (events.length === 0) return;
  const { store, identityId, actor, known } = recording;
  const giveUpAt = performance.now() + PATIENCE_MS;
  for (let pause = 100; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    try {
      await store.transact(
        provisioningCategory,
        { stream: streamOf.provisioning(identityId), ...known },
        (state) => events.flatMap((event) => decide(event)(state)),
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
      return;
    } catch (error) {
      const passes = error instanceof StoreUnavailable || error instanceof TooMuchContention;
      if (!passes || performance.now() > giveUpAt) throw error;
      await sleep(pause);
    }
  }
}
