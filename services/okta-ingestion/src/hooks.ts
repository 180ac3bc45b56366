import { Body, Controller, Get, Headers, HttpCode, Inject, Param, Post } from '@nestjs/common';
import type { OktaConfig } from '@muster/connector';
import { decodeDelivery, SECRET_HEADER } from '@muster/connector-okta';
import { type HookStatus, type Ingestion, provesSender } from '@muster/ingestion';
import { ProblemError } from '@muster/service-kit';
import type { Quarantined } from '@muster/work';
import { INGESTION } from './inbound.ts';

const LONGEST_CHALLENGE = 1024;

/** Where the console brings what Okta's event hooks send. An answer leaves when what was told is written down, never after a fetch. */
@Controller('hooks')
export class Hooks {
  constructor(@Inject(INGESTION) private readonly ingestion: Ingestion<OktaConfig>) {}

  /** Okta's one-time check that whoever receives wants to. */
  @Get(':connection')
  answerChallenge(
    @Param('connection') connection: string,
    @Headers('x-okta-verification-challenge') challenge: string | undefined,
  ): { verification: string } {
    this.#hooksOf(connection);
    if (challenge === undefined || challenge.length > LONGEST_CHALLENGE)
      throw new ProblemError('http.request_invalid', { detail: 'no challenge' });
    return { verification: challenge };
  }

  @Post(':connection')
  @HttpCode(200)
  async receive(
    @Param('connection') connection: string,
    @Headers(SECRET_HEADER) secret: string | undefined,
    @Body() body: unknown,
  ): Promise<object> {
    if (!provesSender(secret, this.#hooksOf(connection))) throw new ProblemError('hook.sender_unproven');
    const told = decodeDelivery(body);
    if (!told) throw new ProblemError('http.request_invalid', { detail: 'this is no delivery of an event hook' });
    await this.ingestion.hear(connection, told);
    return {};
  }

  #hooksOf(connection: string): NonNullable<OktaConfig['hooks']> {
    const hooks = this.ingestion.settingsOf(connection)?.hooks;
    if (!hooks) throw new ProblemError('http.not_found', { detail: 'no hook is received here' });
    return hooks;
  }
}

/** How the connections of this service hear of changes, and which of them wait after failures. */
@Controller('status')
export class Status {
  constructor(@Inject(INGESTION) private readonly ingestion: Ingestion<OktaConfig>) {}

  @Get()
  async show(): Promise<{ hooks: HookStatus[]; quarantined: Quarantined[] }> {
    const [hooks, quarantined] = await Promise.all([this.ingestion.hookStatus(), this.ingestion.quarantined()]);
    return { hooks, quarantined };
  }
}
