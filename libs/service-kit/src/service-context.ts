import type { CanActivate, DynamicModule, Type } from '@nestjs/common';
import type { ConnectionConfig, SubscriberConfig } from '@muster/connector';
import type { EventStore } from '@muster/event-store';
import type { Migration, ReadStore } from '@muster/read-store';
import type { DeadWork } from '@muster/work';
import type { Logger } from 'pino';
import type { Gauge, Registry } from 'prom-client';
import type { Dependency } from './health.ts';
import type { Settings } from './settings.ts';

/** What a service is: a name, the tables it keeps, and the Nest module that wires it. */
export interface Service {
  /** Also its consumer group; its schema in PostgreSQL is the same with `_` for `-`. */
  readonly name: string;
  /** Absent: the service keeps no tables and consumes nothing. */
  readonly migrations?: readonly Migration[];
  module(context: ServiceContext): Type<unknown> | DynamicModule;
  /**
   * What it takes to try a dead work row again, where putting the row back is not enough. True: it was asked for, and the row goes by itself once that
   * has been heard; false: the row is put back.
   */
  retryDeadWork?(context: ServiceContext, dead: DeadWork): Promise<boolean>;
  /** Who may ask over HTTP. Absent: holders of the internal token. */
  guard?(context: ServiceContext): CanActivate;
}

/** What the parts of a service are given; inject it under {@link SERVICE}. */
export interface ServiceContext {
  readonly name: string;
  readonly settings: Settings;
  readonly store: EventStore;
  readonly connections: readonly ConnectionConfig[];
  /** Systems with topics of their own. */
  readonly subscribers: readonly SubscriberConfig[];
  readonly logger: Logger;
  readonly metrics: Registry;
  /** Rises while something is taken in and not yet safely recorded: requests, batches, claimed rows, calls. */
  readonly inProgress: Gauge<'kind'>;
  /** Aborts when the service is asked to stop. */
  readonly closing: AbortSignal;
  /** The service's own schema. Throws for a service without migrations. */
  readonly database: ReadStore;
  readonly now: () => Date;
  /** A waiting time of the real world as it passes here: divided by the time factor. */
  readonly scaled: (milliseconds: number) => number;
  /** Something that readiness depends on, beside store, database and transport. */
  readonly dependsOn: (dependency: Dependency) => void;
}

export const SERVICE = Symbol('context of this service');
