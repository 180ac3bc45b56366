import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import { codes, type ErrorCode, type ProblemDetails, problemDetails } from '@muster/contracts';
import type { Logger } from 'pino';

type Occurrence = Parameters<typeof problemDetails>[1];

/** A refusal that its reader can act on: a code of the registry, with what is special about this occurrence. */
export class ProblemError extends Error {
  readonly problem: ProblemDetails;

  constructor(code: ErrorCode, occurrence: Occurrence = {}) {
    super(occurrence.detail ?? codes[code].title);
    this.name = 'ProblemError';
    this.problem = problemDetails(code, occurrence);
  }
}

interface Reply {
  status(code: number): Reply;
  header(name: string, value: string): Reply;
  send(body: unknown): void;
}

/** The one place where errors of the HTTP edge become answers (RFC 9457). What nobody expected is logged whole and answered without its text. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly logger: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    if (host.getType() !== 'http') throw error;
    const body = this.describe(error);
    host.switchToHttp().getResponse<Reply>().status(body.status).header('content-type', 'application/problem+json').send(body);
  }

  private describe(error: unknown): { status: number } {
    if (error instanceof ProblemError) return error.problem;
    if (error instanceof HttpException) return fromNest(error);
    const refusal = refusalOf(error);
    if (refusal) return refusal;
    this.logger.error({ err: error }, 'a request failed for a reason that nobody expected');
    return problemDetails('internal.bug', { values: { correlationId: 'of the log entry' } });
  }
}

const tooLarge = (): ProblemDetails => problemDetails('http.body_too_large', { values: { limit: '1 MiB' } });

/** Fastify rejects bodies that are too large or no JSON with an error that carries a 4xx status. */
function refusalOf(error: unknown): ProblemDetails | undefined {
  const { statusCode, message } = (error ?? {}) as { statusCode?: number; message?: string };
  if (statusCode === 413) return tooLarge();
  if (statusCode && statusCode >= 400 && statusCode < 500)
    return problemDetails('http.request_invalid', message ? { detail: message } : {});
  return undefined;
}

/** Nest's own refusals: validation messages of the HTTP edge, unknown addresses, and the health report, which keeps its shape. */
function fromNest(error: HttpException): { status: number } {
  const status = error.getStatus();
  const answer = error.getResponse();
  const messages = typeof answer === 'object' && 'message' in answer ? answer.message : undefined;
  if (status === 400) {
    const problems = (Array.isArray(messages) ? messages : [messages ?? error.message]).map((message) => ({ message: String(message) }));
    return problemDetails('http.request_invalid', { problems } as Occurrence);
  }
  if (status === 413) return tooLarge();
  if (status === 404) return problemDetails('http.not_found', { detail: error.message });
  return { ...(typeof answer === 'object' ? answer : { title: answer }), status };
}
