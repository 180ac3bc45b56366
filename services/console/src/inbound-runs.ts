import { Body, Controller, Get, Param, Post, Query, Res } from '@nestjs/common';
import { type Answered, Refusal, Services } from './ask-services.ts';

interface Reply {
  status(code: number): Reply;
  header(name: string, value: string): Reply;
  send(body: string): void;
}

interface Named {
  readonly persons?: unknown;
}

const relay = (reply: Reply, { status, contentType, body }: Answered): void =>
  reply.status(status).header('content-type', contentType).send(body);

/** Runs and the answers of operators to those that are held. Reconciliation decides; people are named here as operators name them. */
@Controller('api/runs')
export class RunsApi {
  constructor(private readonly services: Services) {}

  @Get()
  async list(@Res() reply: Reply, @Query('state') state?: string): Promise<void> {
    relay(reply, await this.services.ask('reconciliation', state === 'held' ? '/runs?state=held' : '/runs'));
  }

  @Get(':id')
  async one(@Param('id') id: string, @Res() reply: Reply): Promise<void> {
    relay(reply, await this.services.ask('reconciliation', `/runs/${encodeURIComponent(id)}`));
  }

  @Post()
  open(@Body() body: object, @Res() reply: Reply): Promise<void> {
    return this.#forward('/runs', body, reply);
  }

  @Post(':id/approve')
  approve(@Param('id') id: string, @Body() body: object, @Res() reply: Reply): Promise<void> {
    return this.#forward(`/runs/${encodeURIComponent(id)}/approve`, body, reply);
  }

  @Post(':id/refuse')
  refuse(@Param('id') id: string, @Body() body: object, @Res() reply: Reply): Promise<void> {
    return this.#forward(`/runs/${encodeURIComponent(id)}/refuse`, body, reply);
  }

  async #forward(path: string, body: object, reply: Reply): Promise<void> {
    const { persons, ...rest } = body as Named;
    try {
      const identities = Array.isArray(persons) ? { identities: await this.#identitiesOf(persons) } : {};
      const sent = JSON.stringify({ ...rest, ...identities, by: 'operator' });
      relay(reply, await this.services.ask('reconciliation', path, { method: 'POST', body: sent }));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      relay(reply, error.answered);
    }
  }

  async #identitiesOf(persons: readonly unknown[]): Promise<string[]> {
    const found: string[] = [];
    for (const person of persons.slice(0, MOST_PEOPLE)) {
      const { identityId } = await this.services.json<{ identityId: string }>(
        'audit-projection',
        `/people/${encodeURIComponent(String(person))}`,
      );
      found.push(identityId);
    }
    return found;
  }
}

const MOST_PEOPLE = 500;
