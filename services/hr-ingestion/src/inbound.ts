import { randomUUID } from 'node:crypto';
import {
  type BeforeApplicationShutdown,
  Body,
  Controller,
  Get,
  Header,
  HttpCode,
  Inject,
  type OnApplicationBootstrap,
  Param,
  Post,
  Query,
} from '@nestjs/common';
import { isData, type ScimBulkResponse, validateData } from '@muster/contracts';
import { ProblemError, SERVICE, type ServiceContext } from '@muster/service-kit';
import { type Quarantined, workStatus } from '@muster/work';
import type { Pulling } from './pulling.ts';
import { recordWorkers } from './record-workers.ts';

export const PULLING = Symbol('pulling of worker reports');

/** Takes the HR push that the console let in. */
@Controller('bulk')
export class BulkController {
  constructor(@Inject(SERVICE) private readonly service: ServiceContext) {}

  @Post(':connection')
  @HttpCode(202)
  @Header('content-type', 'application/scim+json')
  async push(@Param('connection') connection: string, @Body() body: unknown): Promise<ScimBulkResponse> {
    const known = this.service.connections.find(({ name, kind }) => name === connection && kind === 'hr');
    if (!known) throw new ProblemError('connection.unknown', { detail: `no HR connection is named "${connection}"` });
    if (!isData('ScimBulkRequest', body)) {
      const problems = validateData('ScimBulkRequest', body).map(({ pointer, expected }) => ({
        field: pointer || '/',
        message: `expected ${expected}`,
      }));
      throw new ProblemError('http.request_invalid', { problems });
    }
    return recordWorkers(this.service.store, {
      connection,
      deliveryId: randomUUID(),
      receivedAt: this.service.now().toISOString(),
      request: body,
    });
  }
}

/** Pulls for as long as the service runs, and takes hints: a webhook of the HR system is only a reason to look earlier. */
@Controller('pull')
export class PullController implements OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(@Inject(PULLING) private readonly pulling: Pulling) {}

  onApplicationBootstrap(): void {
    this.pulling.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.pulling.stop();
  }

  @Post(':connection')
  @HttpCode(202)
  async poke(@Param('connection') connection: string, @Query('whole') whole?: string): Promise<{ connection: string }> {
    if (!this.pulling.pulls(connection))
      throw new ProblemError('connection.unknown', { detail: `no HR connection with a report is named "${connection}"` });
    await this.pulling.poke(connection, whole === 'true');
    return { connection };
  }
}

/** Which connections wait after failures. */
@Controller('status')
export class StatusController {
  constructor(@Inject(SERVICE) private readonly service: ServiceContext) {}

  @Get()
  async show(): Promise<{ quarantined: Quarantined[] }> {
    const { quarantined } = await workStatus(this.service.database.db);
    return { quarantined };
  }
}
