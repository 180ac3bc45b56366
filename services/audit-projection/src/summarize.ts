import { type EventData, isEventType } from '@muster/contracts';
import type { NameOf } from './object-names.ts';
import type { Summaries } from './summaries.ts';
import { runSummaries } from './summarize-runs.ts';
import { sourceSummaries } from './summarize-source.ts';
import { list, pairs, type Wished, wishText } from './wording.ts';

const planText = (data: EventData['PlanReleased'], nameOf: NameOf): string => {
  const commands = data.commands as typeof data.commands | undefined;
  if (commands === undefined) return `${data.commandIds.length} changes, erased`;
  const changes = commands.map((command) => `${command.connection}: ${wishText(command, 'wish', nameOf)}`);
  const blocked = data.blocked.map(({ connection, what, reason }) => `${connection} ${what} (${reason})`);
  return [
    changes.length === 0 ? 'nothing to change' : changes.join('; '),
    ...(blocked.length === 0 ? [] : [`blocked: ${list(blocked)}`]),
  ].join('; ');
};

const endings: Record<EventData['CommandEnded']['result'], (wished: Wished, nameOf: NameOf) => string> = {
  done: (wished, nameOf) => wishText(wished, 'past', nameOf),
  found: (wished, nameOf) => `found already done: ${wishText(wished, 'wish', nameOf)}`,
  refused: (wished, nameOf) => `refused to ${wishText(wished, 'wish', nameOf)}`,
  unknown: (wished, nameOf) => `nobody can say whether it happened: ${wishText(wished, 'wish', nameOf)}`,
  locked: (wished, nameOf) => `did not ${wishText(wished, 'wish', nameOf)}: somebody else disabled the account`,
  case: (wished, nameOf) => `a person must decide before it can ${wishText(wished, 'wish', nameOf)}`,
  superseded: (wished, nameOf) => `not wanted any more: ${wishText(wished, 'wish', nameOf)}`,
};

const endText = (data: EventData['CommandEnded'], nameOf: NameOf): string => {
  const attempts = data.attempts > 1 ? `, after ${data.attempts} attempts` : '';
  const fault = data.fault === undefined ? '' : `: ${data.fault.message}`;
  return `${data.connection}: ${endings[data.result](data, nameOf)}${data.probed ? ', told by a look-up' : ''}${attempts}${fault}`;
};

const linkedBy = {
  created: 'Muster created it',
  'match-key': 'its match key is this person’s',
  'found-on-conflict': 'it was found when creating one',
  person: 'a person said so',
} as const;

const summaries: Summaries = {
  ...sourceSummaries,
  ...runSummaries,
  IdentityCreated: ({ source }) => `known as a person from ${source.connection} on`,
  IdentityAttributesChanged: ({ attributes, changed }) =>
    changed.length === 0 ? 'attributes come from another record now' : `attributes changed (${pairs(attributes, changed)})`,
  IdentityLifecycleChanged: ({ state, startsOn, endsOn }) =>
    `lifecycle is ${state}, from ${startsOn}${typeof endsOn === 'string' ? ` to ${endsOn}` : ''}`,
  LoginAssigned: ({ login }) => `login ${(login as string | undefined) ?? '(erased)'} is theirs for ever`,
  AccountLinked: ({ connection, accountId, by }) => `${connection}: account ${accountId} is theirs: ${linkedBy[by]}`,
  AccountUnlinked: ({ connection, accountId, reason }) => `${connection}: account ${accountId} is theirs no more (${reason})`,
  IdentityErased: () => 'personal data was erased: the keys are destroyed',
  PlanReleased: (data, nameOf) => `plan: ${planText(data, nameOf)}`,
  PlanHeld: (data, nameOf) => `held: ${planText(data, nameOf)}; ${list(data.heldBecause.map(({ message }) => message))}`,
  CommandSent: (data, nameOf) =>
    `${data.connection}: sent, and the answer was lost: ${wishText(data, 'wish', nameOf)} (attempt ${data.attempt}): ${data.fault.message}`,
  CommandEnded: endText,
  RetryAsked: (data, nameOf) =>
    `${data.connection}: ${data.askedBy} asked to try again to ${wishText({ ...data, object: { kind: 'account' } }, 'wish', nameOf)}`,
  CaseOpened: ({ kind, message }) => `a person must decide (${kind}): ${message}`,
  CaseResolved: ({ answer, by }) => `${by} answered: ${answer}`,
  ClaimTaken: ({ kind, reason }) => `${kind} claimed (${reason})`,
  ClaimReleased: ({ kind, reason }) => `${kind} given up (${reason})`,
  ConnectionDeclared: ({ connection, kind, state, declaredBy }) => `${connection}: ${kind}, ${state}, declared by ${declaredBy}`,
  FlowPublished: ({ flowId, version, publishedBy }) => `flow ${flowId}: version ${version} published by ${publishedBy}`,
  FlowRetired: ({ flowId, version, retiredBy }) => `flow ${flowId}: version ${version} retired by ${retiredBy}`,
};

/** What an event says, in one line of plain words. Never throws on a recorded event, erased or of a type that this version does not know. */
export const summarize = ({ type, data }: { readonly type: string; readonly data: object }, nameOf: NameOf): string =>
  isEventType(type) ? (summaries[type] as (of: object, names: NameOf) => string)(data, nameOf) : `${type} (unknown to this version)`;
