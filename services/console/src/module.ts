import { Inject, Injectable, Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { SERVICE, type Service, type ServiceContext } from '@muster/service-kit';
import { Services } from './ask-services.ts';
import type { ConsoleConfig } from './config.ts';
import { ConsoleGuard } from './guard.ts';
import { VendorHooks } from './hooks.ts';
import { Api, Scim } from './inbound.ts';
import { RunsApi } from './inbound-runs.ts';
import { declareConnections, publishFlows } from './publish-flows.ts';

const CONFIG = Symbol('settings of the console');

/** Publishes what files say before anybody can ask. */
@Injectable()
class FromFiles implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(
    @Inject(SERVICE) private readonly service: ServiceContext,
    @Inject(CONFIG) private readonly config: ConsoleConfig,
    private readonly services: Services,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await declareConnections(this.service);
    const { published, retired } = await publishFlows(this.service, this.config.flowsFolder);
    this.service.logger.info({ published }, 'flows are in force');
    if (retired.length > 0) this.service.logger.warn({ flows: retired }, 'flows whose file is gone were retired; what they granted stays');
  }

  /** After the last answer, which may need another service. */
  onApplicationShutdown(): Promise<void> {
    return this.services.close();
  }
}

/** The authenticated front: operators and HR systems come in here. The writer of `flow-*` and `connection-*`. */
export const consoleService = (config: ConsoleConfig): Service => {
  @Module({
    controllers: [Scim, VendorHooks, RunsApi, Api],
    providers: [
      FromFiles,
      { provide: CONFIG, useValue: config },
      {
        provide: Services,
        inject: [SERVICE],
        useFactory: ({ settings }: ServiceContext) => new Services(config.services, settings.internalToken),
      },
    ],
  })
  class ConsoleModule {}
  return { name: 'console', module: () => ConsoleModule, guard: (context) => new ConsoleGuard(context, config.operatorToken) };
};
