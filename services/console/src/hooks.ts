import { Controller, Get, Inject, Post, Req, Res } from '@nestjs/common';
import { ProblemError, SERVICE, type ServiceContext } from '@muster/service-kit';
import { type Answered, Services } from './ask-services.ts';

/** What vendors send beside a body; nothing else of their headers goes further. */
const HANDED_ON = ['x-okta-verification-challenge', 'x-muster-hook-secret'];

const RECEIVERS: Readonly<Record<string, string>> = { okta: 'okta-ingestion', entra: 'azure-ad-ingestion' };

interface Called {
  params: { connection: string };
  query: Readonly<Record<string, unknown>>;
  headers: Readonly<Record<string, string | undefined>>;
  body: unknown;
}

interface Reply {
  status(code: number): Reply;
  header(name: string, value: string): Reply;
  send(body: string): void;
}

/**
 * Where vendors call when something changed. This door hands on what they send to whoever reads the connection, which checks the secret; a connection
 * without hooks has no address here.
 */
@Controller('hooks')
export class VendorHooks {
  constructor(
    @Inject(SERVICE) private readonly service: ServiceContext,
    private readonly services: Services,
  ) {}

  @Get(':connection')
  async check(@Req() { params, headers }: Called, @Res() reply: Reply): Promise<void> {
    const { connection } = params;
    relay(reply, await this.services.ask(this.#receiverOf(connection), `/hooks/${connection}`, { headers: handedOn(headers) }));
  }

  @Post(':connection')
  async receive(@Req() { params, query, headers, body }: Called, @Res() reply: Reply): Promise<void> {
    const { connection } = params;
    const { validationToken: token } = query;
    const path = `/hooks/${connection}${typeof token === 'string' ? `?${new URLSearchParams({ validationToken: token }).toString()}` : ''}`;
    const text = typeof body === 'object' && body !== null ? JSON.stringify(body) : '{}';
    relay(reply, await this.services.ask(this.#receiverOf(connection), path, { method: 'POST', body: text, headers: handedOn(headers) }));
  }

  #receiverOf(name: string): string {
    const connection = this.service.connections.find((one) => one.name === name);
    const receiver = connection && 'hooks' in connection && connection.hooks ? RECEIVERS[connection.kind] : undefined;
    if (receiver === undefined) throw new ProblemError('http.not_found', { detail: 'no hook is received here' });
    return receiver;
  }
}

const handedOn = (headers: Called['headers']): Record<string, string> =>
  Object.fromEntries(HANDED_ON.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]])));

/** What a vendor sent may come back in an answer: never as something that a browser would run. */
const relay = (reply: Reply, { status, contentType, body }: Answered): void =>
  reply.status(status).header('content-type', contentType).header('x-content-type-options', 'nosniff').send(body);
