import { Body, Controller, Get, Header, HttpCode, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { SERVICE, type ServiceContext } from '@muster/service-kit';
import { type Answered, Refusal, Services } from './ask-services.ts';
import { presentPlan } from './present-plan.ts';
import { gatherStatus } from './gather-status.ts';

interface Reply {
  status(code: number): Reply;
  header(name: string, value: string): Reply;
  send(body: string): void;
}

const relay = (reply: Reply, { status, contentType, body }: Answered): void =>
  reply.status(status).header('content-type', contentType).send(body);

/** A service's own refusal is handed on; everything else goes the way of all errors. */
async function relayRefusal(reply: Reply, work: () => Promise<object>): Promise<void> {
  try {
    relay(reply, { status: 200, contentType: 'application/json', body: JSON.stringify(await work()) });
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    relay(reply, error.answered);
  }
}

/** What operators ask. Answers about people come from the audit projection, plans and cases from reconciliation. */
@Controller('api')
export class Api {
  constructor(
    @Inject(SERVICE) private readonly service: ServiceContext,
    private readonly services: Services,
  ) {}

  @Get('status')
  status(@Res() reply: Reply): Promise<void> {
    return relayRefusal(reply, () => gatherStatus(this.service, this.services));
  }

  @Get('plan/:person')
  plan(@Param('person') person: string, @Res() reply: Reply): Promise<void> {
    return relayRefusal(reply, () => presentPlan(this.services, person));
  }

  @Get('cases')
  cases(@Res() reply: Reply): Promise<void> {
    return relayRefusal(reply, async () => {
      const { upTo } = await this.services.json<{ upTo: object }>('audit-projection', '/status');
      return { upTo, ...(await this.services.json<object>('reconciliation', '/cases')) };
    });
  }

  @Post('cases/:id/resolve')
  async resolve(@Param('id') id: string, @Body() body: object, @Res() reply: Reply): Promise<void> {
    const answer = JSON.stringify({ ...body, by: 'operator' });
    relay(reply, await this.services.ask('reconciliation', `/cases/${encodeURIComponent(id)}/resolve`, { method: 'POST', body: answer }));
  }

  @Get('dead-letters')
  deadLetters(@Res() reply: Reply): Promise<void> {
    return relayRefusal(reply, async () => {
      const lists = await Promise.all(this.services.names.map((name) => this.#deadLettersOf(name)));
      return { deadLetters: lists.flat() };
    });
  }

  @Get('dead-letters/causes')
  deadLetterCauses(@Res() reply: Reply): Promise<void> {
    return relayRefusal(reply, async () => {
      const lists = await Promise.all(
        this.services.names.map((name) => this.#ofKeeper<{ causes: object[] }>(name, '/dead-letters/causes')),
      );
      return { causes: lists.flatMap((list) => list?.causes ?? []) };
    });
  }

  /** Asks every service; the first that fails is answered, and what the others sent again stays sent: asking again is harmless. */
  @Post('dead-letters/retry')
  @HttpCode(200)
  retryCause(@Body() body: object, @Res() reply: Reply): Promise<void> {
    const send = { method: 'POST', body: JSON.stringify(body) } as const;
    return relayRefusal(reply, async () => {
      const answers = await Promise.all(
        this.services.names.map(async (name) => ({ name, ...(await this.#ofKeeper<{ sent: number }>(name, '/dead-letters/retry', send)) })),
      );
      return { sent: Object.fromEntries(answers.flatMap(({ name, sent = 0 }) => (sent === 0 ? [] : [[name, sent]]))) };
    });
  }

  @Get('dead-letters/:id')
  async deadLetter(@Param('id') id: string, @Res() reply: Reply): Promise<void> {
    relay(reply, await this.services.ask(id.split('.', 1)[0] ?? '', `/dead-letters/${encodeURIComponent(id)}`));
  }

  @Post('dead-letters/:id/retry')
  async retry(@Param('id') id: string, @Res() reply: Reply): Promise<void> {
    relay(
      reply,
      await this.services.ask(id.split('.', 1)[0] ?? '', `/dead-letters/${encodeURIComponent(id)}/retry`, { method: 'POST', body: '{}' }),
    );
  }

  /** Makes the projection again beside the one that answers. */
  @Post('rebuild')
  @HttpCode(202)
  async rebuild(@Res() reply: Reply): Promise<void> {
    relay(reply, await this.services.ask('audit-projection', '/rebuild', { method: 'POST', body: '{}' }));
  }

  /** Timelines, points in time, explanations, people, connections: whatever else the audit projection answers. */
  @Get('*')
  async audit(@Req() request: { url: string }, @Res() reply: Reply): Promise<void> {
    relay(reply, await this.services.ask('audit-projection', request.url.replace(/^\/api/, '')));
  }

  async #deadLettersOf(service: string): Promise<object[]> {
    return (await this.#ofKeeper<{ deadLetters: object[] }>(service, '/dead-letters'))?.deadLetters ?? [];
  }

  /** Undefined of a service that keeps no dead letters. */
  async #ofKeeper<T>(service: string, path: string, send: Parameters<Services['ask']>[2] = {}): Promise<T | undefined> {
    const answered = await this.services.ask(service, path, send);
    if (answered.status === 404) return undefined;
    if (answered.status >= 300) throw new Refusal(answered);
    return JSON.parse(answered.body) as T;
  }
}

/** Where an HR system pushes, in the form that Entra's inbound provisioning takes. */
@Controller('scim/v2')
export class Scim {
  constructor(private readonly services: Services) {}

  @Post(':connection/Bulk')
  @HttpCode(202)
  @Header('content-type', 'application/scim+json')
  async push(@Param('connection') connection: string, @Body() body: object, @Res() reply: Reply): Promise<void> {
    const answered = await this.services.ask('hr-ingestion', `/bulk/${encodeURIComponent(connection)}`, {
      method: 'POST',
      body: JSON.stringify(body),
    });
    if (answered.status === 202) reply.header('location', `/scim/v2/${connection}/Bulk`);
    relay(reply, answered);
  }
}
