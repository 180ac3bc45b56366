import { describe, expect, it } from '@jest/globals';
import type { RecordedEvent } from '@muster/event-store';
import { Outbox } from './outbox.ts';

const events = (count: number): RecordedEvent[] => Array.from({ length: count }, (_, revision) => ({ revision }) as RecordedEvent);

describe('the outbox of the relay', () => {
  it('gives what has piled up, at most 500, and the same again until it is dropped', async () => {
    const outbox = new Outbox();
    const { signal } = new AbortController();
    await outbox.add(events(300), signal);
    await outbox.add(events(300), signal);
    expect(await outbox.next(0, signal)).toHaveLength(500);
    expect(await outbox.next(0, signal)).toHaveLength(500);
    outbox.drop(500);
    expect(await outbox.next(0, signal)).toHaveLength(100);
  });

  it('makes whoever brings wait while it is full', async () => {
    const outbox = new Outbox();
    const { signal } = new AbortController();
    let added = false;
    const adding = outbox.add(events(2_100), signal).then(() => (added = true));
    await new Promise(setImmediate);
    expect(added).toBe(false);
    outbox.drop(500);
    await adding;
    expect(added).toBe(true);
  });

  it('lets everybody go when it is over', async () => {
    const outbox = new Outbox();
    const over = new AbortController();
    const waiting = outbox.next(0, over.signal);
    const adding = outbox.add(events(3_000), over.signal);
    over.abort();
    await adding;
    expect(await waiting).toEqual([]);
  });
});
