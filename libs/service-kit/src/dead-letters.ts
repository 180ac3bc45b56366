import { Controller, Get, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { listDeadMessages, retryDeadMessages } from '@muster/messaging';
import { type DeadWork, findDeadWork, listDeadWork, retryDeadWork } from '@muster/work';
import { ProblemError } from './problem-filter.ts';
import { SERVICE, type ServiceContext } from './service-context.ts';

/** What a service could not process, as it is shown: a reference, the cause and what to do. Never the input itself. */
export interface ShownDeadLetter {
  readonly id: string;
  readonly service: string;
  readonly at: string;
  readonly reference: string;
  readonly code: string;
  readonly message: string;
  readonly remedy?: string;
  readonly attempts: number;
}

export const RETRY_DEAD_WORK = Symbol('what it takes to try a dead work row again');
export type RetryDeadWork = (dead: DeadWork) => Promise<boolean>;

const gone = (id: string) => new ProblemError('http.not_found', { detail: `no dead letter has the id ${id}` });

/** Dead messages and dead work rows of a service. Ids are `<service>.message.<n>` and `<service>.work.<n>`. */
@Controller('dead-letters')
export class DeadLettersController {
  constructor(
    @Inject(SERVICE) private readonly service: ServiceContext,
    @Inject(RETRY_DEAD_WORK) private readonly retryWork: RetryDeadWork,
  ) {}

  @Get()
  async list(): Promise<{ deadLetters: ShownDeadLetter[] }> {
    const { database } = this.service;
    const [messages, work] = await Promise.all([listDeadMessages(database, { max: 1000 }), listDeadWork(database.db)]);
    const shownMessages = messages.map(({ id, since, of, key, code, error, attempts }) => ({
      ...this.#named('message', id),
      at: since,
      reference: `${of} ${key}`,
      code,
      message: error,
      attempts,
    }));
    const shownWork = work.map(({ id, at, kind, key, attempts, fault }) => ({
      ...this.#named('work', id),
      at,
      reference: `${kind} ${key}`,
      code: fault.code,
      message: fault.message,
      ...(fault.remedy === undefined ? {} : { remedy: fault.remedy }),
      attempts,
    }));
    return { deadLetters: [...shownMessages, ...shownWork].toSorted((a, b) => (a.at < b.at ? 1 : -1)) };
  }

  @Get(':id')
  async show(@Param('id') id: string): Promise<object> {
    const [source, number] = this.#parse(id);
    const found =
      source === 'work'
        ? await findDeadWork(this.service.database.db, number)
        : (await listDeadMessages(this.service.database, { id: number }))[0];
    if (!found) throw gone(id);
    return { ...found, id, service: this.service.name };
  }

  @Post(':id/retry')
  @HttpCode(202)
  async retry(@Param('id') id: string): Promise<{ id: string }> {
    const [source, number] = this.#parse(id);
    const { database } = this.service;
    const sent = source === 'work' ? await this.#retryWork(number) : (await retryDeadMessages(database, { id: number })) > 0;
    if (!sent) throw gone(id);
    return { id };
  }

  async #retryWork(number: string): Promise<boolean> {
    const { database } = this.service;
    const dead = await findDeadWork(database.db, number);
    if (!dead) return false;
    return (await this.retryWork(dead)) || retryDeadWork(database, number);
  }

  #named(source: 'message' | 'work', id: string) {
    return { id: `${this.service.name}.${source}.${id}`, service: this.service.name };
  }

  #parse(id: string): ['message' | 'work', string] {
    const [, source, number] = /^[a-z-]+\.(message|work)\.(\d{1,15})$/.exec(id) ?? [];
    if (number === undefined) throw gone(id);
    return [source === 'work' ? 'work' : 'message', number];
  }
}
