import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, Res } from '@nestjs/common';
import type { EntraConfig } from '@muster/connector';
import { decodeNotices } from '@muster/connector-entra';
import { type HookStatus, type Ingestion, provesSender } from '@muster/ingestion';
import { ProblemError } from '@muster/service-kit';
import type { Quarantined } from '@muster/work';
import { INGESTION } from './inbound.ts';

const LONGEST_TOKEN = 4096;

interface Reply {
  status(code: number): Reply;
  header(name: string, value: string): Reply;
  send(body: string): void;
}

/** Where the console brings what Graph sends to subscribers. An answer leaves when what was told is written down, never after a fetch. */
@Controller('hooks')
export class Hooks {
  constructor(@Inject(INGESTION) private readonly ingestion: Ingestion<EntraConfig>) {}

  /** A validation is answered with its token, decoded; a delivery is taken as far as its notifications carry our secret. */
  @Post(':connection')
  @HttpCode(202)
  async receive(
    @Param('connection') connection: string,
    @Query('validationToken') token: string | undefined,
    @Body() body: unknown,
    @Res() reply: Reply,
  ): Promise<void> {
    const hooks = this.#hooksOf(connection);
    if (typeof token === 'string') return answerValidation(token, reply);
    const told = decodeNotices(body);
    if (!told) throw new ProblemError('http.request_invalid', { detail: 'this is no delivery of change notifications' });
    const proven = told.filter(({ secret }) => provesSender(secret, hooks));
    if (proven.length === 0) throw new ProblemError('hook.sender_unproven');
    await this.ingestion.hear(connection, proven);
    reply.status(202).send('');
  }

  #hooksOf(connection: string): NonNullable<EntraConfig['hooks']> {
    const hooks = this.ingestion.settingsOf(connection)?.hooks;
    if (!hooks) throw new ProblemError('http.not_found', { detail: 'no hook is received here' });
    return hooks;
  }
}

function answerValidation(token: string, reply: Reply): void {
  if (token.length > LONGEST_TOKEN) throw new ProblemError('http.request_invalid', { detail: 'the token is too long' });
  reply.status(200).header('content-type', 'text/plain; charset=utf-8').header('x-content-type-options', 'nosniff').send(token);
}

/** How the connections of this service hear of changes, and which of them wait after failures. */
@Controller('status')
export class Status {
  constructor(@Inject(INGESTION) private readonly ingestion: Ingestion<EntraConfig>) {}

  @Get()
  async show(): Promise<{ hooks: HookStatus[]; quarantined: Quarantined[] }> {
    const [hooks, quarantined] = await Promise.all([this.ingestion.hookStatus(), this.ingestion.quarantined()]);
    return { hooks, quarantined };
  }
}
