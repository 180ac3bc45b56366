import { type BeforeApplicationShutdown, Controller, Get, Inject, type OnApplicationBootstrap, Query } from '@nestjs/common';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import { topicMap } from '@muster/contracts';
import type { BatchContext, Message } from '@muster/messaging';
import { SERVICE, type ServiceContext } from '@muster/service-kit';
import { IsUUID } from 'class-validator';
import { targetNames } from './connections.ts';
import { keepRefusals } from './keep-refusals.ts';
import { Sending } from './sending.ts';
import { type CommandsAnswer, showCommands } from './show-commands.ts';
import { type SendingStatus, sendingStatus } from './status.ts';
import { wakeSenders } from './wake-senders.ts';

/** Hears of released plans and of our own results, and sends for as long as the service runs. */
@Controller()
export class Plans implements OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(
    @Inject(SERVICE) private readonly service: ServiceContext,
    private readonly sending: Sending,
  ) {}

  onApplicationBootstrap(): Promise<void> {
    return this.sending.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.sending.stop();
  }

  @EventPattern<string>(topicMap.provisioningCommands.name)
  onPlans(@Payload() batch: Message[], @Ctx() { transaction }: BatchContext): Promise<void> {
    return wakeSenders(transaction, batch, targetNames(this.service));
  }

  @EventPattern<string>(topicMap.provisioningEvents.name)
  onResults(@Payload() batch: Message[], @Ctx() { transaction }: BatchContext): Promise<void> {
    return keepRefusals(transaction, batch);
  }
}

class Whose {
  @IsUUID()
  identity!: string;
}

/** What the console asks. */
@Controller()
export class Questions {
  constructor(
    @Inject(SERVICE) private readonly service: ServiceContext,
    private readonly sending: Sending,
  ) {}

  @Get('commands')
  commands(@Query() { identity }: Whose): Promise<CommandsAnswer> {
    return showCommands(this.service, identity);
  }

  @Get('status')
  status(): Promise<SendingStatus> {
    const { store, database } = this.service;
    return sendingStatus({ store, db: database.db }, this.sending.watched);
  }
}
