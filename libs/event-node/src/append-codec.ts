import type { AppendRequest, Expected, Outcome, ProposedEvent } from './events.ts';
import { build, bytes, empty, fieldsOf, integer, MalformedMessage, message, text, toText, type Pieces } from './protobuf.ts';

/** One message of `BatchAppend`; an append may come in several, the first with options, the last final. */
export interface BatchPart {
  /** As it came: `event_store.client.UUID`, sent back unchanged. */
  correlation: Uint8Array;
  options: Pick<AppendRequest, 'stream' | 'expected' | 'deadline'> | undefined;
  events: ProposedEvent[];
  final: boolean;
  /** Why an event of this part cannot be written; the others on the same call are none the worse for it. */
  malformed?: string;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const uuidOf = (source: Uint8Array): string => {
  let id = '';
  for (const { tag, bytes: value } of fieldsOf(source)) if (tag === 2) id = toText(value).toLowerCase();
  if (!UUID.test(id)) throw new MalformedMessage(`"${id}" is not the id of an event: a UUID as text is expected`);
  return id;
};

const mapEntry = (source: Uint8Array): [string, string] => {
  const entry: [string, string] = ['', ''];
  for (const { tag, bytes: value } of fieldsOf(source)) if (tag === 1 || tag === 2) entry[tag - 1] = toText(value);
  return entry;
};

const NOTHING = new Uint8Array();

const proposedOf = (source: Uint8Array): ProposedEvent => {
  const event: ProposedEvent = { id: '', type: '', json: false, metadata: NOTHING, data: NOTHING };
  for (const { tag, bytes: value } of fieldsOf(source)) {
    if (tag === 1) event.id = uuidOf(value);
    else if (tag === 2) applyMetadata(event, mapEntry(value));
    else if (tag === 3) event.metadata = value;
    else if (tag === 4) event.data = value;
  }
  if (!event.id || !event.type) throw new MalformedMessage('An event needs an id and a type');
  return event;
};

const applyMetadata = (event: ProposedEvent, [name, value]: [string, string]): void => {
  if (name === 'type') event.type = value;
  if (name === 'content-type') event.json = value === 'application/json';
};

const secondsAndNanos = (source: Uint8Array): number => {
  let ms = 0;
  for (const { tag, number } of fieldsOf(source)) ms += tag === 1 ? number * 1000 : number / 1_000_000;
  return ms;
};

const streamNameOf = (source: Uint8Array): string => {
  let name = '';
  for (const { tag, bytes: value } of fieldsOf(source)) if (tag === 3) name = toText(value);
  return name;
};

const EXPECTED: Readonly<Record<number, Expected>> = { 3: 'no_stream', 4: 'any', 5: 'stream_exists' };

const optionsOf = (source: Uint8Array): BatchPart['options'] => {
  const options: NonNullable<BatchPart['options']> = { stream: '', expected: 'any' };
  for (const { tag, bytes: value, number } of fieldsOf(source)) {
    if (tag === 1) options.stream = streamNameOf(value);
    else if (tag === 2) options.expected = number;
    // Older clients say when, newer ones say how long; both are in use.
    else if (tag === 6) options.deadline = secondsAndNanos(value);
    else if (tag === 7) options.deadline = Date.now() + secondsAndNanos(value);
    else options.expected = EXPECTED[tag] ?? options.expected;
  }
  return options;
};

const addEvent = (part: BatchPart, source: Uint8Array): void => {
  try {
    part.events.push(proposedOf(source));
  } catch (error) {
    part.malformed = (error as Error).message;
  }
};

/** Takes a `streams.BatchAppendReq` apart, both kinds of deadline included. Throws MalformedMessage if it cannot even be told which append it belongs to. */
export const parseBatchPart = (source: Uint8Array): BatchPart => {
  const part: BatchPart = { correlation: NOTHING, options: undefined, events: [], final: false };
  for (const { tag, bytes: value, number } of fieldsOf(source)) {
    if (tag === 1) part.correlation = value;
    else if (tag === 2) part.options = optionsOf(value);
    else if (tag === 3) addEvent(part, value);
    else if (tag === 4) part.final = number === 1;
  }
  return part;
};

/** One message of `Append`: the options first, then an event each. */
export interface AppendPart {
  options?: BatchPart['options'];
  event?: ProposedEvent;
}

/** Takes a `streams.AppendReq` apart. Throws MalformedMessage. */
export const parseAppendPart = (source: Uint8Array): AppendPart => {
  const part: AppendPart = {};
  for (const { tag, bytes: value } of fieldsOf(source)) {
    if (tag === 1) part.options = optionsOf(value);
    else if (tag === 2) part.event = proposedOf(value);
  }
  return part;
};

/** What a `streams.DeleteReq` or `streams.TombstoneReq` names. Throws MalformedMessage. */
export const parseDelete = (source: Uint8Array): NonNullable<BatchPart['options']> => {
  for (const { tag, bytes: value } of fieldsOf(source)) {
    const options = tag === 1 ? optionsOf(value) : undefined;
    if (options) return options;
  }
  throw new MalformedMessage('A deletion needs options');
};

const position = (tag: number, value: number): Pieces => message(tag, [...integer(1, value), ...integer(2, value)]);

const revisionOr = (tag: number, noStreamTag: number, revision: number): Pieces =>
  revision < 0 ? empty(noStreamTag) : integer(tag, revision);

const expectation = (tags: { revision: number; any: number; exists: number; none: number }, expected: Expected): Pieces => {
  switch (expected) {
    case 'any':
      return empty(tags.any);
    case 'stream_exists':
      return empty(tags.exists);
    case 'no_stream':
      return empty(tags.none);
    default:
      return integer(tags.revision, expected);
  }
};

const PREFIX = 'event_store.client.';
const ABORTED = 10;

const status = (label: string, type: string, details: Pieces): Pieces =>
  message(2, [
    ...integer(1, ABORTED),
    ...text(2, label),
    ...message(3, [...text(1, `type.googleapis.com/${type}`), ...bytes(2, build(details))]),
  ]);

const refusal = (outcome: Exclude<Outcome, { kind: 'written' }>): Pieces => {
  switch (outcome.kind) {
    case 'wrong-expected-version': {
      const details = [...revisionOr(1, 2, outcome.current), ...expectation({ revision: 3, any: 4, exists: 5, none: 6 }, outcome.expected)];
      return status('wrong expected version', `${PREFIX}WrongExpectedVersion`, details);
    }
    case 'stream-deleted':
      return status('stream deleted', `${PREFIX}StreamDeleted`, []);
    case 'timeout':
      return status('the deadline has passed', `${PREFIX}Timeout`, []);
    case 'too-large':
      return status('too large', `${PREFIX}MaximumAppendSizeExceeded`, integer(1, outcome.limit));
    case 'refused':
      return status(outcome.message, `${PREFIX}Unknown`, []);
  }
};

/** A `streams.BatchAppendResp`. */
export const encodeBatchAnswer = (correlation: Uint8Array, stream: string, outcome: Outcome): Buffer => {
  const result =
    outcome.kind === 'written' ? message(3, [...revisionOr(1, 2, outcome.revision), ...position(3, outcome.position)]) : refusal(outcome);
  return build([...bytes(1, correlation), ...result, ...message(4, text(3, stream))]);
};

/** A `streams.AppendResp`: written, or wrong expected version; the rest are statuses of the call. */
export const encodeAppendAnswer = (outcome: Extract<Outcome, { kind: 'written' | 'wrong-expected-version' }>): Buffer => {
  if (outcome.kind === 'written') return build(message(1, [...revisionOr(1, 2, outcome.revision), ...position(3, outcome.position)]));
  return build(
    message(2, [...revisionOr(6, 7, outcome.current), ...expectation({ revision: 8, any: 9, exists: 10, none: 11 }, outcome.expected)]),
  );
};

/** A `streams.DeleteResp` or `streams.TombstoneResp`. */
export const encodeDeleteAnswer = (at: number): Buffer => build(position(1, at));
