import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import { topicMap } from '@muster/contracts';
import type { BatchContext, Message } from '@muster/messaging';
import { SERVICE, type ServiceContext } from '@muster/service-kit';
import { IsOptional, IsString, Length } from 'class-validator';
import { instantOf } from './axes.ts';
import { explainValue } from './explain-value.ts';
import { findPerson, type Person } from './find-person.ts';
import { indexers } from './index-facts.ts';
import { showAsOf } from './show-as-of.ts';
import { showConnections } from './show-connections.ts';
import { showObjectTimeline } from './show-object-timeline.ts';
import { showScope } from './show-scope.ts';
import { showStatus } from './show-status.ts';
import { showTimeline } from './show-timeline.ts';
import { projectedUpTo } from './up-to.ts';

/** Indexes what travels. */
@Controller()
export class Facts {
  @EventPattern<string>(topicMap.source.name)
  onSourceFacts(@Payload() batch: Message[], @Ctx() { transaction }: BatchContext): Promise<void> {
    return indexers[topicMap.source.name](transaction, batch);
  }

  @EventPattern<string>(topicMap.identityEvents.name)
  onIdentityFacts(@Payload() batch: Message[], @Ctx() { transaction }: BatchContext): Promise<void> {
    return indexers[topicMap.identityEvents.name](transaction, batch);
  }

  @EventPattern<string>(topicMap.provisioningCommands.name)
  onPlans(@Payload() batch: Message[], @Ctx() { transaction }: BatchContext): Promise<void> {
    return indexers[topicMap.provisioningCommands.name](transaction, batch);
  }

  @EventPattern<string>(topicMap.provisioningEvents.name)
  onResults(@Payload() batch: Message[], @Ctx() { transaction }: BatchContext): Promise<void> {
    return indexers[topicMap.provisioningEvents.name](transaction, batch);
  }
}

class Asked {
  @IsString()
  @Length(1, 300)
  person!: string;
}

class AskedWhy extends Asked {
  @IsString()
  @Length(1, 300)
  attribute!: string;
}

class Point {
  @IsString()
  @Length(1, 40)
  date!: string;

  @IsOptional()
  @IsString()
  @Length(1, 40)
  known?: string;
}

class Where {
  @IsOptional()
  @IsString()
  @Length(1, 63)
  connection?: string;
}

/** What the console asks. */
@Controller()
export class Questions {
  constructor(@Inject(SERVICE) private readonly service: ServiceContext) {}

  @Get('people/:person')
  async person(@Param() { person }: Asked) {
    const upTo = await projectedUpTo(this.service.database.db);
    return { upTo, ...(await this.#find(person)) };
  }

  @Get('timeline/:person')
  async timeline(@Param() { person }: Asked) {
    const { store, database } = this.service;
    const [, kind, name] = /^(group|app):(.+)$/.exec(person) ?? [];
    if (name !== undefined)
      return showObjectTimeline(database.db, { kind: kind as 'group' | 'app', name }, this.service.now().toISOString());
    return showTimeline(store, database.db, await this.#find(person));
  }

  @Get('as-of/:person')
  async asOf(@Param() { person }: Asked, @Query() { date, known }: Point) {
    const { database, connections } = this.service;
    const axes = {
      asOf: instantOf('date', date),
      knownAt: known === undefined ? this.service.now().toISOString() : instantOf('known', known),
    };
    const directories = connections.filter(({ kind }) => kind !== 'hr').map(({ name }) => name);
    return showAsOf({ db: database.db, directories }, await this.#find(person), axes);
  }

  @Get('explain/:person/:attribute')
  async explain(@Param() { person, attribute }: AskedWhy, @Query() { connection }: Where) {
    const { store, database } = this.service;
    const question = connection === undefined ? { attribute } : { attribute, connection };
    return explainValue({ store, db: database.db, now: this.service.now().toISOString() }, await this.#find(person), question);
  }

  @Get('scope/:person')
  async scope(@Param() { person }: Asked) {
    const { store, database } = this.service;
    return showScope({ store, db: database.db, now: this.service.now().toISOString() }, await this.#find(person));
  }

  @Get('connections')
  connections() {
    return showConnections(this.service.database.db, this.service.connections, this.service.now());
  }

  @Get('status')
  status() {
    return showStatus(this.service.database.db);
  }

  #find(asked: string): Promise<Person> {
    const domains = this.service.connections.flatMap(({ domain }) => (domain === undefined ? [] : [domain]));
    return findPerson(this.service.database.db, asked, domains);
  }
}
