import 'reflect-metadata';
import { setTimeout as sleep } from 'node:timers/promises';
import { topicMap } from '@muster/contracts';
import type { EventStore } from '@muster/event-store';
import { openReadStore, type Migration, type ReadStore } from '@muster/read-store';
import { Controller, Inject, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import { sql } from 'kysely';
import { EmbeddedStrategy } from '../embedded-strategy.ts';
import { KafkaStrategy } from '../kafka-strategy.ts';
import type { Log } from '../log.ts';
import { OriginalErrors } from '../original-errors.ts';
import type { BatchContext, Message } from '../message.ts';
import type { BatchStrategy } from '../strategy.ts';
import { messagingTables } from '../tables.ts';

/** What the recording consumer writes down, and what it is told to throw on. */
export const recordingTables: readonly Migration[] = [
  ...messagingTables,
  {
    name: 'recording/1-tables',
    sql: `
      create table applied (id bigint generated always as identity, stream text not null, revision bigint not null, process integer not null, data jsonb not null);
      create table poison (stream text primary key);
    `,
  },
];

export interface RecordingOptions {
  name: string;
  databaseUrl: string;
  store: EventStore;
  /** Absent: embedded. */
  brokers?: readonly string[];
  sessionTimeoutMs?: number;
  /** Milliseconds that each transaction takes longer, so that it can be met in the middle. */
  slowness?: number;
  log?: Log;
}

export interface RecordingConsumer {
  database: ReadStore;
  strategy: BatchStrategy;
  stop(): Promise<void>;
}

const SLOWNESS = Symbol('slowness');

/** Writes down every message in the batch's transaction; throws on streams that the table `poison` names. */
@Controller()
class Recorder {
  constructor(@Inject(SLOWNESS) private readonly slowness: number) {}

  @EventPattern<string>(topicMap.source.name)
  onSource(@Payload() batch: Message[], @Ctx() context: BatchContext): Promise<void> {
    return this.#record(batch, context);
  }

  @EventPattern<string>(topicMap.provisioningEvents.name)
  onProvisioning(@Payload() batch: Message[], @Ctx() context: BatchContext): Promise<void> {
    return this.#record(batch, context);
  }

  async #record(batch: Message[], { transaction }: BatchContext): Promise<void> {
    const rows = batch.map(({ stream, revision, data }) => ({ stream, revision, data, process: process.pid }));
    await sql`
      insert into applied (stream, revision, process, data)
      select stream, revision, process, data from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(stream text, revision bigint, process integer, data jsonb)`.execute(
      transaction,
    );
    if (this.slowness > 0) await sleep(this.slowness);
    const { rows: poisoned } = await sql<{
      stream: string;
    }>`select stream from poison where stream = any(${batch.map(({ stream }) => stream)}::text[])`.execute(transaction);
    if (poisoned.length > 0) throw new Error(`cannot handle "${JSON.stringify(batch[0]?.data)}"`);
  }
}

/** Starts the recorder as a Nest microservice on one of the two transports. */
export async function startRecordingConsumer(options: RecordingOptions): Promise<RecordingConsumer> {
  const database = await openReadStore({ url: options.databaseUrl, schema: options.name, migrations: recordingTables });
  const common = { consumer: options.name, database, store: options.store, ...(options.log ? { log: options.log } : {}) };
  const timeout = options.sessionTimeoutMs === undefined ? {} : { sessionTimeoutMs: options.sessionTimeoutMs };
  const strategy = options.brokers ? new KafkaStrategy({ ...common, ...timeout, brokers: options.brokers }) : new EmbeddedStrategy(common);

  @Module({ controllers: [Recorder], providers: [{ provide: SLOWNESS, useValue: options.slowness ?? 0 }] })
  class RecorderModule {}

  const app = await NestFactory.createMicroservice(RecorderModule, { strategy, logger: false });
  app.useGlobalFilters(new OriginalErrors());
  await app.listen();
  return {
    database,
    strategy,
    stop: async () => {
      await app.close();
      await database.close();
    },
  };
}
