/** An event to be written. `id` is a UUID in lower case. */
export interface ProposedEvent {
  id: string;
  type: string;
  json: boolean;
  metadata: Uint8Array;
  data: Uint8Array;
}

export interface StoredEvent extends ProposedEvent {
  position: number;
  stream: string;
  revision: number;
  /** Milliseconds since 1970. */
  created: number;
}

export type Expected = number | 'any' | 'no_stream' | 'stream_exists';

export interface AppendRequest {
  stream: string;
  expected: Expected;
  events: readonly ProposedEvent[];
  /** Milliseconds since 1970; not written any more after this. */
  deadline?: number;
}

export type Outcome =
  | { kind: 'written'; revision: number; position: number }
  | { kind: 'wrong-expected-version'; expected: Expected; /** -1: there is no stream. */ current: number }
  | { kind: 'stream-deleted' }
  | { kind: 'timeout' }
  | { kind: 'too-large'; limit: number }
  | { kind: 'refused'; message: string };

/** Stands for 2^63 - 1: the revision of a tombstone, and the truncation of a soft-deleted stream. */
export const DELETED = Number.MAX_SAFE_INTEGER;

export const metadataStreamOf = (stream: string): string => `$$${stream}`;

export const METADATA_TYPE = '$metadata';
export const TOMBSTONE_TYPE = '$streamDeleted';
