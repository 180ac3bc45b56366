import type { Command } from '@muster/contracts';
import { limitNameOf } from './limits.ts';
import type { HeldBecause, Plan, PlanDraft } from './plan.ts';
import type { RunChange, RunMember } from './run.ts';

/** What a run says of one command of one person. */
export interface Membership {
  readonly runId: string;
  readonly commandId: string;
  /** Revision of the person's plan stream that held it when it joined. */
  readonly planRevision: number;
  readonly lifecycleRevision: number;
  readonly standing: 'collected' | 'let-go' | 'held' | 'refused';
}

/**
 * Whether what a run says counts for a command as it is planned now: it has been held ever since, under the same lifecycle. A wish that was gone in
 * between, or that comes after a change of the person's lifecycle, is another question.
 */
const counts = (membership: Membership, plan: Plan, draft: PlanDraft): boolean => {
  const since = plan.heldSince[membership.commandId];
  return since !== undefined && since <= membership.planRevision && membership.lifecycleRevision === draft.lifecycleRevision;
};

/** What the runs, given in the order in which they were opened, say of each command. Asking again takes nothing back; a later refusal does. */
const standings = (draft: PlanDraft, plan: Plan, memberships: readonly Membership[]): Map<string, Membership> => {
  const known = new Map<string, Membership>();
  for (const one of memberships) {
    const asksAgain = known.get(one.commandId)?.standing === 'let-go' && one.standing !== 'refused';
    if (counts(one, plan, draft) && !asksAgain) known.set(one.commandId, one);
  }
  return known;
};

const reasons: Record<Exclude<Membership['standing'], 'let-go'>, [string, string]> = {
  collected: ['limit.collecting', 'It is counted with what happens to others before any of it is sent'],
  held: ['limit.approval_needed', 'A person has to approve it'],
  refused: ['limit.refused', 'A person refused it'],
};

const becauseOf = (held: readonly Command[], known: ReadonlyMap<string, Membership>, collecting: string | undefined): HeldBecause[] => {
  const groups = Map.groupBy(held, ({ commandId }) => {
    const { runId, standing } = known.get(commandId) ?? { runId: collecting, standing: 'collected' };
    return `${standing} ${runId ?? ''}`;
  });
  return [...groups].map(([key, commands]) => {
    const [standing = 'collected', run = ''] = key.split(' ');
    const [code, message] = reasons[standing as keyof typeof reasons];
    return { code, message, ...(run === '' ? {} : { run }), commandIds: commands.map(({ commandId }) => commandId) };
  });
};

/** A draft with what runs have let go, and what of it no run counts yet. */
export interface Released {
  readonly draft: PlanDraft;
  readonly unasked: readonly Command[];
}

/**
 * Lets go what a run has let go and what is being sent already; everything else with a limit stays held. `unasked` is what no run counts: it is to join
 * one (`collecting`, if it is known already).
 */
export const releaseHeld = (
  draft: PlanDraft,
  plan: Plan,
  { memberships, collecting }: { readonly memberships: readonly Membership[]; readonly collecting?: string },
): Released => {
  if (draft.held.length === 0) return { draft, unasked: [] };
  const known = standings(draft, plan, memberships);
  const inForce = new Set(plan.released?.commands.map(({ commandId }) => commandId));
  const isFree = ({ commandId }: Command): boolean => inForce.has(commandId) || known.get(commandId)?.standing === 'let-go';
  const held = draft.held.filter((command) => !isFree(command));
  return {
    draft: { ...draft, commands: [...draft.commands, ...draft.held.filter(isFree)], held, heldBecause: becauseOf(held, known, collecting) },
    unasked: held.filter(({ commandId }) => !known.has(commandId)),
  };
};

/** What joins a run: these commands of a person, as the plan stream held them at a revision. */
export const memberOf = (
  { identityId, lifecycleRevision, left }: PlanDraft,
  commands: readonly Command[],
  plan: { readonly planId: string; readonly planRevision: number },
): RunMember => {
  const groups = Map.groupBy(commands, ({ connection, action }) => `${connection} ${action}`);
  const changes = [...groups.values()].flatMap((some): RunChange[] => {
    const [first] = some;
    if (first === undefined) return [];
    const { connection, action } = first;
    return [{ connection, action, limit: limitNameOf(first, left), commandIds: some.map(({ commandId }) => commandId) }];
  });
  return { identityId, ...plan, lifecycleRevision, changes };
};
