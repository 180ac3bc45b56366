import type { Command } from '@muster/contracts';
import type { DesiredConnection } from './desired.ts';
import { lifecycleRevision } from './identity.ts';
import { earliest } from './instants.ts';
import { limitNameOf } from './limits.ts';
import { planAccount } from './plan-account.ts';
import { planAbsentAccount } from './plan-create.ts';
import type { Blocked, PlanDraft } from './plan.ts';
import { accountIdOf, type ConnectionView, type PlanInput, type Planning } from './planning.ts';
import { blockOf, commandOf, type Wanted, type WishContext } from './wish.ts';

interface Collected {
  readonly commands: Command[];
  readonly blocked: Blocked[];
}

/** What an action is called where it is blocked. */
export const whatOf = ({ action, field, entitlement }: Pick<Wanted, 'action' | 'field' | 'entitlement'>): string =>
  field ?? (entitlement ? `${entitlement.kind}:${entitlement.id}` : action === 'create' ? 'account' : 'status');

const isLeaver = (input: PlanInput, desired: DesiredConnection): boolean =>
  input.identity.lifecycle?.state === 'left' || desired.holdNothing !== undefined;

const planningOf = (input: PlanInput, desired: DesiredConnection, view: ConnectionView, into: Collected): Planning => {
  const { connection } = desired;
  const context: WishContext = {
    identityId: input.identity.identityId ?? '',
    ids: input.ids,
    provisioning: input.provisioning,
    plan: input.plan,
    retry: input.retry ?? new Set(),
  };
  const block: Planning['block'] = (what, reason, message, ref) => {
    into.blocked.push({ connection, what, reason, message, ...(ref === undefined ? {} : { ref }) });
  };
  return {
    input,
    desired,
    view,
    block,
    want: (wish) => {
      const wanted: Wanted = { ...wish, connection, lane: isLeaver(input, desired) ? 'leaver' : input.lane };
      const command = commandOf(context, wanted);
      const blocked = blockOf(context, wanted, command.valueHmac);
      if (blocked) {
        block(whatOf(wanted), blocked.reason, blocked.message, blocked.ref);
        return undefined;
      }
      into.commands.push(command);
      return command.commandId;
    },
  };
};

const planConnection = (input: PlanInput, desired: DesiredConnection, view: ConnectionView): Collected => {
  const collected: Collected = { commands: [], blocked: [] };
  const planning = planningOf(input, desired, view, collected);
  for (const problem of input.desired.problems)
    if (problem.connection === desired.connection) planning.block(problem.field, problem.reason, problem.message);
  const accountId = accountIdOf(input.identity, input.provisioning, desired.connection);
  if (accountId === undefined) planAbsentAccount(planning);
  else planAccount(planning, accountId);
  return collected;
};

const observedOnly = (connection: string, commands: readonly Command[]): Blocked[] =>
  commands.length === 0
    ? []
    : [
        {
          connection,
          what: 'connection',
          reason: 'observe-only',
          message: `${connection} is only observed: ${commands.length} changes are shown and not sent`,
        },
      ];

/** Where no flow says anything any more and something is held that we gave: it is not wanted any more. */
const forsaken = ({ desired, connections, provisioning }: PlanInput): DesiredConnection[] => {
  const said = new Set(desired.connections.map(({ connection }) => connection));
  return Object.keys(connections)
    .filter((connection) => !said.has(connection) && Object.keys(provisioning.granted).some((key) => key.startsWith(`${connection}|`)))
    .map((connection) => ({ connection, attributes: {}, entitlements: [] }));
};

/** Problems where nothing is planned: of a connection that is not there, or of which no flow that could be computed says anything. */
const problemsElsewhere = ({ desired, connections }: PlanInput, wanted: readonly DesiredConnection[]): Blocked[] => {
  const planned = new Set(wanted.map(({ connection }) => connection).filter((name) => connections[name] !== undefined));
  const elsewhere = desired.problems.filter(({ connection }) => !planned.has(connection));
  const said = new Map(elsewhere.map((problem) => [`${problem.connection} ${problem.field} ${problem.message}`, problem]));
  return [...said.values()].map(({ connection, field, reason, message }) => ({ connection, what: field, reason, message }));
};

/**
 * Desired - actual for one person: what may be sent, what has a limit and waits until a run lets it go, what cannot be and why. Pure: the same input gives the same
 * draft. A connection of `desired` without a view is left out but for its problems: those
 * of the flows are all listed, and nothing is taken away because of one. Nothing is created or added for a person who left.
 */
export const makePlan = (input: PlanInput): PlanDraft => {
  const commands: Command[] = [];
  const held: Command[] = [];
  const observed: Command[] = [];
  const blocked: Blocked[] = [];
  const left = input.identity.lifecycle?.state === 'left';
  const wanted = [...input.desired.connections, ...forsaken(input)];
  for (const desired of wanted) {
    const view = input.connections[desired.connection];
    if (view === undefined) continue;
    const planned = planConnection(input, desired, view);
    blocked.push(...planned.blocked);
    if (view.state === 'observe') {
      observed.push(...planned.commands);
      blocked.push(...observedOnly(desired.connection, planned.commands));
      continue;
    }
    const limits = input.limits(desired.connection);
    for (const command of planned.commands) (limits[limitNameOf(command, left)] === undefined ? commands : held).push(command);
  }
  blocked.push(...problemsElsewhere(input, wanted));
  const nextDue = earliest(input.desired.nextDue, input.nextDue);
  return {
    identityId: input.identity.identityId ?? '',
    asOf: input.asOf,
    inputs: input.inputs,
    flows: input.desired.flows,
    lifecycleRevision: lifecycleRevision(input.identity),
    commands,
    held,
    heldBecause: [],
    observed,
    blocked,
    left,
    ...(nextDue === undefined ? {} : { nextDue }),
  };
};
