import type { EventData } from '@muster/contracts';
import type { Summaries } from './summaries.ts';
import { list } from './wording.ts';

const openedFor: Record<EventData['RunOpened']['kind'], (cause: EventData['RunOpened']['cause']) => string> = {
  collect: () => 'what people are to lose is counted before any of it is sent',
  flow: ({ flow, version }) => `flow ${flow ?? ''}${version === undefined ? '' : ` version ${version}`} changed`,
  file: ({ connection }) => `a file of ${connection ?? 'HR'} was read`,
  scope: ({ by }) => `${by ?? 'somebody'} chose people`,
};

const counted = ({ connection, limit, people }: { connection: string; limit: string; people: number }): string =>
  `${people} people in ${connection} (${limit})`;

/** What runs and limits record, in plain words. */
export const runSummaries: Pick<Summaries, EventsOfRuns> = {
  RunOpened: ({ kind, cause }) => `run opened: ${openedFor[kind](cause)}`,
  RunMembersPlanned: ({ members }) => `${members.length} people joined the run`,
  RunSealed: ({ people, commands, counts }) => `run sealed: ${commands} changes for ${people} people; ${list(counts.map(counted))}`,
  RunReleased: ({ parts }) =>
    `within the limits: ${parts.length === 0 ? 'nothing waited' : list(parts.map(({ connection, limit }) => `${connection} ${limit}`))}`,
  RunHeld: ({ because }) =>
    `held for a person: ${list(because.map((one) => `${counted(one)}, ${one.allowed === 0 ? 'always asked' : `${one.left} allowed`}`))}`,
  RunApproved: ({ by, part }) => `${by} approved ${part === undefined ? 'the run' : 'a part of the run'}`,
  RunRefused: ({ by, reason }) => `${by} refused: ${reason}`,
  RunClosed: ({ outcome }) => `run closed: ${outcome}`,
  AllowanceDrawn: (data) => `drawn from the limit: ${counted(data)}`,
};

type EventsOfRuns =
  | 'RunOpened'
  | 'RunMembersPlanned'
  | 'RunSealed'
  | 'RunReleased'
  | 'RunHeld'
  | 'RunApproved'
  | 'RunRefused'
  | 'RunClosed'
  | 'AllowanceDrawn';
