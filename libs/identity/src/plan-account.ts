import type { Provenance, Value } from '@muster/contracts';
import { accountCategory, entitlementKey, type SeenEntitlement } from './account.ts';
import type { DesiredAttribute } from './desired.ts';
import { mayHold } from './lifecycle.ts';
import type { Planning } from './planning.ts';
import { overlay, type Actual, type ActualValue } from './overlay.ts';
import { wishKey } from './provisioning.ts';
import { isEmpty, sameValue } from './values.ts';

/** Where wishes go: to an account that exists, or behind the command that makes it. */
interface Target {
  readonly accountId?: string;
  readonly after?: readonly string[];
  /** Absent: nothing is there yet. */
  readonly actual?: Actual;
}

type Existing = Target & { readonly actual: Actual };

const known = <T>(value: ActualValue<T> | undefined): { before?: T; changedAt?: string } =>
  value === undefined ? {} : { before: value.value, ...(value.changedAt === undefined ? {} : { changedAt: value.changedAt }) };

const targetOf = ({ accountId, after }: Target): { accountId?: string; after?: readonly string[] } => ({
  ...(accountId === undefined ? {} : { accountId }),
  ...(after === undefined ? {} : { after }),
});

/** Whether an attribute is to be written, given what the target holds. */
const isWanted = ({ value, mode }: DesiredAttribute, actual: Value | undefined): boolean => {
  if (sameValue(value, actual)) return false;
  switch (mode) {
    case 'always':
      return !isEmpty(value);
    case 'clearIfEmpty':
      return true;
    case 'defaultIfEmpty':
      return isEmpty(actual);
    case 'onCreate':
      return false;
  }
};

const planAttributes = (planning: Planning, target: Existing): void => {
  const { notWritable, masteredBy } = target.actual.account;
  for (const [name, attribute] of Object.entries(planning.desired.attributes)) {
    const actual = target.actual.field(name);
    if (!isWanted(attribute, actual?.value)) continue;
    if (notWritable.includes(name)) {
      planning.block(name, 'not-writable', `This attribute is mastered by ${masteredBy ?? 'another system'}`);
      continue;
    }
    const value = isEmpty(attribute.value) ? null : attribute.value;
    planning.want({
      action: 'set',
      field: name,
      value,
      ...targetOf(target),
      ...known(actual),
      provenance: { [name]: attribute.provenance },
    });
  }
};

/** Wants the manager's account as reference; one that is still missing is waited for and healed by the plan that follows its link. */
export const planManager = (planning: Planning, target: Target): void => {
  const { desired, input } = planning;
  const { manager, connection } = desired;
  if (manager === undefined) return;
  const actual = target.actual?.field('manager');
  const wanted = manager.workerKey === null ? null : input.managerAccount(connection, manager.workerKey);
  if (wanted === undefined) {
    planning.block('manager', 'manager-account-missing', 'The manager has no account here yet; it is set when there is one');
    return;
  }
  if (sameValue(wanted, actual?.value)) return;
  planning.want({
    action: 'set',
    field: 'manager',
    value: wanted,
    ...targetOf(target),
    ...known(actual),
    provenance: { manager: manager.provenance },
  });
};

/** Wants every desired entitlement that is not held. */
export const planGrants = (planning: Planning, target: Target): void => {
  const { desired, input } = planning;
  for (const { entitlement, provenance } of desired.entitlements) {
    const actual = target.actual?.holds(entitlement);
    if (actual?.value === true) continue;
    const key = entitlementKey(entitlement);
    const state = input.entitlement(desired.connection, entitlement);
    if (state === 'missing')
      planning.block(
        key,
        entitlement.kind === 'app' ? 'app-missing' : 'group-missing',
        `There is no such ${entitlement.kind} in ${desired.connection}`,
      );
    else if (state === 'not-writable') planning.block(key, 'not-writable', `Members of this ${entitlement.kind} are not ours to write`);
    else
      planning.want({
        action: 'grant',
        entitlement,
        value: true,
        ...targetOf(target),
        ...known(actual),
        provenance: { entitlement: provenance },
      });
  }
};

/** Whether a held entitlement is ours to take away: what we granted, or anything held directly where nothing may be held. */
const isRevocable = ({ desired, input }: Planning, held: SeenEntitlement): boolean => {
  if (held.via === 'rule' || held.via === 'group') return false;
  const key = wishKey({ connection: desired.connection, action: 'grant', entitlement: held.entitlement });
  return input.provisioning.granted[key] === true || (desired.holdNothing !== undefined && held.via === 'direct');
};

/**
 * Whether something that decides what is to be held here could not be computed: then what is not wanted may be wanted after all. Values of the account
 * decide nothing about that.
 */
const isInDoubt = ({ desired, input }: Planning): boolean =>
  desired.holdNothing === undefined &&
  input.desired.problems.some(
    ({ connection, provenance }) =>
      connection === desired.connection &&
      !(provenance.flow === desired.account?.provenance.flow && provenance.step === desired.account.provenance.step),
  );

/** Wants away what we granted and no flow wants any more; everything held directly, if nothing may be held. */
const planRevokes = (planning: Planning, target: Existing): void => {
  const { desired } = planning;
  const wanted = new Set(desired.holdNothing ? [] : desired.entitlements.map(({ entitlement }) => entitlementKey(entitlement)));
  const reason = desired.holdNothing ?? desired.account?.provenance;
  for (const held of Object.values(target.actual.account.entitlements)) {
    const { entitlement } = held;
    const actual = target.actual.holds(entitlement);
    if (wanted.has(entitlementKey(entitlement)) || !actual.value || !isRevocable(planning, held)) continue;
    if (isInDoubt(planning)) {
      planning.block(entitlementKey(entitlement), 'mapping-failed', 'It is not taken away while a flow cannot say what is to be held here');
      continue;
    }
    const provenance: Record<string, Provenance> = reason === undefined ? {} : { entitlement: reason };
    planning.want({ action: 'revoke', entitlement, value: false, ...targetOf(target), ...known(actual), provenance });
  }
};

const wantedStatus = ({ desired }: Planning): { value: boolean; provenance: Provenance } | undefined => {
  if (desired.holdNothing) return { value: false, provenance: desired.holdNothing };
  return desired.account && { value: desired.account.enabled, provenance: desired.account.provenance };
};

const planStatus = (planning: Planning, target: Existing): void => {
  const actual = target.actual.enabled();
  const wanted = wantedStatus(planning);
  const state = planning.input.identity.lifecycle?.state;
  if (actual === undefined || wanted === undefined || actual.value === wanted.value) return;
  const wish = { value: wanted.value, ...targetOf(target), ...known(actual), provenance: { status: wanted.provenance } };
  if (!wanted.value) planning.want({ action: 'disable', ...wish });
  else if (state === 'preboarding') planning.block('status', 'start-in-future', 'The account is turned on when the person starts');
  else if (mayHold(state)) planning.want({ action: 'enable', ...wish });
};

/** Why an account that there is cannot be planned for; undefined: it can. */
const obstacle = ({ input, desired, view }: Planning, accountId: string): Parameters<Planning['block']> | undefined => {
  const own = input.provisioning.created[desired.connection];
  const madeByUs = own?.accountId === accountId && own.result === 'done';
  const existence = view.account?.existence ?? 'unknown';
  if (view.accountOwner !== undefined && view.accountOwner !== input.identity.identityId)
    return ['account', 'case-open', 'The account is claimed by another person', view.openCase];
  if (existence === 'deleted')
    return ['account', 'locked', 'The account was deleted outside; only a person may have another one made', accountId];
  if (existence === 'unknown' && !madeByUs) return ['account', 'no-account-yet', 'The account is linked and has not been read yet'];
  return undefined;
};

/** Wants what an existing account lacks, and away what it should not hold. */
export const planAccount = (planning: Planning, accountId: string): void => {
  const { input, desired, view } = planning;
  const hindered = obstacle(planning, accountId);
  if (hindered) {
    planning.block(...hindered);
    return;
  }
  const account = view.account ?? accountCategory.initial;
  const { settleMs } = view;
  const actual = overlay({ connection: desired.connection, account, accountId, provisioning: input.provisioning, settleMs });
  const target = { accountId, actual };
  planStatus(planning, target);
  if (mayHold(input.identity.lifecycle?.state) && !desired.holdNothing) {
    planAttributes(planning, target);
    planManager(planning, target);
    planGrants(planning, target);
  }
  planRevokes(planning, target);
};
