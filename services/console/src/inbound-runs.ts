import { Body, Controller, Get, Param, Post, Query, Res } from '@nestjs/common';
import { ProblemError } from '@muster/service-kit';
import { type Answered, Refusal, Services } from './ask-services.ts';

interface Reply {
  status(code: number): Reply;
  header(name: string, value: string): Reply;
  send(body: string): void;
}

type Asked = Readonly<Record<string, unknown>>;

const relay = (reply: Reply, { status, contentType, body }: Answered): void =>
  reply.status(status).header('content-type', contentType).send(body);

const MOST_PEOPLE = 500;
const ANSWER = ['planHash'];
const invalid = (detail: string): ProblemError => new ProblemError('http.request_invalid', { detail });

/** What is not understood may have been meant to narrow: left away, an approval of a part would become one of the whole. */
function checked(body: unknown, known: readonly string[]): Asked {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw invalid('the body is to be one JSON object');
  const unknown = Object.keys(body).filter((name) => !known.includes(name));
  if (unknown.length > 0) throw invalid(`unknown: ${unknown.slice(0, 10).join(', ')}; known are ${known.join(', ')}`);
  return body as Asked;
}

function namesIn(persons: unknown): readonly string[] {
  if (!Array.isArray(persons) || persons.length === 0 || persons.some((one) => typeof one !== 'string' || one === ''))
    throw invalid('persons: a list of employee numbers, logins or ids, at least one');
  if (persons.length > MOST_PEOPLE) throw invalid(`persons: ${persons.length} are named, ${MOST_PEOPLE} at most; ask in parts`);
  return persons as string[];
}

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
    return this.#forward('/runs', checked(body, ['persons', 'identities', 'dry']), reply);
  }

  @Post(':id/approve')
  approve(@Param('id') id: string, @Body() body: object, @Res() reply: Reply): Promise<void> {
    return this.#forward(
      `/runs/${encodeURIComponent(id)}/approve`,
      checked(body, [...ANSWER, 'connections', 'actions', 'persons', 'identities']),
      reply,
    );
  }

  @Post(':id/refuse')
  refuse(@Param('id') id: string, @Body() body: object, @Res() reply: Reply): Promise<void> {
    return this.#forward(`/runs/${encodeURIComponent(id)}/refuse`, checked(body, [...ANSWER, 'reason']), reply);
  }

  async #forward(path: string, { persons, ...rest }: Asked, reply: Reply): Promise<void> {
    try {
      const identities = persons === undefined ? {} : { identities: await this.#identitiesOf(namesIn(persons)) };
      const sent = JSON.stringify({ ...rest, ...identities, by: 'operator' });
      relay(reply, await this.services.ask('reconciliation', path, { method: 'POST', body: sent }));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      relay(reply, error.answered);
    }
  }

  async #identitiesOf(persons: readonly string[]): Promise<string[]> {
    const found: string[] = [];
    for (const person of persons) {
      const { identityId } = await this.services.json<{ identityId: string }>('audit-projection', `/people/${encodeURIComponent(person)}`);
      found.push(identityId);
    }
    return found;
  }
}
