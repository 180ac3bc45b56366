import type { ExpectedRevision } from './port.ts';

/** An event as it travels: data and metadata are JSON text. */
export interface WireEvent {
  id: string;
  type: string;
  data: Buffer;
  metadata: Buffer;
}

export interface AppendRequest {
  stream: string;
  events: readonly WireEvent[];
  expected: ExpectedRevision;
  timeoutMs: number;
}

/** Protocol buffers, as far as an append request needs them: lists of pieces, put together once. */
type Pieces = readonly Buffer[];

const varint = (value: number): Buffer => {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 127) {
    bytes.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Buffer.from(bytes);
};

const lengthOf = (pieces: Pieces): number => pieces.reduce((sum, piece) => sum + piece.length, 0);
const field = (tag: number, pieces: Pieces): Buffer[] => [varint(tag * 8 + 2), varint(lengthOf(pieces)), ...pieces];
const text = (tag: number, value: string): Buffer => Buffer.concat(field(tag, [Buffer.from(value)]));
const number = (tag: number, value: number): Buffer[] => (value === 0 ? [] : [varint(tag * 8), varint(value)]);

const entry = (name: string, value: string): Buffer => Buffer.concat(field(2, [text(1, name), text(2, value)]));
const CONTENT_TYPE = entry('content-type', 'application/json');
const FINAL = Buffer.concat([varint(4 * 8), varint(1)]);
const EMPTY: Pieces = [];

const expectation = (expected: ExpectedRevision): Buffer[] => {
  if (expected === 'none') return field(3, EMPTY);
  if (expected === 'any') return field(4, EMPTY);
  // The oneof must be present even for revision 0, which the plain encoding of a number would leave out.
  return [varint(2 * 8), varint(expected)];
};

const timestamp = (ms: number): Buffer[] => [...number(1, Math.floor(ms / 1000)), ...number(2, (ms % 1000) * 1_000_000)];

const optionsOf = ({ stream, expected, timeoutMs }: AppendRequest): Buffer[] =>
  field(2, [...field(1, field(3, [Buffer.from(stream)])), ...expectation(expected), ...field(6, timestamp(Date.now() + timeoutMs))]);

const proposed = ({ id, type, data, metadata }: WireEvent): Buffer[] =>
  field(3, [...field(1, [text(2, id)]), entry('type', type), CONTENT_TYPE, ...field(3, [metadata]), ...field(4, [data])]);

/** A whole `event_store.client.streams.BatchAppendReq`, final. */
export const encodeAppend = (correlation: string, request: AppendRequest): Buffer =>
  Buffer.concat([...field(1, [text(2, correlation)]), ...optionsOf(request), ...request.events.flatMap(proposed), FINAL]);
