import type { Command } from 'commander';
import type { CausesAnswer, DeadLettersAnswer } from './answers.ts';
import type { Answer } from './asking.ts';
import { CommandError, EXIT } from './exit-codes.ts';
import { printCauses, printDeadLetters } from './print.ts';

interface SentAgain {
  /** How many, by service. */
  sent: Record<string, number>;
}

const path = (...parts: string[]): string => `/api/dead-letters${parts.map((part) => `/${encodeURIComponent(part)}`).join('')}`;

const printSent = ({ sent }: SentAgain): string[] => {
  const services = Object.entries(sent);
  return services.length === 0 ? ['nothing has this cause'] : services.map(([service, count]) => `sent again: ${count} of ${service}`);
};

/** What could not be processed: listed, grouped by cause, sent again one by one or by cause. */
export function addDeadLetters(program: Command, answer: Answer): void {
  const letters = program
    .command('dead-letters')
    .description('what could not be processed, with its cause')
    .option('--by-cause', 'how many there are of each cause')
    .action(({ byCause }: { byCause?: boolean }) =>
      byCause === true
        ? answer<CausesAnswer>((api) => api.get(path('causes')), printCauses)
        : answer<DeadLettersAnswer>((api) => api.get(path()), printDeadLetters),
    );
  letters
    .command('show <id>')
    .description('one of them, whole')
    .action((id: string) =>
      answer<Record<string, unknown>>(
        (api) => api.get(path(id)),
        (letter) => [JSON.stringify(letter, null, 2)],
      ),
    );
  letters
    .command('retry [id]')
    .description('send one again, or all that have a cause')
    .option('--cause <code>', 'all that have this code')
    .action((id: string | undefined, { cause }: { cause?: string }) => {
      if ((id === undefined) === (cause === undefined)) throw new CommandError('name one dead letter, or a --cause', EXIT.invalid);
      return id === undefined
        ? answer<SentAgain>((api) => api.post(path('retry'), { code: cause }), printSent)
        : answer<{ id: string }>(
            (api) => api.post(path(id, 'retry'), {}),
            (done) => [`sent again: ${done.id}`],
          );
    });
}
