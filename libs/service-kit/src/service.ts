import 'reflect-metadata';
import type { Server } from 'node:http';
import { type DynamicModule, Module, ValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { NestMicroservice } from '@nestjs/microservices';
import { TerminusModule } from '@nestjs/terminus';
import { messagingTables, OriginalErrors } from '@muster/messaging';
import { workTables } from '@muster/work';
import { openReadStore, type ReadStore } from '@muster/read-store';
import type { Logger } from 'pino';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { DeadLettersController, RETRY_DEAD_WORK, type RetryDeadWork } from './dead-letters.ts';
import { DEPENDENCIES, type Dependency, HealthController } from './health.ts';
import { InternalGuard } from './internal-guard.ts';
import { createLogger } from './logger.ts';
import { METRICS, MetricsController } from './metrics.ts';
import { NestLogger } from './nest-logger.ts';
import type { Platform } from './platform.ts';
import { ProblemFilter } from './problem-filter.ts';
import { SERVICE, type Service, type ServiceContext } from './service-context.ts';
import { createTransport } from './transport.ts';

export interface RunningService {
  readonly name: string;
  readonly url: string;
  close(): Promise<void>;
}

const BODY_LIMIT = 1024 * 1024;
/** Requests that are under way when the service is asked to stop get this long. */
const ANSWERED_WITHIN_MS = 5_000;

/**
 * Starts a service on a platform and resolves once it is listening and consuming. `close` ends it in order and keeps the platform: requests that are under way
 * are answered, for 5 s.
 */
export async function startService(service: Service, platform: Platform, options: { port?: number } = {}): Promise<RunningService> {
  const { settings } = platform;
  const logger = createLogger(service.name, settings.logLevel);
  const database =
    service.migrations &&
    (await openReadStore({
      url: settings.database,
      schema: service.name.replaceAll('-', '_'),
      migrations: [...messagingTables, ...workTables, ...service.migrations],
    }));
  const closing = new AbortController();
  const dependencies: Dependency[] = [{ name: 'event-store', check: async () => void (await platform.store.checkHealth()) }];
  if (database) dependencies.push({ name: 'database', check: () => database.ping() });
  const context = createContext({ service, platform, logger, database, closing: closing.signal, dependencies });

  const fastify = new FastifyAdapter({ bodyLimit: BODY_LIMIT, forceCloseConnections: 'idle' });
  const nest = await NestFactory.create<NestFastifyApplication>(rootModule(service, context, dependencies), fastify, {
    logger: new NestLogger(logger),
    abortOnError: false,
  });
  countRequests(fastify, context.inProgress);
  acceptScim(fastify);
  nest.useGlobalGuards(service.guard?.(context) ?? new InternalGuard(settings.internalToken));
  nest.useGlobalPipes(new ValidationPipe({ whitelist: true, transform: true }));
  nest.useGlobalFilters(new ProblemFilter(logger));
  if (database) {
    const transport = createTransport(context, database);
    dependencies.push(transport.dependency);
    const consuming = nest.connectMicroservice({ strategy: transport.strategy }, { inheritAppConfig: false, deferInitialization: true });
    consuming.useGlobalFilters(new OriginalErrors());
    // Its modules are those of the application, which calls their hooks; called twice, everything would start twice.
    (consuming as NestMicroservice).setIsInitHookCalled(true);
    await nest.startAllMicroservices();
  }
  await nest.listen(options.port ?? settings.http.port, settings.http.host);
  return {
    name: service.name,
    url: (await nest.getUrl()).replace('[::1]', 'localhost'),
    async close() {
      closing.abort();
      const impatient = setTimeout(() => fastify.getHttpServer<Server>().closeAllConnections(), ANSWERED_WITHIN_MS);
      try {
        await nest.close();
      } finally {
        clearTimeout(impatient);
      }
      await database?.close();
    },
  };
}

interface ContextParts {
  service: Service;
  platform: Platform;
  logger: Logger;
  database: ReadStore | undefined;
  closing: AbortSignal;
  dependencies: Dependency[];
}

function createContext({ service, platform, logger, database, closing, dependencies }: ContextParts): ServiceContext {
  const metrics = new Registry();
  metrics.setDefaultLabels({ service: service.name });
  collectDefaultMetrics({ register: metrics });
  return {
    name: service.name,
    settings: platform.settings,
    store: platform.store,
    connections: platform.connections,
    subscribers: platform.subscribers,
    logger,
    metrics,
    inProgress: new Gauge({
      name: 'muster_in_progress',
      help: 'taken in and not yet safely recorded',
      labelNames: ['kind'],
      registers: [metrics],
    }),
    closing,
    get database() {
      if (!database) throw new TypeError(`${service.name} declares no migrations, so it has no schema`);
      return database;
    },
    now: () => new Date(),
    scaled: (milliseconds) => milliseconds / platform.settings.timeFactor,
    dependsOn: (dependency) => void dependencies.push(dependency),
  };
}

@Module({})
class RootModule {}

function rootModule(service: Service, context: ServiceContext, dependencies: readonly Dependency[]): DynamicModule {
  const retryDeadWork: RetryDeadWork = async (dead) => (await service.retryDeadWork?.(context, dead)) ?? false;
  const keepsTables = service.migrations !== undefined;
  const kit: DynamicModule = {
    module: KitModule,
    global: true,
    imports: [TerminusModule.forRoot({ logger: false })],
    controllers: [HealthController, MetricsController, ...(keepsTables ? [DeadLettersController] : [])],
    providers: [
      { provide: SERVICE, useValue: context },
      { provide: DEPENDENCIES, useValue: dependencies },
      { provide: RETRY_DEAD_WORK, useValue: retryDeadWork },
      { provide: METRICS, useValue: context.metrics },
    ],
    exports: [SERVICE],
  };
  return { module: RootModule, imports: [kit, service.module(context)] };
}

@Module({})
class KitModule {}

function countRequests(fastify: FastifyAdapter, inProgress: Gauge<'kind'>): void {
  const counted = (url: string): boolean => !/^\/(health|metrics)/.test(url);
  const instance = fastify.getInstance();
  instance.addHook('onRequest', (request, _reply, done) => {
    if (counted(request.url)) inProgress.inc({ kind: 'request' });
    done();
  });
  instance.addHook('onResponse', (request, _reply, done) => {
    if (counted(request.url)) inProgress.dec({ kind: 'request' });
    done();
  });
}

function acceptScim(fastify: FastifyAdapter): void {
  const instance = fastify.getInstance();
  instance.addContentTypeParser('application/scim+json', { parseAs: 'string' }, instance.getDefaultJsonParser('error', 'error'));
}
