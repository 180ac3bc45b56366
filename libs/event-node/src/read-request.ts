import type { ReadReq } from '@eventstore/db-client/generated/streams_pb.js';
import type { StoredEvent } from './events.ts';
import { toCount } from './read-codec.ts';

export type Start = 'start' | 'end' | number;

export interface Filter {
  matches(event: Pick<StoredEvent, 'stream' | 'type'>): boolean;
  /** A checkpoint is due after this many events, matching or not. */
  checkpointEvery: number;
}

export interface ReadRequest {
  /** undefined: all streams. */
  stream: string | undefined;
  start: Start;
  backwards: boolean;
  /** Events at most; undefined: a subscription. */
  count: number | undefined;
  filter: Filter | undefined;
}

const DEFAULT_WINDOW = 32;

const predicate = (expression: ReadReq.Options.FilterOptions.Expression): ((value: string) => boolean) => {
  const prefixes = expression.getPrefixList();
  if (prefixes.length > 0) return (value) => prefixes.some((prefix) => value.startsWith(prefix));
  const regex = new RegExp(expression.getRegex());
  return (value) => regex.test(value);
};

const filterOf = (options: ReadReq.Options): Filter | undefined => {
  const filter = options.getFilter();
  if (!filter) return undefined;
  const checkpointEvery =
    Math.max(filter.getCheckpointintervalmultiplier(), 1) * (filter.hasMax() ? Math.max(filter.getMax(), 1) : DEFAULT_WINDOW);
  const onStream = filter.getStreamIdentifier();
  const onType = filter.getEventType();
  if (onStream) {
    const accepts = predicate(onStream);
    return { checkpointEvery, matches: ({ stream }) => accepts(stream) };
  }
  if (!onType) return undefined;
  const accepts = predicate(onType);
  return { checkpointEvery, matches: ({ type }) => accepts(type) };
};

const streamStart = (options: ReadReq.Options.StreamOptions): Start => {
  if (options.hasRevision()) return toCount(options.getRevision());
  return options.hasEnd() ? 'end' : 'start';
};

const allStart = (options: ReadReq.Options.AllOptions | undefined): Start => {
  const position = options?.getPosition();
  if (position) return toCount(position.getCommitPosition());
  return options?.hasEnd() ? 'end' : 'start';
};

/** What a `streams.ReadReq` asks for. Throws SyntaxError for a filter that is no regular expression. */
export const parseRead = (request: ReadReq): ReadRequest => {
  const options = request.getOptions();
  if (!options) throw new SyntaxError('A read needs options');
  const stream = options.getStream();
  return {
    stream: stream ? Buffer.from(stream.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString() : undefined,
    start: stream ? streamStart(stream) : allStart(options.getAll()),
    backwards: options.getReadDirection() === 1,
    count: options.hasSubscription() ? undefined : toCount(options.getCount()),
    filter: filterOf(options),
  };
};
