import { randomUUID } from 'node:crypto';
import { Body, Controller, Header, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { isData, type ScimBulkResponse, validateData } from '@muster/contracts';
import { ProblemError, SERVICE, type ServiceContext } from '@muster/service-kit';
import { recordWorkers } from './record-workers.ts';

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
