import type { RunApproved, RunRefused } from '@muster/contracts';
import type { Run, RunChange, RunEvent, RunMember } from './run.ts';

type Part = RunApproved['part'];

const fits = (part: Part, { identityId }: Pick<RunMember, 'identityId'>, { connection, action, limit }: RunChange): boolean =>
  part === undefined ||
  ((part.connections?.includes(connection) ?? true) &&
    (part.actions === undefined || part.actions.includes(action) || part.actions.includes(limit)) &&
    (part.identities?.includes(identityId) ?? true));

/** Whether a change may leave: its part was within its limit, or a person said so. */
const isLetGo = (run: Run, member: RunMember, change: RunChange): boolean =>
  (run.released?.parts.some(({ connection, limit }) => connection === change.connection && limit === change.limit) ?? false) ||
  run.approvals.some(({ part }) => fits(part, member, change));

/** What of a run may leave, as `identity command` pairs. */
export const letGoBy = (run: Run): { readonly identityId: string; readonly commandIds: readonly string[] }[] =>
  run.members.flatMap((member) => {
    const commandIds = member.changes.flatMap((change) => (isLetGo(run, member, change) ? change.commandIds : []));
    return commandIds.length === 0 ? [] : [{ identityId: member.identityId, commandIds }];
  });

const waits = (run: Run, part: Part): boolean =>
  run.members.some((member) => member.changes.some((change) => fits(part, member, change) && !isLetGo(run, member, change)));

/** Why an answer does nothing, as an error code; undefined: it counts. An answer is given for the hash that stands in the seal. */
export const objectionTo = (
  run: Run,
  { planHash, part }: { readonly planHash: string; readonly part?: Part },
): 'run.closed' | 'run.not_sealed' | 'run.hash_differs' | 'run.part_empty' | undefined => {
  if (run.closed !== undefined) return 'run.closed';
  if (run.sealed === undefined || run.held === undefined) return 'run.not_sealed';
  if (run.sealed.planHash !== planHash) return 'run.hash_differs';
  return waits(run, part) ? undefined : 'run.part_empty';
};

/** Lets a held run go, or a part of it. An answer that does not count yields nothing. */
export const approveRun =
  (answer: RunApproved) =>
  (run: Run): RunEvent[] => {
    if (objectionTo(run, answer) !== undefined) return [];
    const { runId } = answer;
    const after: Run = { ...run, approvals: [...run.approvals, { ...answer, at: '' }] };
    const approved: RunEvent = { type: 'RunApproved', data: answer };
    return waits(after, undefined) ? [approved] : [approved, { type: 'RunClosed', data: { runId, outcome: 'approved' } }];
  };

/** Refuses what of a held run was not let go. An answer that does not count yields nothing. */
export const refuseRun =
  (answer: RunRefused) =>
  (run: Run): RunEvent[] =>
    objectionTo(run, answer) === undefined
      ? [
          { type: 'RunRefused', data: answer },
          { type: 'RunClosed', data: { runId: answer.runId, outcome: 'refused' } },
        ]
      : [];
