import { Body, Controller, Get, Inject, Param, Post, Query } from '@nestjs/common';
import type { RunApproved } from '@muster/contracts';
import { ProblemError, SERVICE, type ServiceContext } from '@muster/service-kit';
import { ArrayMaxSize, ArrayMinSize, IsArray, IsBoolean, IsIn, IsOptional, IsString, IsUUID, Length, Matches } from 'class-validator';
import { approve, refuse } from './answer-run.ts';
import { dryRunForPeople, runForPeople } from './open-run.ts';
import { Reconciler } from './reconciler.ts';
import { listRuns, showRun } from './show-runs.ts';

const LIMITS = ['create', 'set', 'enable', 'disable', 'revokeSessions', 'grant', 'revoke', 'leaver'];

class RunId {
  @IsUUID()
  id!: string;
}

class Approval {
  @Matches(/^[0-9a-f]{64}$/)
  planHash!: string;

  @IsString()
  @Length(1, 128)
  by!: string;

  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(100)
  @IsString({ each: true })
  connections?: string[];

  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @IsIn(LIMITS, { each: true })
  actions?: NonNullable<NonNullable<RunApproved['part']>['actions']>;

  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(20_000)
  @IsUUID(undefined, { each: true })
  identities?: string[];
}

class Refusal {
  @Matches(/^[0-9a-f]{64}$/)
  planHash!: string;

  @IsString()
  @Length(1, 128)
  by!: string;

  @IsString()
  @Length(1, 1000)
  reason!: string;
}

class Scope {
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(500)
  @IsUUID(undefined, { each: true })
  identities!: string[];

  @IsString()
  @Length(1, 128)
  by!: string;

  @IsOptional()
  @IsBoolean()
  dry?: boolean;
}

/** What the console asks about runs, and the answers of people to those that are held. */
@Controller('runs')
export class Runs {
  constructor(
    @Inject(SERVICE) private readonly service: ServiceContext,
    private readonly reconciler: Reconciler,
  ) {}

  @Get()
  async list(@Query('state') state?: string) {
    return { runs: await listRuns(this.service.database.db, { held: state === 'held' }) };
  }

  @Get(':id')
  async one(@Param() { id }: RunId) {
    const run = await showRun(this.service.database.db, id);
    if (!run) throw new ProblemError('http.not_found', { detail: `no run has the id ${id}` });
    return run;
  }

  @Post()
  async open(@Body() { identities, by, dry }: Scope) {
    const { work } = this.reconciler;
    const chosen = [...new Set(identities)];
    if (dry === true) return { dry: true, plans: await dryRunForPeople(work, chosen) };
    return { runId: await runForPeople(work, { identities: chosen, by }) };
  }

  @Post(':id/approve')
  async approve(@Param() { id }: RunId, @Body() { planHash, by, ...part }: Approval) {
    const named = Object.fromEntries(Object.entries(part).filter(([, value]) => value !== undefined));
    await approve(this.reconciler.work, { runId: id, planHash, by, ...(Object.keys(named).length === 0 ? {} : { part: named }) });
    return { runId: id, approved: true };
  }

  @Post(':id/refuse')
  async refuse(@Param() { id }: RunId, @Body() { planHash, by, reason }: Refusal) {
    await refuse(this.reconciler.work, { runId: id, planHash, by, reason });
    return { runId: id, refused: true };
  }
}
