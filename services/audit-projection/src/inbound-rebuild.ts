import { Controller, Get, HttpCode, Inject, Post } from '@nestjs/common';
import { SERVICE, type ServiceContext } from '@muster/service-kit';
import { AlreadyRebuilding, rebuild, type Rebuilt } from './rebuild.ts';

interface Progress {
  /** `elsewhere`: another process does it. */
  readonly state: 'never' | 'running' | 'done' | 'failed' | 'elsewhere';
  readonly startedAt?: string;
  readonly finishedAt?: string;
  readonly result?: Rebuilt;
  readonly because?: string;
}

/** Rebuilds the projection beside itself when it is asked to. */
@Controller('rebuild')
export class Rebuilding {
  #progress: Progress = { state: 'never' };

  constructor(@Inject(SERVICE) private readonly service: ServiceContext) {}

  @Get()
  progress(): Progress {
    return this.#progress;
  }

  /** Starts unless it runs already; answers at once. */
  @Post()
  @HttpCode(202)
  start(): Progress {
    if (this.#progress.state !== 'running') {
      this.#progress = { state: 'running', startedAt: this.service.now().toISOString() };
      void this.#run();
    }
    return this.#progress;
  }

  async #run(): Promise<void> {
    const { logger } = this.service;
    try {
      const result = await rebuild(this.service);
      if (result.same) logger.info({ events: result.events, hash: result.hash }, 'the projection was rebuilt and says the same');
      else logger.error({ differ: result.differ }, 'the projection was rebuilt, and the tables before it said something else');
      this.#end({ state: 'done', result });
    } catch (error) {
      logger.error({ err: error }, 'the projection could not be rebuilt; the tables before answer on');
      this.#end({ state: error instanceof AlreadyRebuilding ? 'elsewhere' : 'failed', because: (error as Error).message });
    }
  }

  #end(outcome: Progress): void {
    this.#progress = { ...this.#progress, ...outcome, finishedAt: this.service.now().toISOString() };
  }
}
