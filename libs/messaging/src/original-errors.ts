import { type ArgumentsHost, Catch, type RpcExceptionFilter } from '@nestjs/common';
import { type Observable, throwError } from 'rxjs';

/**
 * Lets the transport see what a handler threw. Nest would put "Internal server error" in its place, and then neither an outage of the database nor the cause of a
 * dead message could be told. Every microservice on a batch transport needs it: `microservice.useGlobalFilters(new OriginalErrors())`.
 */
@Catch()
export class OriginalErrors implements RpcExceptionFilter {
  catch(error: unknown, _host: ArgumentsHost): Observable<never> {
    return throwError(() => error);
  }
}

/** A handler threw and Nest hid what: the service is wired wrongly, and nothing may be put aside for that. */
export class ErrorsAreHidden extends Error {
  constructor() {
    super('A message handler threw, but Nest hid the error: call useGlobalFilters(new OriginalErrors()) on the microservice');
    this.name = 'ErrorsAreHidden';
  }
}

/** What Nest's own filter makes of an error. */
export const isHidden = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && !(error instanceof Error) && (error as { status?: unknown }).status === 'error';
