import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import type { Logger } from 'pino';

/** An answer to a person or program that asked over HTTP: RFC 9457 problem details with a code, a cause and a remedy. */
export class ProblemError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly title: string,
    readonly more: { detail?: string; remedy?: string; problems?: readonly { record?: string; field?: string; message: string }[] } = {},
  ) {
    super(more.detail ?? title);
    this.name = 'ProblemError';
  }
}

interface Reply {
  status(code: number): Reply;
  header(name: string, value: string): Reply;
  send(body: unknown): void;
}

interface ProblemBody {
  type: string;
  title: string;
  status: number;
  code: string;
  detail?: string;
}

/** The one place where errors of the HTTP edge become answers. What nobody expected is logged whole and answered without its text. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly logger: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    if (host.getType() !== 'http') throw error;
    const body = this.describe(error);
    host.switchToHttp().getResponse<Reply>().status(body.status).header('content-type', 'application/problem+json').send(body);
  }

  private describe(error: unknown): ProblemBody {
    if (error instanceof ProblemError) {
      return { type: `urn:muster:problem:${error.code}`, title: error.title, status: error.status, code: error.code, ...error.more };
    }
    if (error instanceof HttpException) return fromNest(error);
    const status = clientErrorOf(error);
    if (status) return { type: 'about:blank', title: (error as Error).message, status, code: 'http.not_acceptable' };
    this.logger.error({ err: error }, 'a request failed for a reason that nobody expected');
    return { type: 'about:blank', title: 'The service failed to answer; the cause is in its log', status: 500, code: 'http.internal' };
  }
}

/** Fastify rejects bodies that are too large or no JSON with an error that carries a 4xx status. */
function clientErrorOf(error: unknown): number | undefined {
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : undefined;
}

function fromNest(error: HttpException): ProblemBody {
  const answer = error.getResponse();
  const messages = typeof answer === 'object' && 'message' in answer ? answer.message : undefined;
  const details = typeof answer === 'object' ? answer : {};
  const problems = Array.isArray(messages) ? { problems: messages.map((message) => ({ message: String(message) })) } : {};
  const status = error.getStatus();
  return { ...details, type: 'about:blank', title: error.message, status, code: `http.${status}`, ...problems };
}
