/** Protocol buffers by hand, as far as this server needs them: answers are built from pieces, append requests are taken apart. */
export type Pieces = readonly Uint8Array[];

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Non-negative integers below 2^53. */
export const varint = (value: number): Uint8Array => {
  if (value < 128) return Uint8Array.of(value);
  const bytes: number[] = [];
  let rest = value;
  while (rest > 127) {
    bytes.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Uint8Array.from(bytes);
};

/** 2^63 - 1, which has no exact number. */
const MAX_INT64 = Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 255, 127);

const sizeOf = (pieces: Pieces): number => {
  let size = 0;
  for (const piece of pieces) size += piece.length;
  return size;
};

export const message = (tag: number, pieces: Pieces): Uint8Array[] => [varint(tag * 8 + 2), varint(sizeOf(pieces)), ...pieces];
export const bytes = (tag: number, value: Uint8Array): Uint8Array[] => [varint(tag * 8 + 2), varint(value.length), value];
export const text = (tag: number, value: string): Uint8Array[] => bytes(tag, encoder.encode(value));
/** Written even if 0: members of a oneof have to be present. The largest safe integer stands for 2^63 - 1. */
export const integer = (tag: number, value: number): Uint8Array[] => [
  varint(tag * 8),
  value === Number.MAX_SAFE_INTEGER ? MAX_INT64 : varint(value),
];
export const empty = (tag: number): Uint8Array[] => message(tag, []);
export const build = (pieces: Pieces): Buffer => Buffer.concat(pieces);

/** A field of a message: `bytes` for length-delimited ones, `number` for varints. */
export interface Field {
  tag: number;
  bytes: Uint8Array;
  number: number;
}

export class MalformedMessage extends Error {}

/** The fields of a message in order; unknown ones too. Throws MalformedMessage. */
export function* fieldsOf(source: Uint8Array): Generator<Field> {
  const none = new Uint8Array();
  let at = 0;
  const readVarint = (): number => {
    let value = 0;
    for (let factor = 1, count = 0; count < 10; factor *= 128, count++) {
      const byte = source[at++];
      if (byte === undefined) throw new MalformedMessage('A message ends within a number');
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
    throw new MalformedMessage('A number is longer than 10 bytes');
  };
  const take = (length: number): Uint8Array => {
    if (at + length > source.length) throw new MalformedMessage('A message ends within a field');
    at += length;
    return source.subarray(at - length, at);
  };
  while (at < source.length) {
    const key = readVarint();
    const tag = Math.floor(key / 8);
    switch (key % 8) {
      case 0:
        yield { tag, bytes: none, number: readVarint() };
        break;
      case 1:
        yield { tag, bytes: take(8), number: 0 };
        break;
      case 2:
        yield { tag, bytes: take(readVarint()), number: 0 };
        break;
      case 5:
        yield { tag, bytes: take(4), number: 0 };
        break;
      default:
        throw new MalformedMessage(`Wire type ${key % 8} is not known`);
    }
  }
}

export const toText = (value: Uint8Array): string => decoder.decode(value);
