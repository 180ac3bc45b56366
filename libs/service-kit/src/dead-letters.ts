import { Body, Controller, Get, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { deadMessageCauses, listDeadMessages, retryDeadMessages } from '@muster/messaging';
import { type DeadWork, deadWorkCauses, findDeadWork, listDeadWork, retryDeadWork } from '@muster/work';
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

/** How many dead letters of a service have one code. */
export interface ShownCause {
  readonly service: string;
  readonly code: string;
  readonly count: number;
  readonly oldest: string;
  readonly newest: string;
  readonly remedy?: string;
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

  /** Each cause with its whole count: the list stops at the newest ones, this does not. */
  @Get('causes')
  async causes(): Promise<{ causes: ShownCause[] }> {
    const { database, name: service } = this.service;
    const [messages, work] = await Promise.all([deadMessageCauses(database), deadWorkCauses(database.db)]);
    const shownWork = work.map(({ remedy, ...cause }) => ({ service, ...cause, ...(remedy === null ? {} : { remedy }) }));
    return { causes: [...messages.map((cause) => ({ service, ...cause })), ...shownWork] };
  }

  /** Sends all again that have a code. What is buried again meanwhile is not sent a second time by the same request. */
  @Post('retry')
  @HttpCode(202)
  async retryCause(@Body() { code }: { code?: unknown }): Promise<{ code: string; sent: number }> {
    if (typeof code !== 'string' || code === '')
      throw new ProblemError('http.request_invalid', { detail: 'code names the cause to send again' });
    const { database } = this.service;
    let sent = await retryDeadMessages(database, { code });
    for (const dead of await listDeadWork(database.db, { code })) if (await this.#sendAgain(dead)) sent += 1;
    return { code, sent };
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
    return dead !== undefined && this.#sendAgain(dead);
  }

  async #sendAgain(dead: DeadWork): Promise<boolean> {
    return (await this.retryWork(dead)) || retryDeadWork(this.service.database, dead.id);
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
