import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { bearerToken, ProblemError, sameSecret, type ServiceContext } from '@muster/service-kit';

/** Operators ask under /api with their token; an HR system pushes under /scim with the credential of its own connection, and can do nothing else. */
export class ConsoleGuard implements CanActivate {
  constructor(
    private readonly service: ServiceContext,
    private readonly operatorToken: string,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    if (context.getType() !== 'http') return true;
    const { url, headers } = context.switchToHttp().getRequest<{ url: string; headers: Record<string, string | undefined> }>();
    // A vendor proves itself to whoever reads its connection.
    if (/^\/(health|metrics|hooks)(\/|$|\?)/.test(url)) return true;
    const expected = this.#expected(url);
    const token = bearerToken(headers.authorization);
    const values = { file: url.startsWith('/scim/') ? "this connection's entry in the connection file" : 'the data folder' };
    if (token === '') throw new ProblemError('auth.token_missing', { values });
    if (expected === undefined || !sameSecret(token, expected)) throw new ProblemError('auth.token_invalid', { values });
    return true;
  }

  #expected(url: string): string | undefined {
    if (url.startsWith('/api/')) return this.operatorToken;
    const name = /^\/scim\/v2\/([a-z0-9-]+)\//.exec(url)?.[1];
    const connection = this.service.connections.find((one) => one.kind === 'hr' && one.name === name);
    return connection?.kind === 'hr' ? connection.credential?.token.reveal() : undefined;
  }
}
