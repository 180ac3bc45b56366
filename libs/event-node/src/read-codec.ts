import { DELETED, type StoredEvent } from './events.ts';
import { build, bytes, empty, integer, message, text, type Pieces } from './protobuf.ts';

const TICKS_PER_MS = 10_000n;

const mapEntry = (name: string, value: string): Pieces => message(6, [...text(1, name), ...text(2, value)]);
const JSON_CONTENT = mapEntry('content-type', 'application/json');
const BINARY_CONTENT = mapEntry('content-type', 'application/octet-stream');

const recorded = ({ id, stream, revision, position, type, json, created, metadata, data }: StoredEvent): Pieces => [
  ...message(1, text(2, id)),
  ...message(2, text(3, stream)),
  ...(revision === 0 ? [] : integer(3, revision)),
  ...integer(4, position),
  ...integer(5, position),
  ...mapEntry('type', type),
  ...(json ? JSON_CONTENT : BINARY_CONTENT),
  ...mapEntry('created', String(BigInt(created) * TICKS_PER_MS)),
  ...(metadata.length === 0 ? [] : bytes(7, metadata)),
  ...bytes(8, data),
];

/** Each function gives a whole `streams.ReadResp`. */
export const encodeEvent = (event: StoredEvent): Buffer =>
  build(message(1, [...message(1, recorded(event)), ...integer(3, event.position)]));

export const encodeConfirmation = (subscription: string): Buffer => build(message(2, text(1, subscription)));

export const encodeCheckpoint = (position: number): Buffer => build(message(3, [...integer(1, position), ...integer(2, position)]));

export const encodeStreamNotFound = (stream: string): Buffer => build(message(4, message(1, text(3, stream))));

export const encodeCaughtUp = (): Buffer => build(empty(8));

/** Revisions and positions of requests are 64-bit numbers as text; beyond what can be counted they mean "the end". */
export const toCount = (value: string): number => Math.min(Number(value), DELETED);
