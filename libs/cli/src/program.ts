import { Command } from 'commander';
import { addAccessCommands } from './access-commands.ts';
import type { ObjectTimelineAnswer } from './answers-access.ts';
import type { AsOfAnswer, CasesAnswer, ExplainAnswer, PlanAnswer, StatusAnswer, TimelineAnswer } from './answers.ts';
import { Api, findTarget } from './api.ts';
import type { Answer } from './asking.ts';
import { addDeadLetters } from './dead-letter-commands.ts';
import { EXIT } from './exit-codes.ts';
import { printObjectTimeline } from './print-access.ts';
import { addRunCommands, planExit, planPath } from './run-commands.ts';
import { printAsOf, printCases, printExplain, printPlan, printStatus, printTimeline } from './print.ts';

/** What a command talks to; tests give their own. */
export interface Surroundings {
  readonly variables: NodeJS.ProcessEnv;
  write(text: string): void;
}

interface Options {
  data: string;
  url?: string;
  json?: boolean;
}

const path = (...parts: string[]): string => `/api/${parts.map(encodeURIComponent).join('/')}`;

/** The command line. `run` resolves with the exit code; refusals reject with a CommandError. */
export function createProgram(surroundings: Surroundings): { run(args: readonly string[]): Promise<number> } {
  let exitCode: number = EXIT.ok;
  const program = new Command('muster')
    .description('Asks a running Muster who had which access, when and why.')
    .option('--data <folder>', 'data folder of the running product', '.muster')
    .option('--url <url>', 'console of the running product (with MUSTER_TOKEN) instead of a data folder')
    .option('--json', 'print the answer as one JSON document')
    .exitOverride()
    .configureOutput({ writeOut: (text) => surroundings.write(text) });

  /** Asks, prints as JSON or in words, sets the exit code, and closes the connections whatever happened. */
  const answer: Answer = async (ask, print, exit) => {
    const options = program.opts<Options>();
    const api = new Api(findTarget(options, surroundings.variables));
    try {
      const result = await ask(api);
      surroundings.write(options.json ? `${JSON.stringify(result)}\n` : `${print(result).join('\n')}\n`);
      exitCode = exit?.(result) ?? EXIT.ok;
    } finally {
      await api.close();
    }
  };

  program
    .command('timeline <person>')
    .description('everything that happened to a person, from the HR record to each vendor call; or to group:NAME or app:NAME')
    .action((person: string) =>
      answer<TimelineAnswer | ObjectTimelineAnswer>(
        (api) => api.get(path('timeline', person)),
        (result) => ('objects' in result ? printObjectTimeline(result) : printTimeline(result)),
      ),
    );
  program
    .command('as-of <person> <date>')
    .description('attributes and access of a person at a date')
    .option('--known <time>', 'as it was known at this time (default: now)')
    .action((person: string, date: string, { known }: { known?: string }) =>
      answer<AsOfAnswer>((api) => api.get(path('as-of', person), { date, known }), printAsOf),
    );
  program
    .command('explain <person> <attribute>')
    .description('why an attribute (or an entitlement: group:NAME, app:NAME) is what it is')
    .option('--connection <name>', 'in this connection only')
    .action((person: string, attribute: string, { connection }: { connection?: string }) =>
      answer<ExplainAnswer>((api) => api.get(path('explain', person, attribute), { connection }), printExplain),
    );
  program
    .command('plan <person>')
    .description('dry run: what would be changed now. Ends with 3 when something would, 4 when something is held')
    .action((person: string) => answer<PlanAnswer>((api) => api.get(planPath(person)), printPlan, planExit));
  const cases = program
    .command('cases')
    .description('questions that only a person can answer')
    .action(() => answer<CasesAnswer>((api) => api.get(path('cases')), printCases));
  cases
    .command('resolve <case> <answer>')
    .description('answer one')
    .option('--account <id>', 'the account that the answer names')
    .option('--comment <text>', 'why')
    .action((id: string, choice: string, { account, comment }: { account?: string; comment?: string }) =>
      answer<{ caseId: string }>(
        (api) => api.post(path('cases', id, 'resolve'), { answer: choice, accountId: account, comment }),
        (done) => [`resolved ${done.caseId}`],
      ),
    );
  addAccessCommands(program, answer);
  addRunCommands(program, answer);
  addDeadLetters(program, answer);
  program
    .command('status')
    .description('services, connections, backlog')
    .action(() => answer<StatusAnswer>((api) => api.get(path('status')), printStatus));

  return {
    async run(args) {
      await program.parseAsync([...args], { from: 'user' });
      return exitCode;
    },
  };
}
