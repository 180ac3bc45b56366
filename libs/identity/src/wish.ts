import type { Command, EntitlementRef, Profile, Provenance, Value } from '@muster/contracts';
import type { Ids } from './ids.ts';
import { isBefore } from './instants.ts';
import type { Blocked, Plan } from './plan.ts';
import { generationOf, hasEnded, wishKey, type LastEnd, type Provisioning } from './provisioning.ts';

/** What one person's wishes are made commands with. */
export interface WishContext {
  readonly identityId: string;
  readonly ids: Ids;
  readonly provisioning: Provisioning;
  readonly plan: Plan;
  /** Command ids that a person decided to try again although they ended locked, refused or as a case. */
  readonly retry: ReadonlySet<string>;
}

export interface Wanted {
  readonly connection: string;
  readonly accountId?: string;
  readonly action: Command['action'];
  readonly field?: string;
  readonly entitlement?: EntitlementRef;
  readonly value?: Value;
  readonly profile?: Profile;
  readonly before?: Value;
  readonly lane: Command['lane'];
  readonly after?: readonly string[];
  readonly provenance: Readonly<Record<string, Provenance>>;
  /** When the field was last seen to change. */
  readonly changedAt?: string;
}

const given = <K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } =>
  value === undefined ? {} : ({ [key]: value } as { [P in K]?: V });

type Named = Pick<Command, 'commandId' | 'connection' | 'action' | 'valueHmac' | 'generation' | 'field' | 'entitlement'>;

/** Commands of this object, field and value that have not ended: planned and waiting, or sent without an answer. */
const running = ({ provisioning, plan }: WishContext, key: string, valueHmac: string, action: Command['action']): Named | undefined => {
  const known: Named[] = [...Object.values(provisioning.open), ...(plan.released?.commands ?? []), ...(plan.held?.commands ?? [])];
  return known.find(
    (command) =>
      wishKey(command) === key &&
      command.action === action &&
      (action === 'create' || command.valueHmac === valueHmac) &&
      !hasEnded(provisioning, command),
  );
};

const identityOf = (context: WishContext, key: string, wanted: Wanted, valueHmac: string): { commandId: string; generation: number } => {
  const before = running(context, key, valueHmac, wanted.action);
  if (before) return { commandId: before.commandId, generation: before.generation };
  const generation = generationOf(context.provisioning, wanted);
  // A create carries no attributes in its id: the same person's account is one wish, whatever it is to hold.
  const value = wanted.action === 'create' ? 'create' : valueHmac;
  return { commandId: context.ids.commandId([context.identityId, key, value, String(generation)]), generation };
};

/** A wish that one person's change made stays as urgent as it was when a population that they belong to is planned. */
const laneOf = ({ plan }: WishContext, commandId: string, wanted: Command['lane']): Command['lane'] =>
  wanted === 'batch' && plan.released?.commands.some((command) => command.commandId === commandId && command.lane === 'live')
    ? 'live'
    : wanted;

/** Makes a command of a wish. Its id is that of the same wish as long as that has not ended, and a new one afterwards. */
export const commandOf = (context: WishContext, wanted: Wanted): Command => {
  const { connection, accountId, action, field, entitlement, value, profile, before, lane, after, provenance } = wanted;
  const valueHmac = context.ids.valueHmac(profile ?? value ?? null);
  const named = identityOf(context, wishKey(wanted), wanted, valueHmac);
  return {
    ...named,
    connection,
    object: { kind: 'account', ...given('id', accountId) },
    action,
    valueHmac,
    lane: laneOf(context, named.commandId, lane),
    provenance,
    ...given('field', field),
    ...given('value', value),
    ...given('profile', profile),
    ...given('entitlement', entitlement),
    ...given('before', before),
    ...(after === undefined || after.length === 0 ? {} : { after: [...after] }),
  };
};

const reasons: Partial<Record<LastEnd['result'], [Blocked['reason'], string]>> = {
  refused: [
    'refused-before',
    'The system refused this value; it is tried again when the value or what the system holds changes, or on demand',
  ],
  locked: ['locked', 'Somebody else turned this account off; only a person may turn it on again'],
  case: ['case-open', 'A person has to answer a case first'],
  unknown: ['case-open', 'Nobody can say whether the last call had its effect; a person has to look'],
};

/** Creates may not be repeated on a guess; other writes may. */
const counts = ({ result }: LastEnd, action: Command['action']): boolean => result !== 'unknown' || action === 'create';

/**
 * A wish that ended refused, locked or as a case is not planned again, until a fact of that field changed since or a person decided so.
 */
export const blockOf = (
  context: WishContext,
  wanted: Wanted,
  valueHmac: string,
): Pick<Blocked, 'reason' | 'message' | 'ref'> | undefined => {
  const last = context.provisioning.wishes[wishKey(wanted)]?.last;
  if (last === undefined || last.valueHmac !== valueHmac || last.retryAsked || context.retry.has(last.commandId)) return undefined;
  if (!counts(last, wanted.action)) return undefined;
  const reason = reasons[last.result];
  if (reason === undefined || isBefore(last.answeredAt, wanted.changedAt)) return undefined;
  return { reason: reason[0], message: reason[1], ref: last.caseId ?? last.commandId };
};
