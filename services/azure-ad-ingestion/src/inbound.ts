import { type BeforeApplicationShutdown, Controller, Inject, type OnApplicationBootstrap } from '@nestjs/common';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import { topicMap } from '@muster/contracts';
import type { Ingestion } from '@muster/ingestion';
import type { BatchContext, Message } from '@muster/messaging';

export const INGESTION = Symbol('ingestion of Entra connections');

/** Reads for as long as the service runs, and hears of our own writes. */
@Controller()
export class Reading implements OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(@Inject(INGESTION) private readonly ingestion: Ingestion) {}

  onApplicationBootstrap(): void {
    this.ingestion.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.ingestion.stop();
  }

  @EventPattern<string>(topicMap.provisioningEvents.name)
  hearOfWrites(@Payload() batch: Message[], @Ctx() { transaction }: BatchContext): Promise<void> {
    return this.ingestion.noteWrites(transaction, batch);
  }
}
