import { Body, Controller, Get, Inject, Param, Post } from '@nestjs/common';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import { topicMap } from '@muster/contracts';
import type { BatchContext, Message } from '@muster/messaging';
import { ProblemError, SERVICE, type ServiceContext } from '@muster/service-kit';
import { upsertWork, workStatus } from '@muster/work';
import { IsOptional, IsString, IsUUID, Length } from 'class-validator';
import { markDirty } from './dirty.ts';
import { foldIdentityFacts, foldSourceFacts, whoseCalls } from './fold-facts.ts';
import { foldRuns } from './fold-runs.ts';
import { answerCase } from './put-question.ts';
import { dryRun, identityIdOf } from './reconcile-identity.ts';
import { Reconciler } from './reconciler.ts';
import { countHeld } from './show-runs.ts';
import { caseKey, OPEN_CASE } from './rows.ts';

/** Marks whom facts concern. */
@Controller()
export class Facts {
  constructor(@Inject(SERVICE) private readonly service: ServiceContext) {}

  @EventPattern<string>(topicMap.source.name)
  async onSourceFacts(@Payload() batch: Message[], @Ctx() { transaction }: BatchContext): Promise<void> {
    const { store, connections } = this.service;
    const folding = {
      db: transaction,
      connections: new Map(connections.map((one) => [one.name, one])),
      identityIdOf: (connection: string, workerKey: string) => identityIdOf(store, connection, workerKey),
    };
    await markDirty(transaction, await foldSourceFacts(folding, batch));
  }

  @EventPattern<string>(topicMap.identityEvents.name)
  async onIdentityFacts(@Payload() batch: Message[], @Ctx() { transaction }: BatchContext): Promise<void> {
    await markDirty(transaction, await foldIdentityFacts(transaction, batch));
  }

  @EventPattern<string>(topicMap.provisioningCommands.name)
  async onRuns(@Payload() batch: Message[], @Ctx() { transaction }: BatchContext): Promise<void> {
    await foldRuns(transaction, batch);
  }

  @EventPattern<string>(topicMap.provisioningEvents.name)
  async onResults(@Payload() batch: Message[], @Ctx() { transaction }: BatchContext): Promise<void> {
    await markDirty(transaction, whoseCalls(batch));
    const asking = batch.filter(({ type, data }) => type === 'CommandEnded' && data.caseId !== undefined);
    await upsertWork(
      transaction,
      asking.map(({ data, revision }) => ({ kind: OPEN_CASE, key: caseKey(data.identityId as string, revision) })),
    );
  }
}

class Answer {
  @IsString()
  @Length(1, 64)
  answer!: string;

  @IsOptional()
  @IsString()
  @Length(1, 256)
  accountId?: string;

  @IsString()
  @Length(1, 128)
  by!: string;
}

class CaseId {
  @IsUUID()
  id!: string;
}

class PersonId {
  @IsUUID()
  identity!: string;
}

/** What the console asks. */
@Controller()
export class Questions {
  constructor(
    @Inject(SERVICE) private readonly service: ServiceContext,
    private readonly reconciler: Reconciler,
  ) {}

  @Get('plan/:identity')
  async plan(@Param() { identity }: PersonId) {
    const draft = await dryRun(this.reconciler.work, identity);
    if (!draft) throw new ProblemError('http.not_found', { detail: 'nobody is known by this id' });
    return draft;
  }

  @Get('cases')
  cases() {
    return { cases: this.reconciler.governance.openCases().map(({ opened, openedAt }) => ({ ...opened, openedAt })) };
  }

  @Post('cases/:id/resolve')
  async resolve(@Param() { id }: CaseId, @Body() { answer, accountId, by }: Answer) {
    const { store, now } = this.service;
    const opening = this.reconciler.governance.find(id)?.cause;
    await answerCase(store, { caseId: id, answer, by, ...(accountId === undefined ? {} : { accountId }) }, { now: now(), opening });
    return { caseId: id, answer };
  }

  @Get('status')
  async status() {
    const work = await workStatus(this.service.database.db);
    const heldRuns = await countHeld(this.service.database.db);
    return { heldRuns, openCases: this.reconciler.governance.openCases().length, flows: this.reconciler.governance.flows.length, ...work };
  }
}
