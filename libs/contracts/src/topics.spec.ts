import { describe, expect, it } from '@jest/globals';
import { catalogue, keyFor, prefixesOf, relayedPrefixes, streamOf, topicFor, topicMap, topicNamed, topics } from './index.ts';

const CONNECTION = 'okta-main';
const carried: [string, string, string][] = [
  [streamOf.worker('hr', 'a.b'), 'muster.source.events.v1', 'worker-hr.a.b'],
  [streamOf.account(CONNECTION, '00u1'), 'muster.source.events.v1', 'account-okta-main.00u1'],
  [streamOf.group(CONNECTION, '00g1'), 'muster.source.events.v1', 'group-okta-main.00g1'],
  [streamOf.app(CONNECTION, '0oa1'), 'muster.source.events.v1', 'app-okta-main.0oa1'],
  [streamOf.device(CONNECTION, 'd'), 'muster.source.events.v1', 'device-okta-main.d'],
  [streamOf.read(CONNECTION), 'muster.source.events.v1', 'read-okta-main'],
  [streamOf.identity('7d-1f'), 'muster.identity.events.v1', '7d-1f'],
  [streamOf.plan('7d-1f'), 'muster.provisioning.commands.v1', '7d-1f'],
  [streamOf.run('r-1'), 'muster.provisioning.commands.v1', 'r-1'],
  [streamOf.provisioning('7d-1f'), 'muster.provisioning.events.v1', '7d-1f'],
  [streamOf.ticket('t'), 'muster.provisioning.events.v1', 't'],
  [streamOf.task('t'), 'muster.provisioning.events.v1', 't'],
];

describe('the topic map', () => {
  it.each(carried)('sends %s to %s under the key %s', (stream, topic, key) => {
    expect(topicFor(stream)?.name).toBe(topic);
    expect(keyFor({ stream })).toBe(key);
  });

  it.each([
    streamOf.claimMatch('h'),
    streamOf.case('c'),
    streamOf.flow('f'),
    streamOf.connection('c'),
    streamOf.limit('c', 'a'),
    streamOf.operator('o'),
    '$ce-worker',
    'nonsense',
  ])('keeps %s in the store', (stream) => {
    expect(topicFor(stream)).toBeUndefined();
  });

  it('gives an identity one key on every topic that is keyed by it', () => {
    const streams = [streamOf.identity('7d'), streamOf.plan('7d'), streamOf.provisioning('7d')];
    expect(new Set(streams.map((stream) => keyFor({ stream })))).toEqual(new Set(['7d']));
  });

  it('lets personal data out in clear on the identity topics only', () => {
    expect(topics.filter((topic) => topic.payload === 'plain').map(({ name }) => name)).toEqual([
      'muster.identity.events.v1',
      'muster.identity.state.v1',
    ]);
    expect(topics.filter((topic) => topic.public)).toEqual(topics.filter((topic) => topic.payload === 'plain'));
  });

  it('keeps events seven days and states for ever, in twelve partitions', () => {
    const week = 604_800_000;
    expect(topics.map(({ cleanup, retentionMs, partitions }) => [cleanup, retentionMs, partitions])).toEqual([
      ['delete', week, 12],
      ['delete', week, 12],
      ['compact', undefined, 12],
      ['delete', week, 12],
      ['delete', week, 12],
    ]);
  });

  it('names the prefixes that a subscription needs', () => {
    expect(prefixesOf(topicMap.identityState)).toEqual(['identity-']);
    expect(prefixesOf(topicMap.provisioningCommands)).toEqual(['plan-', 'run-']);
    expect(relayedPrefixes.toSorted((a, b) => (a < b ? -1 : 1))).toEqual([
      'account-',
      'app-',
      'device-',
      'group-',
      'identity-',
      'plan-',
      'provisioning-',
      'read-',
      'run-',
      'task-',
      'ticket-',
      'worker-',
    ]);
  });

  it('finds topics by name', () => {
    expect(topicNamed('muster.identity.state.v1')).toBe(topicMap.identityState);
    expect(topicNamed('muster.other.v1')).toBeUndefined();
  });

  it('sends an event type that may stand in several streams to one topic', () => {
    for (const { type, streams } of catalogue.values()) {
      expect({ type, topics: new Set(streams.map((category) => topicFor(`${category}-x`)?.name)).size }).toEqual({ type, topics: 1 });
    }
  });
});
