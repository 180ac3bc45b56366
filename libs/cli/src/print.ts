import type {
  AsOfAnswer,
  CasesAnswer,
  CausesAnswer,
  DeadLettersAnswer,
  ExplainAnswer,
  Person,
  PlanAnswer,
  StatusAnswer,
  TimelineAnswer,
  UpTo,
} from './answers.ts';

export const time = (at: string): string => at.replace('T', ' ').replace('Z', '');

export const show = (value: unknown): string => (value === undefined ? '(never seen)' : JSON.stringify(value));

export const upTo = (mark: UpTo): string =>
  `true up to position ${mark.position}${mark.recordedAt ? `, recorded ${time(mark.recordedAt)}` : ''}`;

/** A person, by name and number. */
export const heading = (person: Person): string =>
  [person.displayName, person.employeeNumber && `employee number ${person.employeeNumber}`, `identity ${person.identityId}`]
    .filter(Boolean)
    .join(', ');

/** Lines up columns; the last one keeps its length. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_cell, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}

export function printTimeline(answer: TimelineAnswer): string[] {
  const rows = answer.entries.map((entry) => [
    time(entry.recordedAt),
    entry.type,
    entry.summary,
    `${entry.stream}@${entry.revision}`,
    entry.cause ? `because of ${entry.cause.type} ${entry.cause.stream}@${entry.cause.revision}` : '',
  ]);
  const cut = answer.cut ? [`older events are left out: these are the newest ${answer.entries.length}`] : [];
  return [heading(answer.person), ...cut, ...table(rows), upTo(answer.upTo)];
}

export function printAsOf(answer: AsOfAnswer): string[] {
  const attributes = Object.entries(answer.attributes).map(([name, value]) => [`  ${name}`, show(value)]);
  const accounts = answer.accounts.flatMap((account) => [
    `${account.connection}: ${account.accountId}, ${account.status}, ${account.enabled ? 'enabled' : 'not enabled'}`,
    ...table(Object.entries(account.profile).map(([name, value]) => [`    ${name}`, show(value)])),
    ...account.entitlements.map(
      (one) => `    ${one.kind} ${one.name ?? one.id}${one.through?.length ? `, through ${one.through.join(' in ')}` : ''}`,
    ),
  ]);
  return [
    heading(answer.person),
    `as of ${time(answer.asOf)}, as known at ${time(answer.knownAt)}: ${answer.lifecycle}${answer.login ? `, login ${answer.login}` : ''}`,
    ...table(attributes),
    ...accounts,
    ...answer.notes.map(({ connection, note }) => (connection === undefined ? note : `${connection}: ${note}`)),
    upTo(answer.upTo),
  ];
}

export function printExplain(answer: ExplainAnswer): string[] {
  const chains = answer.chains.flatMap((chain) => [
    `${chain.connection}: ${answer.subject} = ${show(chain.value)}`,
    ...table(chain.links.map((link) => [`  ${link.what}`, time(link.at), link.text, `${link.stream}@${link.revision} ${link.eventId}`])),
  ]);
  const absences = (answer.absences ?? []).flatMap(({ connection, object, reasons }) => [
    `${connection}: not held (${object}), because`,
    ...table(
      reasons.map(({ reason, text, stream, revision }) => [`  ${reason}`, text, stream === undefined ? '' : `${stream}@${revision}`]),
    ),
  ]);
  const said = [...chains, ...absences];
  return [heading(answer.person), ...(said.length ? said : [`nothing is recorded about ${answer.subject}`]), upTo(answer.upTo)];
}

export function printPlan(answer: PlanAnswer): string[] {
  const commands = answer.commands.map((command) => [
    command.held ? '  held' : '  send',
    command.connection,
    command.action,
    command.what,
    command.after === undefined ? '' : `${show(command.before)} -> ${show(command.after)}`,
  ]);
  return [
    heading(answer.person),
    ...(commands.length ? table(commands) : ['nothing to change']),
    ...answer.blocked.map((one) => `  blocked (${one.reason}) ${one.connection} ${one.what}: ${one.message}`),
    ...answer.held.map((one) => `  held (${one.code}): ${one.message}`),
    upTo(answer.upTo),
  ];
}

export function printCases(answer: CasesAnswer): string[] {
  if (answer.cases.length === 0) return ['no open cases', upTo(answer.upTo)];
  const cases = answer.cases.flatMap((one) => [
    `${one.caseId}  ${one.kind}  opened ${time(one.openedAt)}`,
    `  ${one.message}`,
    `  remedy: ${one.remedy}`,
    ...one.answers.map((choice) => `    ${choice.answer}: ${choice.meaning}`),
  ]);
  return [...cases, upTo(answer.upTo)];
}

export function printDeadLetters(answer: DeadLettersAnswer): string[] {
  if (answer.deadLetters.length === 0) return ['no dead letters'];
  return answer.deadLetters.flatMap((one) => [
    `${one.id}  ${one.service}  ${time(one.at)}  ${one.code}  ${one.reference}  after ${one.attempts} attempts`,
    `  ${one.message}`,
    ...(one.remedy ? [`  remedy: ${one.remedy}`] : []),
  ]);
}

/** The most frequent cause first. */
export function printCauses({ causes }: CausesAnswer): string[] {
  if (causes.length === 0) return ['no dead letters'];
  return causes
    .toSorted((a, b) => b.count - a.count)
    .flatMap((one) => [
      `${one.code}  ${one.service}  ${one.count}  from ${time(one.oldest)} to ${time(one.newest)}`,
      ...(one.remedy ? [`  remedy: ${one.remedy}`] : []),
    ]);
}

export function printStatus(answer: StatusAnswer): string[] {
  const services = answer.services.map((one) => [`  ${one.name}`, one.ready ? 'ready' : 'NOT READY', one.because ?? '']);
  const connections = answer.connections.map((one) => [
    `  ${one.connection}`,
    one.kind,
    one.state,
    one.lastCompleteRead ? `last complete read ${time(one.lastCompleteRead)}` : 'never read completely',
    one.note ?? '',
  ]);
  const counts = Object.entries(answer.counts).map(([name, count]) => [`  ${name}`, String(count)]);
  return [
    'services',
    ...table(services),
    'connections',
    ...table(connections),
    ...section('hooks', (answer.hooks ?? []).map(hookRow)),
    ...section('sending', Object.entries(answer.sending ?? {}).map(sendingRow)),
    ...quarantineLines(answer.quarantined ?? []),
    'counts',
    ...table(counts),
    upTo(answer.upTo),
  ];
}

const section = (title: string, rows: readonly string[][]): string[] => (rows.length === 0 ? [] : [title, ...table(rows)]);

type Hook = NonNullable<StatusAnswer['hooks']>[number];

const hookRow = ({ connection, hearsBy, hooks, heard, missed }: Hook): string[] => [
  `  ${connection}`,
  `hears by ${hearsBy}`,
  `${heard} heard and ${missed} missed within a day`,
  hooks.map(({ of, state, because }) => `${of} ${state}${because === null ? '' : ` (${because})`}`).join(', '),
];

type Sending = NonNullable<StatusAnswer['sending']>[string];

const sendingRow = ([connection, { queued, inFlight, donePerMinute, restMs }]: [string, Sending]): string[] => [
  `  ${connection}`,
  `people waiting: ${Object.entries(queued)
    .map(([lane, people]) => `${people} ${lane}`)
    .join(', ')}`,
  `${inFlight} calls under way`,
  `${donePerMinute} done within a minute`,
  restMs === 0 ? '' : `the limits let the rest take ${Math.ceil(restMs / 1000)} s`,
];

const quarantineLines = (quarantined: NonNullable<StatusAnswer['quarantined']>): string[] =>
  quarantined.length === 0
    ? []
    : [
        'quarantined',
        ...quarantined.flatMap(({ service, connection, state, until, failures, fault }) => [
          `  ${connection}  ${service}  ${state}, next try ${time(until)}, after ${failures} failures`,
          `    ${fault.code}: ${fault.message}`,
          ...(fault.remedy ? [`    remedy: ${fault.remedy}`] : []),
        ]),
      ];
