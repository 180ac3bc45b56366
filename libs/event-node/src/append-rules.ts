import { DELETED, type AppendRequest, type Expected, type Outcome, type ProposedEvent } from './events.ts';

/** What the rules look at; `head` is -1 for a stream without events. */
export interface StreamFacts {
  head: number;
  softDeleted: boolean;
  hasMetadata: boolean;
  /** The event at a revision. */
  at(revision: number): { id: string; position: number } | undefined;
  /** An event among the last ones of the store, if it is one of this stream. */
  recent(id: string): { revision: number; position: number } | undefined;
}

export type Decision = { kind: 'write' } | Exclude<Outcome, { kind: 'timeout' | 'too-large' }>;

const WRITE: Decision = { kind: 'write' };

/**
 * EventStoreDB's rules for expected revisions and repeated events. With an exact revision or `no_stream` the events that are stored behind it are compared
 * by id, for ever; with `any` and `stream_exists` only ids of recent events are recognised. The content is never compared.
 */
export const decideAppend = ({ expected, events }: Pick<AppendRequest, 'expected' | 'events'>, facts: StreamFacts): Decision => {
  if (facts.head === DELETED) return { kind: 'stream-deleted' };
  switch (expected) {
    case 'any':
      return weakRepeat(expected, events, facts);
    case 'stream_exists':
      if (facts.softDeleted) return { kind: 'stream-deleted' };
      return facts.head < 0 && !facts.hasMetadata ? wrong(expected, facts) : weakRepeat(expected, events, facts);
    case 'no_stream':
      return exact(expected, -1, events, facts);
    default:
      return exact(expected, expected, events, facts);
  }
};

const wrong = (expected: Expected, { head }: StreamFacts): Decision => ({ kind: 'wrong-expected-version', expected, current: head });

const weakRepeat = (expected: Expected, events: readonly ProposedEvent[], facts: StreamFacts): Decision => {
  let last: { revision: number; position: number } | undefined;
  for (const { id } of events) {
    const found = facts.recent(id);
    // New events behind old ones are a corrupted repetition; old ones behind new ones are written again.
    if (!found) return last ? wrong(expected, facts) : WRITE;
    last = found;
  }
  return last ? { kind: 'written', ...last } : WRITE;
};

const exact = (expected: Expected, revision: number, events: readonly ProposedEvent[], facts: StreamFacts): Decision => {
  if (revision === facts.head) return WRITE;
  if (revision > facts.head) return wrong(expected, facts);
  let last: { revision: number; position: number } | undefined;
  for (const [index, { id }] of events.entries()) {
    const stored = facts.at(revision + 1 + index);
    if (stored?.id !== id) return index === 0 && expected === 'no_stream' && facts.softDeleted ? WRITE : wrong(expected, facts);
    last = { revision: revision + 1 + index, position: stored.position };
  }
  return last ? { kind: 'written', ...last } : wrong(expected, facts);
};
