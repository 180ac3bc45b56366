import { describe, expect, it } from '@jest/globals';
import { decideAppend, type StreamFacts } from './append-rules.ts';
import { DELETED, type Expected, type ProposedEvent } from './events.ts';

const proposed = (id: string): ProposedEvent => ({ id, type: 'Noted', json: true, metadata: new Uint8Array(), data: new Uint8Array() });

interface Given {
  stored?: string;
  recent?: string;
  softDeleted?: boolean;
  hasMetadata?: boolean;
}

/** Ids are letters; the stream holds `stored` from revision 0, the store still remembers `recent`. */
const decide = ({ stored = '', recent = '', softDeleted = false, hasMetadata = false }: Given, expected: Expected, ids: string): string => {
  const facts: StreamFacts = {
    head: stored.length - 1,
    softDeleted,
    hasMetadata,
    at: (revision) => (stored[revision] ? { id: stored[revision], position: revision * 10 } : undefined),
    recent: (id) =>
      recent.includes(id) && stored.includes(id) ? { revision: stored.indexOf(id), position: stored.indexOf(id) * 10 } : undefined,
  };
  const decision = decideAppend({ expected, events: ids.split('').map(proposed) }, facts);
  return decision.kind === 'written' ? `repeat of ${decision.revision}` : decision.kind;
};

const conflict = 'wrong-expected-version';

describe('an append with an exact revision', () => {
  it.each<[string, Given, Expected, string, string]>([
    ['at the end is written', { stored: 'ab' }, 1, 'c', 'write'],
    ['at the end is written even if its id is in the stream', { stored: 'ab', recent: 'ab' }, 1, 'a', 'write'],
    ['ahead of the end conflicts', { stored: 'ab' }, 2, 'c', conflict],
    ['on a stream that does not exist conflicts', {}, 0, 'a', conflict],
    ['behind the end conflicts', { stored: 'ab' }, 0, 'c', conflict],
    ['behind the end with the ids that are there is a repetition', { stored: 'abc' }, 0, 'bc', 'repeat of 2'],
    ['is a repetition for ever, whatever the store remembers', { stored: 'abc', recent: '' }, 'no_stream', 'ab', 'repeat of 1'],
    ['that repeats and then adds conflicts', { stored: 'abc' }, 0, 'bcd', conflict],
    ['that repeats in another order conflicts', { stored: 'abc' }, 0, 'cb', conflict],
    ['of nothing, behind the end, conflicts', { stored: 'ab' }, 0, '', conflict],
  ])('%s', (_, given, expected, ids, outcome) => {
    expect(decide(given, expected, ids)).toBe(outcome);
  });
});

describe('an append that wants no stream', () => {
  it.each<[string, Given, string, string]>([
    ['is written if there is none', {}, 'a', 'write'],
    ['conflicts if there is one', { stored: 'a' }, 'b', conflict],
    ['is written behind a stream that was deleted softly', { stored: 'ab', softDeleted: true }, 'c', 'write'],
    ['of a stream that was deleted softly is still a repetition', { stored: 'ab', softDeleted: true }, 'ab', 'repeat of 1'],
  ])('%s', (_, given, ids, outcome) => {
    expect(decide(given, 'no_stream', ids)).toBe(outcome);
  });
});

describe('an append at any revision', () => {
  it.each<[string, Given, Expected, string, string]>([
    ['is written', { stored: 'ab', recent: 'ab' }, 'any', 'c', 'write'],
    ['is a repetition while the store remembers the ids', { stored: 'ab', recent: 'ab' }, 'any', 'ab', 'repeat of 1'],
    ['is written again when the store has forgotten', { stored: 'ab', recent: '' }, 'any', 'ab', 'write'],
    ['that repeats and then adds conflicts', { stored: 'ab', recent: 'ab' }, 'any', 'bc', conflict],
    ['of new events before old ones is written, the old ones twice', { stored: 'ab', recent: 'ab' }, 'any', 'ca', 'write'],
    ['of a stream that must exist conflicts if it does not', {}, 'stream_exists', 'a', conflict],
    ['of a stream that must exist is content with its metadata', { hasMetadata: true }, 'stream_exists', 'a', 'write'],
    [
      'of a stream that must exist fails if it was deleted softly',
      { stored: 'a', softDeleted: true },
      'stream_exists',
      'b',
      'stream-deleted',
    ],
  ])('%s', (_, given, expected, ids, outcome) => {
    expect(decide(given, expected, ids)).toBe(outcome);
  });
});

it.each<Expected>(['any', 'no_stream', 'stream_exists', 3])('nothing is appended to a tombstone at %s', (expected) => {
  const facts: StreamFacts = { head: DELETED, softDeleted: false, hasMetadata: true, at: () => undefined, recent: () => undefined };
  expect(decideAppend({ expected, events: [proposed('a')] }, facts)).toEqual({ kind: 'stream-deleted' });
});
