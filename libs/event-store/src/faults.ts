import { convertToCommandError, ErrorType, isCommandError } from '@eventstore/db-client';
import { AccessDenied, EventStoreError, StoreFault, StoreTimeout, StoreUnavailable, StreamDeleted } from './errors.ts';

const GRPC_CANCELLED = 1;
const GRPC_DEADLINE_EXCEEDED = 4;
const GRPC_UNAUTHENTICATED = 16;
// Resource exhausted (8): more calls at once than a connection has streams. Internal (13): how a connection that broke in mid-stream may show. Unavailable (14): the usual way.
const GRPC_LOST: ReadonlySet<unknown> = new Set([GRPC_CANCELLED, 8, 13, 14]);

const codeOf = (error: unknown): unknown => (error as { code?: unknown } | undefined)?.code;

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const byGrpcCode = (error: unknown, doing: string): EventStoreError => {
  const code = codeOf(error);
  const text = textOf(error);
  if (GRPC_LOST.has(code) || text.startsWith('Failed to discover')) return unavailable(error as Error, doing);
  if (code === GRPC_DEADLINE_EXCEEDED) return late(error as Error, doing);
  if (code === GRPC_UNAUTHENTICATED) return denied(error, doing);
  return new StoreFault(`The event store refused (${doing}): ${text}`, { cause: error });
};

const denied = (cause: unknown, doing: string): AccessDenied =>
  new AccessDenied(`The event store refused the credential (${doing}): check user, password and access lists of the connection string`, {
    cause,
  });

const unavailable = (cause: Error, doing: string): StoreUnavailable =>
  new StoreUnavailable(`The event store cannot be reached (${doing}): ${cause.message}`, { cause });

const late = (cause: Error, doing: string): StoreTimeout =>
  new StoreTimeout(`The event store did not answer in time (${doing})`, { cause });

type Translate = (error: Error, doing: string, stream: string) => EventStoreError;

/** By the client's own name of the error. */
const KNOWN: Partial<Record<ErrorType, Translate>> = {
  [ErrorType.NOT_LEADER]: unavailable,
  [ErrorType.UNAVAILABLE]: unavailable,
  [ErrorType.CANCELLED]: unavailable,
  [ErrorType.TIMEOUT]: late,
  [ErrorType.DEADLINE_EXCEEDED]: late,
  [ErrorType.ACCESS_DENIED]: denied,
  [ErrorType.STREAM_DELETED]: (_, __, stream) => new StreamDeleted(stream),
};

/** What a failure of the client means to the caller. `doing` names the operation and the stream. */
export const toPortError = (error: unknown, doing: string, stream = '$all'): EventStoreError => {
  if (error instanceof EventStoreError) return error;
  const command = error instanceof Error ? convertToCommandError(error as never) : undefined;
  const translate = command && isCommandError(command) ? KNOWN[command.type] : undefined;
  return translate ? translate(command as Error, doing, stream) : byGrpcCode(error, doing);
};

/** Worth another try on a new connection. */
export const isLost = (error: unknown): boolean => error instanceof StoreUnavailable;
