import type { Command } from 'commander';
import type { DryRunAnswer, OpenedRunAnswer, RunDetailAnswer, RunsAnswer } from './answers-runs.ts';
import type { PlanAnswer } from './answers.ts';
import type { Api } from './api.ts';
import type { Answer } from './asking.ts';
import { EXIT } from './exit-codes.ts';
import { printDryRun, printOpenedRun, printRun, printRuns } from './print-runs.ts';

const RUNS = '/api/runs';
const pathTo = (run: string, what = ''): string => `${RUNS}/${encodeURIComponent(run)}${what}`;
const isHeld = ({ state }: { state: string }): boolean => state === 'held';

interface Part {
  hash: string;
  connection?: string[];
  action?: string[];
  person?: string[];
}

/** What was counted together before it may leave, and the answers of people to what is held. */
export function addRunCommands(program: Command, answer: Answer): void {
  program
    .command('runs [run]')
    .description('what was counted together before any of it was sent; or one run with its people. Ends with 4 when something is held')
    .action((run?: string) =>
      run === undefined
        ? answer<RunsAnswer>(
            (api) => api.get(RUNS),
            printRuns,
            ({ runs }) => (runs.some(isHeld) ? EXIT.held : EXIT.ok),
          )
        : answer<RunDetailAnswer>(
            (api) => api.get(pathTo(run)),
            printRun,
            (one) => (isHeld(one) ? EXIT.held : EXIT.ok),
          ),
    );
  program
    .command('holds')
    .description('runs that wait for a person. Ends with 4 when there are any')
    .action(() =>
      answer<RunsAnswer>(
        (api) => api.get(RUNS, { state: 'held' }),
        printRuns,
        ({ runs }) => (runs.length > 0 ? EXIT.held : EXIT.ok),
      ),
    );
  program
    .command('approve <run>')
    .description(
      'let a held run go, or the part of it that fits everything named. Everybody is planned again first: only what still stands is sent',
    )
    .requiredOption('--hash <hash>', 'the hash that the run shows')
    .option('--connection <name...>', 'only in these connections')
    .option('--action <action...>', 'only these actions, or leaver')
    .option('--person <person...>', 'only these people')
    .action((run: string, { hash, connection, action, person }: Part) =>
      answer<{ runId: string }>(
        (api) => api.post(pathTo(run, '/approve'), { planHash: hash, connections: connection, actions: action, persons: person }),
        ({ runId }) => [`approved ${runId}`],
      ),
    );
  program
    .command('refuse <run>')
    .description('say that what of a held run was not let go must not be done')
    .requiredOption('--hash <hash>', 'the hash that the run shows')
    .requiredOption('--reason <reason>', 'why')
    .action((run: string, { hash, reason }: { hash: string; reason: string }) =>
      answer<{ runId: string }>(
        (api) => api.post(pathTo(run, '/refuse'), { planHash: hash, reason }),
        ({ runId }) => [`refused ${runId}`],
      ),
    );
  program
    .command('run')
    .description(
      'plan chosen people anew, as a run of their own. With --dry: only show what would be changed for each; ends with 3 when something would, 4 when something would wait',
    )
    .requiredOption('--person <person...>', 'whom')
    .option('--dry', 'write nothing')
    .action(({ person, dry }: { person: string[]; dry?: boolean }) =>
      dry === true
        ? answer<DryRunAnswer>((api) => plansOf(api, person), printDryRun, dryRunExit)
        : answer<OpenedRunAnswer>((api) => api.post(RUNS, { persons: person }), printOpenedRun),
    );
}

/** One after the other: a dry run of many people is not to keep the product from its work. */
async function plansOf(api: Api, people: readonly string[]): Promise<DryRunAnswer> {
  const plans: PlanAnswer[] = [];
  for (const person of people) plans.push(await api.get<PlanAnswer>(planPath(person)));
  return { plans };
}

const dryRunExit = ({ plans }: DryRunAnswer): number => {
  const exits = plans.map(planExit);
  return [EXIT.held, EXIT.differences].find((exit) => exits.includes(exit)) ?? EXIT.ok;
};

export const planPath = (person: string): string => `/api/plan/${encodeURIComponent(person)}`;

/** What a dry run of one person ends with. */
export const planExit = ({ held, commands }: PlanAnswer): number => {
  if (held.length > 0) return EXIT.held;
  return commands.length > 0 ? EXIT.differences : EXIT.ok;
};
