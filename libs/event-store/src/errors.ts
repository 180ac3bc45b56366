/** Every error of the port. `code` never changes its meaning; the message names the stream and what to do. It holds no data of events. */
export abstract class EventStoreError extends Error {
  abstract readonly code: string;
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** Somebody else wrote first. `actual` is the revision of the stream's last event, -1 if it does not exist, undefined if the store did not say. */
export class WrongRevision extends EventStoreError {
  readonly code = 'store.revision_conflict';
  readonly stream: string;
  readonly expected: number | 'none' | 'any';
  readonly actual: number | undefined;
  constructor(stream: string, expected: number | 'none' | 'any', actual: number | undefined) {
    super(`${stream} is at revision ${actual ?? 'unknown'}, the append expected ${expected}: read it again, decide again, append again`);
    this.stream = stream;
    this.expected = expected;
    this.actual = actual;
  }
}

/** `transact` met a new conflict on every attempt. Nothing was appended. */
export class TooMuchContention extends EventStoreError {
  readonly code = 'store.contention';
  readonly stream: string;
  constructor(stream: string, attempts: number, cause: unknown) {
    super(`${stream} changed during each of ${attempts} attempts to write to it: two writers share this stream, give it one`, { cause });
    this.stream = stream;
  }
}

/** The store cannot be reached. `outcomeUnknown`: an append was sent and its answer lost; repeating it with the same event ids is safe. */
export class StoreUnavailable extends EventStoreError {
  readonly code: string = 'store.unavailable';
  readonly outcomeUnknown: boolean;
  constructor(message: string, options: ErrorOptions & { outcomeUnknown?: boolean } = {}) {
    super(message, options);
    this.outcomeUnknown = options.outcomeUnknown ?? false;
  }
}

/** The store did not answer in time; see `outcomeUnknown`. */
export class StoreTimeout extends StoreUnavailable {
  override readonly code = 'store.timeout';
}

/** The store refused the credential of the connection string. */
export class AccessDenied extends EventStoreError {
  readonly code = 'store.access_denied';
}

/** The stream was deleted for good; nothing can be read from it or written to it. */
export class StreamDeleted extends EventStoreError {
  readonly code = 'store.stream_deleted';
  readonly stream: string;
  constructor(stream: string) {
    super(`${stream} was deleted in the event store and cannot be read or written any more: the store must deny deletion to services`);
    this.stream = stream;
  }
}

/** An append is larger than a store takes. Nothing was sent. */
export class AppendTooLarge extends EventStoreError {
  readonly code = 'store.append_too_large';
  constructor(stream: string, size: number | undefined, limit: number | undefined) {
    super(
      `An append to ${stream}${size ? ` of ${size} bytes` : ''} is over the limit of ${limit ?? 'the store'} bytes: split it into several appends of at most 500 events`,
    );
  }
}

/** The store answered with something that this version does not know. */
export class StoreFault extends EventStoreError {
  readonly code = 'store.fault';
}

/** A second connection in this process, or one used after `close`. */
export class StoreMisuse extends EventStoreError {
  readonly code = 'store.misuse';
}

/** Encrypted fields cannot be opened with the key that they name: a wrong key ring, or bytes changed since they were written. */
export class CannotDecrypt extends EventStoreError {
  readonly code = 'keyring.cannot_decrypt';
}

/** The master key does not open the wrapped keys. */
export class MasterKeyInvalid extends EventStoreError {
  readonly code = 'keyring.master_key_invalid';
}
