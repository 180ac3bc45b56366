import type { DryRunAnswer, OpenedRunAnswer, RunAnswer, RunDetailAnswer, RunsAnswer } from './answers-runs.ts';
import { printPlan, table } from './print.ts';

const percent = (share: number): string => `${Math.round(share * 1000) / 10} %`;

const causeOf = ({ kind, cause }: RunAnswer): string => {
  switch (kind) {
    case 'flow':
      return `flow ${cause.flow ?? ''} version ${cause.version ?? ''}${cause.retired ? ' retired' : ''}`;
    case 'scope':
      return `chosen by ${cause.by ?? 'somebody'}`;
    case 'file':
      return `file of ${cause.connection ?? 'HR'}`;
    default:
      return 'collected';
  }
};

const lines = (run: RunAnswer): string[] => [
  `${run.runId}  ${run.outcome ?? run.state}  ${causeOf(run)}  opened ${run.openedAt}`,
  `  ${run.commands} changes for ${run.people} people`,
  ...table(
    run.counts.map(({ connection, limit, people, commands, share, seconds }) => [
      `  ${connection}`,
      limit,
      `${people} people`,
      `${commands} changes`,
      percent(share),
      seconds === undefined ? '' : `takes at least ${seconds} s`,
    ]),
  ),
  ...run.heldBecause.map(({ code, connection, limit, people, allowed, left }) =>
    allowed === 0
      ? `  held (${code}) ${connection} ${limit}: ${people} people; this is always asked`
      : `  held (${code}) ${connection} ${limit}: ${people} people, ${left} of ${allowed} are left`,
  ),
  ...(run.planHash === undefined ? [] : [`  hash ${run.planHash}`]),
];

export const printRuns = ({ runs }: RunsAnswer): string[] => (runs.length === 0 ? ['none'] : runs.flatMap(lines));

export const printRun = (run: RunDetailAnswer): string[] => [
  ...lines(run),
  ...table(
    run.members.flatMap(({ identityId, changes }) =>
      changes.map(({ connection, action, limit, commands, standing }) => [
        `  ${identityId}`,
        connection,
        limit === action ? action : `${action} (${limit})`,
        `${commands}`,
        standing,
      ]),
    ),
  ),
  ...(run.cut ? ['  more people are left out'] : []),
];

export const printOpenedRun = ({ runId }: OpenedRunAnswer): string[] => [`run ${runId} opened`];

export const printDryRun = ({ plans }: DryRunAnswer): string[] => plans.flatMap(printPlan);
