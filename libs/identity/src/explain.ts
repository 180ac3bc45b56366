import type {
  AccountObserved,
  Command,
  CommandEnded,
  CommandSent,
  EntitlementRef,
  EventData,
  PlanReleased,
  Provenance,
  Value,
} from '@muster/contracts';
import { entitlementKey } from './account.ts';
import { sameValue } from './values.ts';

/** An event of the store, as one who explains reads it. */
export interface HistoryEvent {
  readonly id: string;
  readonly stream: string;
  readonly revision: number;
  readonly type: string;
  readonly recordedAt: string;
  readonly data: object;
}

/** A reference to an event that is in the store. */
export type Cited = Pick<HistoryEvent, 'id' | 'stream' | 'revision' | 'type' | 'recordedAt'>;

/** An attribute by its canonical name or by the name that a target gives it; or an entitlement of one connection. */
export type Question = { readonly attribute: string } | { readonly connection: string; readonly entitlement: EntitlementRef };

export interface CanonicalExplanation {
  readonly value: Value;
  readonly losing: readonly { readonly connection: string; readonly value: Value }[];
  readonly decided: Cited;
  /** The record that states it, and where in it. */
  readonly record?: Cited & { readonly field: string };
}

export interface TargetExplanation {
  readonly connection: string;
  /** Attribute of the target, or `kind:id`. */
  readonly what: string;
  /** What was wanted last, why, and by which plan. */
  readonly wanted?: { readonly value: Value; readonly commandId: string; readonly provenance?: Provenance; readonly plan: Cited };
  /** Every answer, and every answer that was lost, oldest first. */
  readonly attempts: readonly (Cited & {
    readonly result: CommandEnded['result'] | 'answer-lost';
    readonly attempts: number;
    readonly sentAt?: string;
  })[];
  /** The read that last recorded it. */
  readonly seen?: Cited & { readonly value: Value; readonly readId: string; readonly startedAt: string };
  /** Why the plan in force does not change it. */
  readonly blocked?: { readonly reason: string; readonly message: string; readonly plan: Cited };
}

export interface Explanation {
  readonly canonical?: CanonicalExplanation;
  readonly targets: readonly TargetExplanation[];
}

const cite = ({ id, stream, revision, type, recordedAt }: HistoryEvent): Cited => ({ id, stream, revision, type, recordedAt });

const isType = <T extends keyof EventData>(event: HistoryEvent, ...types: readonly T[]): event is HistoryEvent & { data: EventData[T] } =>
  (types as readonly string[]).includes(event.type);

const ofType = <T extends keyof EventData>(history: readonly HistoryEvent[], ...types: readonly T[]) =>
  history.filter((event): event is HistoryEvent & { data: EventData[T] } => isType(event, ...types));

const canonicalOf = (history: readonly HistoryEvent[], name: string): CanonicalExplanation | undefined => {
  const decided = ofType(history, 'IdentityAttributesChanged').findLast(({ data }) => data.changed.includes(name));
  const newest = ofType(history, 'IdentityAttributesChanged').at(-1);
  if (decided === undefined || newest === undefined) return undefined;
  // Of an erased person the values are gone.
  const value = (newest.data.attributes ?? {})[name];
  if (value === undefined) return undefined;
  const from = newest.data.provenance[name];
  const record = from && history.find((event) => event.stream === from.stream && event.revision === from.revision);
  return {
    value,
    losing: newest.data.losing?.[name] ?? [],
    decided: cite(decided),
    ...(record && from ? { record: { ...cite(record), field: from.field } } : {}),
  };
};

interface Target {
  readonly connection: string;
  readonly what: string;
}

const mentions = (provenance: Provenance | undefined, name: string): boolean =>
  provenance?.expression !== undefined &&
  new RegExp(`(^|[^A-Za-z0-9_])${name.replaceAll(/[^A-Za-z0-9_]/g, '')}($|[^A-Za-z0-9_])`).test(provenance.expression);

/** The attributes that a command writes; `status` is whether the account can be used. */
const fieldsOf = ({ action, field, profile }: Pick<Command, 'action' | 'field' | 'profile'>): string[] => {
  switch (action) {
    case 'create':
      return [...Object.keys(profile ?? {}), 'status'];
    case 'set':
      return field === undefined ? [] : [field];
    case 'enable':
    case 'disable':
      return ['status'];
    case 'grant':
    case 'revoke':
    case 'revokeSessions':
      return [];
  }
};

/** Plans as they can still be read: those of an erased person have lost their commands. */
const plansOf = (history: readonly HistoryEvent[]) =>
  ofType(history, 'PlanReleased', 'PlanHeld').map((plan) => ({ ...plan, data: { ...plan.data, commands: plan.data.commands ?? [] } }));

const writtenTargets = (plans: ReturnType<typeof plansOf>, name: string): Target[] =>
  plans.flatMap(({ data }) =>
    data.commands.flatMap((command) =>
      fieldsOf(command)
        .filter((what) => what === name || mentions(command.provenance[what], name))
        .map((what) => ({ connection: command.connection, what })),
    ),
  );

const seenTargets = (history: readonly HistoryEvent[], name: string): Target[] =>
  ofType(history, 'AccountObserved')
    .filter(({ data }) => observedValue(data, name) !== undefined)
    .map(({ data }) => ({ connection: data.connection, what: name }));

/** Target attributes that bear this name, written by us or not, or whose mapping reads it. */
const targetsOf = (history: readonly HistoryEvent[], name: string): Target[] => {
  const plans = plansOf(history);
  const blocked = plans.flatMap(({ data }) => data.blocked.filter(({ what }) => what === name));
  const all = [...writtenTargets(plans, name), ...blocked, ...seenTargets(history, name)];
  return [...new Map(all.map(({ connection, what }) => [`${connection} ${what}`, { connection, what }])).values()];
};

type Concerns = (command: Pick<Command, 'connection' | 'action' | 'field' | 'profile' | 'entitlement'>) => boolean;

const concernsTarget =
  ({ connection, what }: Target): Concerns =>
  (command) =>
    command.connection === connection &&
    (command.entitlement ? entitlementKey(command.entitlement) === what : fieldsOf(command).includes(what));

const valueOf = ({ action, value, profile }: Pick<Command, 'action' | 'value' | 'profile'>, what: string): Value => {
  if (action === 'enable' || action === 'disable') return action === 'enable';
  return (action === 'create' && what !== 'status' ? profile?.[what] : value) ?? null;
};

const wantedOf = (
  plans: readonly (HistoryEvent & { data: PlanReleased })[],
  { what }: Target,
  concerns: Concerns,
): TargetExplanation['wanted'] => {
  const plan = plans.findLast(({ data }) => data.commands.some(concerns));
  const command = plan?.data.commands.find(concerns);
  if (plan === undefined || command === undefined) return undefined;
  const provenance = command.provenance[command.entitlement ? 'entitlement' : what];
  return {
    value: valueOf(command, what),
    commandId: command.commandId,
    plan: cite(plan),
    ...(provenance === undefined ? {} : { provenance }),
  };
};

const attemptsOf = (history: readonly HistoryEvent[], concerns: Concerns): TargetExplanation['attempts'] =>
  ofType(history, 'CommandSent', 'CommandEnded')
    .filter(({ data }) => concerns(data))
    .map((event) => {
      const data: CommandEnded | CommandSent = event.data;
      const [result, attempts] = 'result' in data ? [data.result, data.attempts] : (['answer-lost', data.attempt] as const);
      return { ...cite(event), result, attempts, ...(data.sentAt === undefined ? {} : { sentAt: data.sentAt }) };
    });

const observedValue = (data: AccountObserved, what: string): Value | undefined => {
  if (what === 'status') return data.enabled;
  return what === 'manager' && data.managerAccountId !== undefined ? data.managerAccountId : data.profile?.[what];
};

const seenField = (history: readonly HistoryEvent[], { connection, what }: Target): TargetExplanation['seen'] => {
  const sights = ofType(history, 'AccountObserved').filter(
    ({ data }) => data.connection === connection && observedValue(data, what) !== undefined,
  );
  const last = sights.at(-1);
  const value = last && observedValue(last.data, what);
  if (last === undefined || value === undefined) return undefined;
  const since = sights.slice(sights.findLastIndex(({ data }) => !sameValue(observedValue(data, what), value)) + 1)[0] ?? last;
  return { ...cite(since), value, readId: since.data.read.readId, startedAt: since.data.read.startedAt };
};

const seenEntitlement = (history: readonly HistoryEvent[], { connection, what }: Target): TargetExplanation['seen'] => {
  const last = ofType(history, 'EntitlementObserved', 'EntitlementGone').findLast(
    ({ data }) => data.connection === connection && entitlementKey(data.entitlement) === what,
  );
  return (
    last && {
      ...cite(last),
      value: last.type === 'EntitlementObserved',
      readId: last.data.read.readId,
      startedAt: last.data.read.startedAt,
    }
  );
};

const explainTarget = (history: readonly HistoryEvent[], target: Target, isEntitlement: boolean): TargetExplanation => {
  const plans = plansOf(history);
  const concerns = concernsTarget(target);
  const wanted = wantedOf(plans, target, concerns);
  const seen = isEntitlement ? seenEntitlement(history, target) : seenField(history, target);
  const newest = ofType(history, 'PlanReleased').at(-1);
  const stop = newest?.data.blocked.find(
    ({ connection, what }) => connection === target.connection && (what === target.what || what === 'account'),
  );
  return {
    ...target,
    attempts: attemptsOf(history, concerns),
    ...(wanted === undefined ? {} : { wanted }),
    ...(seen === undefined ? {} : { seen }),
    ...(stop === undefined || newest === undefined ? {} : { blocked: { reason: stop.reason, message: stop.message, plan: cite(newest) } }),
  };
};

/**
 * The chain behind one attribute or entitlement of a person: the record, the decision, flow, version and step, the plan, every attempt and the read
 * that saw it. `history` is all events of the person's worker, identity, plan, provisioning and account streams, in the order of the store.
 * Cites only events of `history`; what it cannot find it leaves out.
 */
export const explain = (history: readonly HistoryEvent[], question: Question): Explanation => {
  if ('entitlement' in question) {
    const target = { connection: question.connection, what: entitlementKey(question.entitlement) };
    return { targets: [explainTarget(history, target, true)] };
  }
  const canonical = canonicalOf(history, question.attribute);
  const targets = targetsOf(history, question.attribute);
  return { targets: targets.map((target) => explainTarget(history, target, false)), ...(canonical === undefined ? {} : { canonical }) };
};
