import type { AccountsAnswer, DiffAnswer, HoldersAnswer, ObjectTimelineAnswer, ScopeAnswer, ShownCondition } from './answers-access.ts';
import { heading as personText, show, table, time, upTo } from './print.ts';

type Shown = HoldersAnswer['objects'][number];

const heading = ({ connection, kind, id, name, existence }: Omit<Shown, 'holders' | 'names'>): string =>
  `${connection}: ${kind} ${name === undefined ? id : `${name} (${id})`}${existence === 'there' ? '' : `, ${existence}`}`;

const wayText = ({ how, through }: { how: string; through: string[] }, names: Shown['names']): string =>
  through.length === 0 ? how : `through ${through.map((id) => names[id] ?? id).join(' in ')}`;

const holderRow = (holder: Shown['holders'][number], names: Shown['names']): string[] => [
  `  ${holder.displayName ?? holder.identityId ?? 'nobody known'}`,
  holder.employeeNumber ?? '',
  `account ${holder.accountId}${holder.enabled === false ? ', not enabled' : ''}`,
  `since ${time(holder.since)}`,
  holder.via.map((way) => wayText(way, names)).join('; '),
];

export function printHolders(answer: HoldersAnswer): string[] {
  return [
    `as of ${time(answer.asOf)}, as known at ${time(answer.knownAt)}`,
    ...answer.objects.flatMap(({ holders, names, ...object }) => [
      `${heading(object)}: ${holders.length === 0 ? 'nobody' : `${holders.length} ${holders.length === 1 ? 'holder' : 'holders'}`}`,
      ...table(holders.map((holder) => holderRow(holder, names))),
    ]),
    ...answer.notes.map(({ connection, note }) => `${connection}: ${note}`),
    upTo(answer.upTo),
  ];
}

const whoseText = ({ displayName, employeeNumber, identityId }: AccountsAnswer['accounts'][number]): string =>
  [displayName ?? identityId, employeeNumber].filter(Boolean).join(', ');

export function printAccounts(answer: AccountsAnswer): string[] {
  return [
    `as of ${time(answer.asOf)}, as known at ${time(answer.knownAt)}`,
    ...table(answer.counts.map(({ connection, situation, accounts }) => [connection, situation, String(accounts)])),
    ...table(
      answer.accounts.map((account) => [
        `  ${account.connection}`,
        account.accountId,
        account.login ?? '',
        account.enabled === false ? 'not enabled' : '',
        account.situation,
        whoseText(account),
        account.why ?? '',
      ]),
    ),
    ...(answer.next === undefined ? [] : [`there are more: --after ${answer.next}`]),
    ...answer.notes.map(({ connection, note }) => `${connection}: ${note}`),
    upTo(answer.upTo),
  ];
}

const readText = ({ reads, outcome, message }: ShownCondition): string => {
  const read = Object.entries(reads).map(([path, value]) => `${path} is ${show(value)}`);
  return [...read, ...(outcome === 'value' ? [] : [message ?? outcome])].join(', ');
};

const conditionRow = (condition: ShownCondition): string[] => [
  `    ${condition.holds ? 'holds' : 'does not hold'}`,
  condition.expression,
  readText(condition),
];

export function printScope(answer: ScopeAnswer): string[] {
  return [
    personText(answer.person),
    ...(answer.flows.length === 0 ? ['no flow in force can be computed for this person'] : []),
    ...answer.flows.flatMap(({ flow, version, inScope, scope, steps }) => [
      `  ${flow} version ${version}: ${inScope ? 'in scope' : 'not in scope'}`,
      ...table(scope.map(conditionRow)),
      ...steps.flatMap(({ step, kind, connection, applies, when }) => [
        `    step ${step} (${kind} in ${connection}): ${applies ? 'applies' : 'does not apply'}`,
        ...(when === undefined ? [] : table([conditionRow(when)])),
      ]),
    ]),
    upTo(answer.upTo),
  ];
}

const signs = { gained: '+', lost: '-', changed: '~' } as const;

const whoText = ({ displayName, identityId, accountId }: DiffAnswer['differences'][number]): string =>
  [displayName ?? identityId, accountId && `account ${accountId}`].filter(Boolean).join(', ');

export function printDiff(answer: DiffAnswer): string[] {
  const rows = answer.differences.map((one) => [
    `${signs[one.change]} ${one.connection ?? ''}`,
    one.name === undefined ? one.what : `${one.what} ${one.name}`,
    whoText(one),
    one.change === 'changed' ? `${show(one.before)} -> ${show(one.after)}` : one.of,
  ]);
  return [
    `${answer.subject}: from ${time(answer.from)} to ${time(answer.to)}, as known at ${time(answer.knownAt)}`,
    ...(rows.length === 0 ? ['no difference'] : table(rows)),
    ...answer.notes.map(({ connection, note, at }) => `${connection}, ${time(at)}: ${note}`),
    upTo(answer.upTo),
  ];
}

export function printObjectTimeline(answer: ObjectTimelineAnswer): string[] {
  const rows = answer.entries.map((entry) => [time(entry.recordedAt), entry.type, entry.summary, `${entry.stream}@${entry.revision}`]);
  const cut = answer.cut ? [`older events are left out: these are the newest ${answer.entries.length}`] : [];
  return [...answer.objects.map(heading), ...cut, ...table(rows), upTo(answer.upTo)];
}
