import type { CustomTransportStrategy } from '@nestjs/microservices';
import type { ReadStore } from '@muster/read-store';
import type { Dependency } from './health.ts';
import type { ServiceContext } from './service.ts';

export function createTransport(
  _context: ServiceContext,
  _database: ReadStore,
): { strategy: CustomTransportStrategy; dependency: Dependency } {
  throw new Error('pending');
}
