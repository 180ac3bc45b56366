import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { SERVICE, type ServiceContext } from '@muster/service-kit';
import { IsOptional, IsString, Length } from 'class-validator';
import { type Axes, instantOf } from './axes.ts';
import { findPerson } from './find-person.ts';
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

class Between extends Scoped {
  @IsString()
  @Length(1, 40)
  from!: string;

  @IsString()
  @Length(1, 40)
  to!: string;
}

/** What is asked about groups and apps, and about differences between two dates. */
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

  @Get('diff/:name')
  async diff(@Param() { name }: Named, @Query() { from, to, known, connection }: Between) {
    const span = { from: instantOf('from', from), to: instantOf('to', to), knownAt: this.#knownAt(known) };
    const directories = this.service.connections.filter(({ kind }) => kind !== 'hr').map((one) => one.name);
    return showDiff(this.service.database.db, await this.#subject(name, connection), { span, directories });
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
