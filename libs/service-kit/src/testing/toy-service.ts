import { setTimeout as sleep } from 'node:timers/promises';
import { Body, Controller, Get, Inject, Module, type OnApplicationShutdown, Post } from '@nestjs/common';
import { IsEmail } from 'class-validator';
import { ProblemError } from '../problem-filter.ts';
import { SERVICE, type Service, type ServiceContext } from '../service-context.ts';

/** How long the slow answer takes. */
export const SLOW_MS = 800;

class Named {
  @IsEmail()
  mail!: string;
}

/** What happened in a toy service, in its order. */
export const seen: string[] = [];

@Controller('toy')
class Toy implements OnApplicationShutdown {
  constructor(@Inject(SERVICE) private readonly service: ServiceContext) {}

  onApplicationShutdown(): void {
    seen.push('modules ended');
  }

  @Get('greeting')
  greeting(): { hello: string } {
    return { hello: this.service.name };
  }

  @Get('slow')
  async slow(): Promise<{ slow: true }> {
    seen.push('slow begins');
    await sleep(SLOW_MS);
    await this.service.database.ping();
    seen.push('slow ends');
    return { slow: true };
  }

  @Post('mail')
  mail(@Body() { mail }: Named): Named {
    return { mail };
  }

  @Get('refused')
  refused(): never {
    throw new ProblemError('contract.data_invalid', {
      detail: 'the record has no name',
      values: { schema: 'muster:source/worker-recorded.v1' },
      problems: [{ record: 'E100001', field: 'name.familyName', message: 'is missing' }],
    });
  }

  @Get('defect')
  defect(): never {
    throw new TypeError('Ada Byron has no seventh field');
  }
}

@Module({ controllers: [Toy] })
class ToyModule {}

/** A service with tables and nothing to do; `sick` is something that it depends on beside what all depend on. */
export const toyService = (sick: () => boolean): Service => ({
  name: 'toy-service',
  migrations: [],
  module: (context) => {
    context.dependsOn({
      name: 'toothache',
      check: async () => {
        if (sick()) throw new Error('it hurts');
      },
    });
    return ToyModule;
  },
});
