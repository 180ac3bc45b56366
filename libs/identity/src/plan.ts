import type { Command, InputRef, PlanHeld, PlanReleased } from '@muster/contracts';
import type { EventOf, StreamCategory } from './category.ts';
import { sameJson } from './values.ts';

export type PlanEvent = EventOf<'PlanReleased' | 'PlanHeld'>;
export type Blocked = PlanReleased['blocked'][number];
export type HeldBecause = PlanHeld['heldBecause'][number];

/** The plan in force of one identity. */
export interface Plan {
  readonly revision: number;
  readonly released?: PlanReleased & { readonly revision: number };
  readonly held?: PlanHeld & { readonly revision: number };
  /** By command id: the revision since which it has been held without a break. */
  readonly heldSince: Readonly<Record<string, number>>;
}

/** Stream `plan-<identity>`. */
export const planCategory: StreamCategory<Plan, PlanEvent> = {
  name: 'plan',
  initial: { revision: -1, heldSince: {} },
  types: ['PlanReleased', 'PlanHeld'],
  timeless: true,
  evolve: (plan, event) => {
    const { revision } = event;
    switch (event.type) {
      case 'PlanReleased':
        return { ...plan, revision, released: { ...event.data, commands: event.data.commands ?? [], revision } };
      case 'PlanHeld':
        return {
          ...plan,
          revision,
          held: { ...event.data, commands: event.data.commands ?? [], revision },
          heldSince: Object.fromEntries(event.data.commandIds.map((commandId) => [commandId, plan.heldSince[commandId] ?? revision])),
        };
    }
  },
};

/** What was computed: everything that would be written, what of it may be, what waits for whom. Complete as a dry run. */
export interface PlanDraft {
  readonly identityId: string;
  readonly asOf: string;
  readonly inputs: readonly InputRef[];
  readonly flows: readonly { readonly flow: string; readonly version: number }[];
  readonly lifecycleRevision: number;
  /** May be sent. */
  readonly commands: readonly Command[];
  /** Wait for a person. */
  readonly held: readonly Command[];
  readonly heldBecause: readonly HeldBecause[];
  /** Would be sent if the connection were live. */
  readonly observed: readonly Command[];
  readonly blocked: readonly Blocked[];
  /** The person left, by their own HR record. */
  readonly left: boolean;
  readonly nextDue?: string;
}

type Essence = Pick<PlanReleased, 'commands' | 'blocked' | 'lifecycleRevision'>;

const essenceOf = ({ commands, blocked, lifecycleRevision }: Essence): unknown => ({
  lifecycleRevision,
  // Not the lane: why somebody was looked at is no change of what is wanted.
  commands: commands.map(({ commandId, object, valueHmac, notBefore, after }) => ({ commandId, object, valueHmac, notBefore, after })),
  blocked: blocked.map(({ connection, what, reason, ref }) => ({ connection, what, reason, ref })),
});

const body = (draft: PlanDraft, planId: string, commands: readonly Command[]): PlanReleased => ({
  planId,
  identityId: draft.identityId,
  asOf: draft.asOf,
  inputs: [...draft.inputs],
  flows: [...draft.flows],
  lifecycleRevision: draft.lifecycleRevision,
  commands: [...commands],
  commandIds: commands.map((command) => command.commandId),
  blocked: [...draft.blocked],
  ...(draft.nextDue === undefined ? {} : { nextDue: draft.nextDue }),
});

/**
 * Whether a draft was computed from older facts than the plan in force: from an earlier revision of any stream that both read. Such a draft is
 * to be thrown away and computed again.
 */
export const isOutdated = (draft: Pick<PlanDraft, 'inputs' | 'lifecycleRevision'>, plan: Plan): boolean => {
  const { released, held } = plan;
  if (released !== undefined && draft.lifecycleRevision < released.lifecycleRevision) return true;
  const read = new Map(draft.inputs.map(({ stream, revision }) => [stream, revision]));
  return [...(released?.inputs ?? []), ...(held?.inputs ?? [])].some(({ stream, revision }) => (read.get(stream) ?? revision) < revision);
};

/**
 * Releases a plan: what may be sent replaces the plan before it, what waits for a person is recorded as held. A plan that says what the one in
 * force says, under the same lifecycle revision, yields nothing; nor does a first plan with nothing in it, nor an outdated draft.
 */
export const releasePlan =
  (draft: PlanDraft, planId: string) =>
  (plan: Plan): PlanEvent[] => {
    if (isOutdated(draft, plan)) return [];
    const released = body(draft, planId, draft.commands);
    const held: PlanHeld = { ...body(draft, planId, draft.held), heldBecause: [...draft.heldBecause] };
    const before = plan.released ?? { commands: [], blocked: [], lifecycleRevision: released.lifecycleRevision };
    const heldBefore = plan.held?.commands ?? [];
    return [
      ...(sameJson(essenceOf(before), essenceOf(released)) ? [] : [{ type: 'PlanReleased' as const, data: released }]),
      ...(sameJson(idsOf(heldBefore), idsOf(draft.held)) ? [] : [{ type: 'PlanHeld' as const, data: held }]),
    ];
  };

const idsOf = (commands: readonly Command[]): string[] => commands.map((command) => command.commandId);

/** The command of the plan in force that has this id; undefined: the wish no longer stands. */
export const wantedCommand = (plan: Plan, commandId: string): Command | undefined =>
  plan.released?.commands.find((command) => command.commandId === commandId);
