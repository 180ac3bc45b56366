import { timingSafeEqual } from 'node:crypto';
import { type CanActivate, type ExecutionContext } from '@nestjs/common';
import { ProblemError } from './problem-filter.ts';

const OPEN = /^\/(health|metrics)(\/|$|\?)/;

/** Compares two texts in a time that does not depend on where they differ. */
export function sameSecret(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** The bearer token of a request, or '' when there is none. */
export function bearerToken(header: string | undefined): string {
  return /^Bearer (\S+)$/i.exec(header ?? '')?.[1] ?? '';
}

/** Services answer the console and one another only: everything but health and metrics wants the internal token. */
export class InternalGuard implements CanActivate {
  constructor(private readonly token: string) {}

  canActivate(context: ExecutionContext): boolean {
    if (context.getType() !== 'http') return true;
    const request = context.switchToHttp().getRequest<{ url: string; headers: Record<string, string | undefined> }>();
    if (OPEN.test(request.url)) return true;
    if (this.token && sameSecret(bearerToken(request.headers.authorization), this.token)) return true;
    throw new ProblemError('auth.token_missing', { detail: 'this service answers the console only' });
  }
}
