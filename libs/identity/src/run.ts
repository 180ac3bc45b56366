import type { RunApproved, RunClosed, RunHeld, RunMembersPlanned, RunOpened, RunRefused, RunReleased, RunSealed } from '@muster/contracts';
import type { EventOf, StreamCategory } from './category.ts';

export type RunEvent = EventOf<
  'RunOpened' | 'RunMembersPlanned' | 'RunSealed' | 'RunReleased' | 'RunHeld' | 'RunApproved' | 'RunRefused' | 'RunClosed'
>;
export type RunMember = RunMembersPlanned['members'][number];
export type RunChange = RunMember['changes'][number];
export type RunCount = RunSealed['counts'][number];

/** What one run collected and what became of it. */
export interface Run {
  readonly revision: number;
  readonly opened?: RunOpened & { readonly at: string };
  readonly pages: number;
  readonly members: readonly RunMember[];
  readonly sealed?: RunSealed & { readonly at: string };
  readonly released?: RunReleased & { readonly at: string };
  readonly held?: RunHeld & { readonly at: string };
  readonly approvals: readonly (RunApproved & { readonly at: string })[];
  readonly refused?: RunRefused & { readonly at: string };
  readonly closed?: RunClosed & { readonly at: string };
}

/** Stream `run-<id>`. */
export const runCategory: StreamCategory<Run, RunEvent> = {
  name: 'run',
  initial: { revision: -1, pages: 0, members: [], approvals: [] },
  types: ['RunOpened', 'RunMembersPlanned', 'RunSealed', 'RunReleased', 'RunHeld', 'RunApproved', 'RunRefused', 'RunClosed'],
  evolve: (before, event) => {
    const run = { ...before, revision: event.revision };
    const at = event.recordedAt;
    switch (event.type) {
      case 'RunOpened':
        return { ...run, opened: { ...event.data, at } };
      case 'RunMembersPlanned':
        return { ...run, pages: run.pages + 1, members: [...run.members, ...event.data.members] };
      case 'RunSealed':
        return { ...run, sealed: { ...event.data, at } };
      case 'RunReleased':
        return { ...run, released: { ...event.data, at } };
      case 'RunHeld':
        return { ...run, held: { ...event.data, at } };
      case 'RunApproved':
        return { ...run, approvals: [...run.approvals, { ...event.data, at }] };
      case 'RunRefused':
        return { ...run, refused: { ...event.data, at } };
      case 'RunClosed':
        return { ...run, closed: { ...event.data, at } };
    }
  },
};

const PAGE = 500;

/** Opens a run once. */
export const openRun =
  (opened: RunOpened) =>
  (run: Run): RunEvent[] =>
    run.opened === undefined ? [{ type: 'RunOpened', data: opened }] : [];

const commandsOf = ({ changes }: Pick<RunMember, 'changes'>): string[] => changes.flatMap(({ commandIds }) => commandIds);

const known = (run: Run): Map<string, Set<string>> => {
  const found = new Map<string, Set<string>>();
  for (const member of run.members) {
    const commands = found.get(member.identityId) ?? new Set();
    for (const commandId of commandsOf(member)) commands.add(commandId);
    found.set(member.identityId, commands);
  }
  return found;
};

/** Records who was planned, in pages. Whoever is recorded with the same commands already is left out; a sealed run takes nobody. */
export const planMembers =
  (members: readonly RunMember[]) =>
  (run: Run): RunEvent[] => {
    if (run.opened === undefined || run.sealed !== undefined) return [];
    const { runId } = run.opened;
    const before = known(run);
    const added = members.filter((member) => commandsOf(member).some((commandId) => !before.get(member.identityId)?.has(commandId)));
    const pages = Array.from({ length: Math.ceil(added.length / PAGE) }, (_, page) => added.slice(page * PAGE, (page + 1) * PAGE));
    return pages.map((page, index) => ({ type: 'RunMembersPlanned', data: { runId, page: run.pages + index, members: page } }));
  };

/** What an approval is given for: every person with every command, in one order, as one text to be hashed. */
export const planText = ({ members }: Pick<Run, 'members'>): string => {
  const pairs = members.flatMap((member) => commandsOf(member).map((commandId) => `${member.identityId} ${commandId}`));
  return [...new Set(pairs)].toSorted().join('\n');
};

/** People and commands by connection and limit: a person counts once for each, whatever the number of changes. */
export const countRun = ({ members }: Pick<Run, 'members'>): Omit<RunCount, 'linked' | 'share'>[] => {
  const counts = new Map<string, { connection: string; limit: RunChange['limit']; people: Set<string>; commands: Set<string> }>();
  for (const { identityId, changes } of members)
    for (const { connection, limit, commandIds } of changes) {
      const key = `${connection} ${limit}`;
      const count = counts.get(key) ?? { connection, limit, people: new Set(), commands: new Set() };
      counts.set(key, count);
      count.people.add(identityId);
      for (const commandId of commandIds) count.commands.add(`${identityId} ${commandId}`);
    }
  return [...counts.values()]
    .map(({ connection, limit, people, commands }) => ({ connection, limit, people: people.size, commands: commands.size }))
    .toSorted((a, b) => (`${a.connection} ${a.limit}` < `${b.connection} ${b.limit}` ? -1 : 1));
};

/** Why a run is sealed, and what is known of the connections that it concerns. */
export interface Sealing {
  readonly because: RunSealed['because'];
  /** SHA-256, hex, of `planText`. */
  readonly planHash: string;
  /** People linked on a connection. */
  readonly linked: (connection: string) => number;
  /** The least time, in seconds, that so many changes take there. */
  readonly seconds?: (connection: string, limit: RunChange['limit'], commands: number) => number | undefined;
}

/** Seals an open run: nobody joins it any more. */
export const sealRun =
  ({ because, planHash, linked, seconds }: Sealing) =>
  (run: Run): RunEvent[] => {
    if (run.opened === undefined || run.sealed !== undefined) return [];
    const counts = countRun(run).map((count): RunCount => {
      const there = linked(count.connection);
      const time = seconds?.(count.connection, count.limit, count.commands);
      const share = there === 0 ? 1 : count.people / there;
      return { ...count, linked: there, share, ...(time === undefined ? {} : { seconds: time }) };
    });
    const people = known(run);
    const commands = [...people.values()].reduce((sum, some) => sum + some.size, 0);
    return [{ type: 'RunSealed', data: { runId: run.opened.runId, planHash, because, people: people.size, commands, counts } }];
  };

/** Records the judgement of a sealed run, once. */
export const recordVerdict =
  ({ parts, because }: Pick<RunReleased, 'parts'> & Pick<RunHeld, 'because'>) =>
  (run: Run): RunEvent[] => {
    if (run.sealed === undefined || run.released !== undefined || run.held !== undefined) return [];
    const { runId, planHash } = run.sealed;
    const letGo: RunEvent[] =
      parts.length > 0 || because.length === 0 ? [{ type: 'RunReleased', data: { runId, planHash, parts: [...parts] } }] : [];
    if (because.length > 0) return [...letGo, { type: 'RunHeld', data: { runId, planHash, because: [...because] } }];
    return [...letGo, { type: 'RunClosed', data: { runId, outcome: run.members.length === 0 ? 'empty' : 'released' } }];
  };
