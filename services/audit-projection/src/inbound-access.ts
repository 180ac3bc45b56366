import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { ProblemError, SERVICE, type ServiceContext } from '@muster/service-kit';
import { Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, IsString, Length, Max, Min } from 'class-validator';
import { type Axes, instantOf } from './axes.ts';
import { findPerson } from './find-person.ts';
import { showAccounts, type SituationName, situationNamed } from './show-accounts.ts';
import { showDiff, type Subject } from './show-diff.ts';
import { showHolders } from './show-holders.ts';

class Named {
  @IsString()
  @Length(1, 512)
  name!: string;
}

class Scoped {
  @IsOptional()
  @IsString()
  @Length(1, 40)
  known?: string;

  @IsOptional()
  @IsString()
  @Length(1, 63)
  connection?: string;
}

class When extends Scoped {
  @IsOptional()
  @IsString()
  @Length(1, 40)
  at?: string;
}

class Listed extends When {
  @IsOptional()
  @IsIn(Object.keys(situationNamed))
  situation?: SituationName;

  @IsOptional()
  @IsString()
  @Length(1, 400)
  after?: string;

  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(1_000)
  limit?: number;
}

class Between extends Scoped {
  @IsString()
  @Length(1, 40)
  from!: string;

  @IsString()
  @Length(1, 40)
  to!: string;
}

/** What is asked about accounts, groups and apps, and about differences between two dates. */
@Controller()
export class AccessQuestions {
  constructor(@Inject(SERVICE) private readonly service: ServiceContext) {}

  @Get('members/:name')
  members(@Param() { name }: Named, @Query() when: When) {
    return showHolders(this.service.database.db, { kind: 'group', name, connection: when.connection }, this.#axes(when));
  }

  @Get('who-has/:name')
  whoHas(@Param() { name }: Named, @Query() when: When) {
    return showHolders(this.service.database.db, { kind: 'app', name, connection: when.connection }, this.#axes(when));
  }

  @Get('accounts')
  accounts(@Query() { situation, after, limit = 200, ...when }: Listed) {
    const asked = this.#directories().filter(({ name }) => when.connection === undefined || name === when.connection);
    if (asked.length === 0)
      throw new ProblemError('http.request_invalid', {
        problems: [
          {
            field: 'connection',
            message: `expected one of ${this.#directories()
              .map(({ name }) => name)
              .join(', ')}`,
          },
        ],
      });
    return showAccounts(this.service.database.db, asked, { situation, after, limit }, this.#axes(when));
  }

  @Get('diff/:name')
  async diff(@Param() { name }: Named, @Query() { from, to, known, connection }: Between) {
    const span = { from: instantOf('from', from), to: instantOf('to', to), knownAt: this.#knownAt(known) };
    const directories = this.#directories().map((one) => one.name);
    return showDiff(this.service.database.db, await this.#subject(name, connection), { span, directories });
  }

  #directories() {
    return this.service.connections.filter(({ kind }) => kind !== 'hr');
  }

  #axes({ at, known }: When): Axes {
    return { asOf: at === undefined ? this.service.now().toISOString() : instantOf('at', at), knownAt: this.#knownAt(known) };
  }

  #knownAt(known: string | undefined): string {
    return known === undefined ? this.service.now().toISOString() : instantOf('known', known);
  }

  async #subject(asked: string, connection: string | undefined): Promise<Subject> {
    const [, kind, name] = /^(group|app|department):(.+)$/.exec(asked) ?? [];
    if (kind === 'department' && name !== undefined) return { kind, name };
    if ((kind === 'group' || kind === 'app') && name !== undefined) return { kind, name, connection };
    const domains = this.service.connections.flatMap(({ domain }) => (domain === undefined ? [] : [domain]));
    return { kind: 'person', person: await findPerson(this.service.database.db, asked, domains) };
  }
}
