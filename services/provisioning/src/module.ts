import { Module } from '@nestjs/common';
import { SERVICE, type Service, type ServiceContext } from '@muster/service-kit';
import { openWritable } from './connections.ts';
import { Plans, Questions } from './inbound.ts';
import { askAgain, REFUSED } from './keep-refusals.ts';
import { Sending } from './sending.ts';
import { provisioningTables } from './tables.ts';

@Module({
  controllers: [Plans, Questions],
  providers: [
    { provide: Sending, inject: [SERVICE], useFactory: (context: ServiceContext) => new Sending(context, openWritable(context)) },
  ],
})
class ProvisioningModule {}

/** The writer of `provisioning-*`, and of everything that changes in the connected systems. */
export const provisioning: Service = {
  name: 'provisioning',
  migrations: provisioningTables,
  module: () => ProvisioningModule,
  async retryDeadWork({ store }, { kind, key }) {
    if (kind !== REFUSED) return false;
    await askAgain(store, key, 'operator');
    return true;
  },
};
