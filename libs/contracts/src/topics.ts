import { categoryOf, type Category } from './streams.ts';

/** One Kafka topic, and what the embedded transport fans out under the same name. */
export interface Topic {
  readonly name: string;
  /** What the topic is for, in one sentence. */
  readonly description: string;
  /** Categories whose events travel here; empty for a topic that is folded from others. */
  readonly categories: readonly Category[];
  /** The category whose fold the messages are: one message is the whole state behind the last event of its stream. */
  readonly foldOf?: Category;
  /** The message key: the whole stream name, or the part behind `identity-`, `plan-`, `provisioning-` and so on. Messages of one key stay in order. */
  readonly key: 'stream' | 'identity';
  /** True: for subscribers outside the product. */
  readonly public: boolean;
  /** plain: personal fields are readable; stored: the value is what the store holds, personal fields as ciphertext. */
  readonly payload: 'plain' | 'stored';
  readonly cleanup: 'delete' | 'compact';
  /** Milliseconds; absent for compacted topics. */
  readonly retentionMs?: number;
  readonly partitions: number;
}

const SEVEN_DAYS_MS = 7 * 24 * 60 * 60 * 1000;
const PARTITIONS = 12;

const kept = { cleanup: 'delete', retentionMs: SEVEN_DAYS_MS, partitions: PARTITIONS } as const;

/** The topic map: the only place that knows which events travel where. */
export const topicMap = {
  source: {
    name: 'muster.source.events.v1',
    description: 'What was observed in HR systems and directories.',
    categories: ['worker', 'account', 'group', 'app', 'device', 'read'],
    key: 'stream',
    public: false,
    payload: 'stored',
    ...kept,
  },
  identityEvents: {
    name: 'muster.identity.events.v1',
    description: 'Every change of an identity: attributes, lifecycle, login and links.',
    categories: ['identity'],
    key: 'identity',
    public: true,
    payload: 'plain',
    ...kept,
  },
  identityState: {
    name: 'muster.identity.state.v1',
    description:
      'The current state of every identity, for subscribers that begin: read this to its end, then follow the events by sequence. An empty value is an erased identity.',
    categories: [],
    foldOf: 'identity',
    key: 'identity',
    public: true,
    payload: 'plain',
    cleanup: 'compact',
    partitions: PARTITIONS,
  },
  provisioningCommands: {
    name: 'muster.provisioning.commands.v1',
    description:
      'Plans and runs, whole: every event of the stream travels, so that its revisions have no gaps; a released plan is the command to act.',
    categories: ['plan', 'run'],
    key: 'identity',
    public: false,
    payload: 'stored',
    ...kept,
  },
  provisioningEvents: {
    name: 'muster.provisioning.events.v1',
    description: 'What became of each call on a foreign system, of tickets and of tasks.',
    categories: ['provisioning', 'ticket', 'task'],
    key: 'identity',
    public: false,
    payload: 'stored',
    ...kept,
  },
} as const satisfies Record<string, Topic>;

/** Every topic, in the order of the way of a change. */
export const topics: readonly Topic[] = Object.values(topicMap);

const byCategory = new Map<Category, Topic>(topics.flatMap((topic) => topic.categories.map((category) => [category, topic] as const)));
const byName = new Map<string, Topic>(topics.map((topic) => [topic.name, topic]));

/** The topic that carries the events of a stream; undefined for streams that stay in the store. */
export const topicFor = (stream: string): Topic | undefined => {
  const category = categoryOf(stream);
  return category && byCategory.get(category);
};

/** A topic by its name; undefined if there is none. */
export const topicNamed = (name: string): Topic | undefined => byName.get(name);

/**
 * The message key of an event, from its stream alone, so that all events of a stream have one key. For topics keyed by identity it is the
 * part behind the category: the identity's id for identity, plan and provisioning; a run's, ticket's or task's own id for these.
 */
export const keyFor = (event: { readonly stream: string }): string => {
  const topic = topicFor(event.stream);
  return topic?.key === 'identity' ? event.stream.slice(event.stream.indexOf('-') + 1) : event.stream;
};

/** The prefixes of the streams that a topic carries, as a subscription on the store takes them: `worker-`, `account-`, ... A folded topic gives those of what it folds. */
export const prefixesOf = (topic: Topic): string[] => (topic.foldOf ? [topic.foldOf] : topic.categories).map((category) => `${category}-`);

/** The prefixes of all streams that travel on a topic: what a relay subscribes to. */
export const relayedPrefixes: readonly string[] = topics.filter((topic) => !topic.foldOf).flatMap(prefixesOf);
