import type { RecordedEvent } from '@muster/event-store';
import type { Stated } from './hire.ts';

/** What is stated, as a store would give it back: recorded when it was true. */
export const stored = (stated: readonly Stated[]): RecordedEvent[] => {
  const revisions = new Map<string, number>();
  return stated.map(({ stream, type, data, occurredAt }, index) => {
    const revision = (revisions.get(stream) ?? -1) + 1;
    revisions.set(stream, revision);
    return {
      id: `event-${index}`,
      type,
      stream,
      revision,
      position: String(index + 1),
      recordedAt: occurredAt,
      data: data as unknown as Record<string, unknown>,
      metadata: { correlationId: 'c', occurredAt, schema: 'muster:test/test.v1', actor: 'test' },
    };
  });
};
