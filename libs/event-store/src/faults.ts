import { convertToCommandError, ErrorType, isCommandError } from '@eventstore/db-client';
import { AccessDenied, AppendTooLarge, EventStoreError, StoreFault, StoreTimeout, StoreUnavailable, StreamDeleted } from './errors.ts';

const GRPC_CANCELLED = 1;
const GRPC_DEADLINE_EXCEEDED = 4;
const GRPC_UNAUTHENTICATED = 16;
// Internal (13): how a connection that broke in mid-stream may show. Unavailable (14): the usual way.
const GRPC_LOST: ReadonlySet<unknown> = new Set([GRPC_CANCELLED, 13, 14]);

const codeOf = (error: unknown): unknown => (error as { code?: unknown } | undefined)?.code;

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const byGrpcCode = (error: unknown, doing: string): EventStoreError => {
  const code = codeOf(error);
  const text = textOf(error);
  if (GRPC_LOST.has(code) || text.startsWith('Failed to discover'))
    return new StoreUnavailable(`The event store cannot be reached (${doing}): ${text}`, { cause: error });
  if (code === GRPC_DEADLINE_EXCEEDED) return new StoreTimeout(`The event store did not answer in time (${doing})`, { cause: error });
  if (code === GRPC_UNAUTHENTICATED) return denied(error, doing);
  return new StoreFault(`The event store refused (${doing}): ${text}`, { cause: error });
};

const denied = (cause: unknown, doing: string): AccessDenied =>
  new AccessDenied(`The event store refused the credential (${doing}): check user, password and access lists of the connection string`, {
    cause,
  });

/** What a failure of the client means to the caller. `doing` names the operation and the stream. */
export const toPortError = (error: unknown, doing: string, stream = '$all'): EventStoreError => {
  if (error instanceof EventStoreError) return error;
  const command = error instanceof Error ? convertToCommandError(error as never) : undefined;
  if (!command || !isCommandError(command)) return byGrpcCode(error, doing);
  switch (command.type) {
    case ErrorType.NOT_LEADER:
    case ErrorType.UNAVAILABLE:
    case ErrorType.CANCELLED:
      return new StoreUnavailable(`The event store cannot be reached (${doing}): ${command.message}`, { cause: error });
    case ErrorType.TIMEOUT:
    case ErrorType.DEADLINE_EXCEEDED:
      return new StoreTimeout(`The event store did not answer in time (${doing})`, { cause: error });
    case ErrorType.ACCESS_DENIED:
      return denied(error, doing);
    case ErrorType.STREAM_DELETED:
      return new StreamDeleted(stream);
    case ErrorType.MAXIMUM_APPEND_SIZE_EXCEEDED:
      return new AppendTooLarge(stream, undefined, command.maxAppendSize);
    default:
      return byGrpcCode(error, doing);
  }
};

/** Worth another try on a new connection. */
export const isLost = (error: unknown): boolean => error instanceof StoreUnavailable;
