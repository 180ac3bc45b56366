import { Metadata, status, type ServiceError } from '@grpc/grpc-js';
import type { Expected, Outcome } from './events.ts';

const failure = (code: status, details: string, trailers: Record<string, string> = {}): ServiceError => {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(trailers)) metadata.set(name, value);
  return Object.assign(new Error(details), { code, details, metadata });
};

export const invalidArgument = (details: string): ServiceError => failure(status.INVALID_ARGUMENT, details);

export const unimplemented = (details: string): ServiceError => failure(status.UNIMPLEMENTED, details);

/** How open calls end when the server stops: clients reconnect. */
export const stopping = (): ServiceError => failure(status.CANCELLED, 'The event node is stopping');

export const streamDeleted = (stream: string): ServiceError =>
  failure(status.FAILED_PRECONDITION, `Event stream '${stream}' is deleted.`, { exception: 'stream-deleted', 'stream-name': stream });

const EXPECTED_NUMBERS: Readonly<Record<Exclude<Expected, number>, string>> = { no_stream: '-1', any: '-2', stream_exists: '-4' };

/** The statuses of calls that have no error in their answer. The trailers are what clients read. */
export const statusOf = (stream: string, outcome: Exclude<Outcome, { kind: 'written' }>): ServiceError => {
  switch (outcome.kind) {
    case 'wrong-expected-version': {
      const expected = typeof outcome.expected === 'number' ? String(outcome.expected) : EXPECTED_NUMBERS[outcome.expected];
      const actual = outcome.current < 0 ? '' : String(outcome.current);
      const trailers = {
        exception: 'wrong-expected-version',
        'stream-name': stream,
        'expected-version': expected,
        'actual-version': actual,
      };
      return failure(
        status.FAILED_PRECONDITION,
        `Append failed due to WrongExpectedVersion. Stream: ${stream}, Expected version: ${expected}, Actual version: ${actual}`,
        trailers,
      );
    }
    case 'stream-deleted':
      return streamDeleted(stream);
    case 'timeout':
      return failure(status.ABORTED, 'The deadline has passed');
    case 'too-large':
      return failure(status.INVALID_ARGUMENT, `Maximum Append Size of ${outcome.limit} Exceeded.`, {
        exception: 'maximum-append-size-exceeded',
        'maximum-append-size': String(outcome.limit),
      });
    case 'refused':
      return failure(status.UNKNOWN, outcome.message);
  }
};
