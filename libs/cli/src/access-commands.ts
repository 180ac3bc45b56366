import type { Command } from 'commander';
import type { AccountsAnswer, DiffAnswer, HoldersAnswer, ScopeAnswer } from './answers-access.ts';
import { EXIT } from './exit-codes.ts';
import { printAccounts, printDiff, printHolders, printScope } from './print-access.ts';
import type { Answer } from './asking.ts';

interface Point {
  at?: string;
  known?: string;
  connection?: string;
}

const pathTo = (question: string, name: string): string => `/api/${question}/${encodeURIComponent(name)}`;

/** Questions about accounts, groups and apps, and about two dates. */
export function addAccessCommands(program: Command, answer: Answer): void {
  for (const [name, argument, description] of [
    ['members', 'group', 'who is in a group, directly or through other groups'],
    ['who-has', 'app', 'who has an app, by themselves or through a group'],
  ] as const)
    program
      .command(`${name} <${argument}>`)
      .description(description)
      .option('--at <date>', 'at this date or time (default: now)')
      .option('--known <time>', 'as it was known at this time (default: now)')
      .option('--connection <name>', 'in this connection only')
      .action((asked: string, { at, known, connection }: Point) =>
        answer<HoldersAnswer>((api) => api.get(pathTo(name, asked), { at, known, connection }), printHolders),
      );
  program
    .command('scope <person>')
    .description('why a person is in or out of the scope of each flow in force and of its steps, condition by condition')
    .action((person: string) => answer<ScopeAnswer>((api) => api.get(pathTo('scope', person)), printScope));
  program
    .command('accounts')
    .description("all accounts of the targets by situation: whose they are, which are nobody's, which contend")
    .option('--situation <situation>', 'linked, unlinked (unassigned), unmatched (orphan), disputed (duplicate) or deleted')
    .option('--connection <name>', 'in this connection only')
    .option('--at <date>', 'at this date or time (default: now)')
    .option('--known <time>', 'as it was known at this time (default: now)')
    .option('--limit <number>', 'list so many at most (default: 200)')
    .option('--after <account>', 'go on behind this one')
    .action(({ situation, connection, at, known, limit, after }: Point & { situation?: string; limit?: string; after?: string }) =>
      answer<AccountsAnswer>((api) => api.get('/api/accounts', { situation, connection, at, known, limit, after }), printAccounts),
    );
  program
    .command('diff <subject> <from> <to>')
    .description(
      'what was gained, lost and changed between two dates: of a person, or of group:NAME, app:NAME, department:NAME. Ends with 3 when there is a difference',
    )
    .option('--known <time>', 'as it was known at this time (default: now)')
    .option('--connection <name>', 'of groups and apps: in this connection only')
    .action((subject: string, from: string, to: string, { known, connection }: Point) =>
      answer<DiffAnswer>(
        (api) => api.get(pathTo('diff', subject), { from, to, known, connection }),
        printDiff,
        ({ differences }) => (differences.length > 0 ? EXIT.differences : EXIT.ok),
      ),
    );
}
