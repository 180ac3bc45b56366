import type { Value } from '@muster/contracts';
import { accountCategory, entitlementKey } from './account.ts';
import type { DesiredAttribute } from './desired.ts';
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

const planAttributes = (planning: Planning, target: Target & { actual: Actual }): void => {
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
  const { desired, input, block } = planning;
  for (const { entitlement, provenance } of desired.entitlements) {
    const actual = target.actual?.holds(entitlement);
    if (actual?.value === true) continue;
    const key = entitlementKey(entitlement);
    const state = input.entitlement(desired.connection, entitlement);
    if (state === 'missing')
      block(
        key,
        entitlement.kind === 'app' ? 'app-missing' : 'group-missing',
        `There is no such ${entitlement.kind} in ${desired.connection}`,
      );
    else if (state === 'not-writable') block(key, 'not-writable', `Members of this ${entitlement.kind} are not ours to write`);
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

/** Wants away what we granted and no flow wants any more; everything held directly, if nothing may be held. */
const planRevokes = (planning: Planning, target: Target & { actual: Actual }): void => {
  const { desired, input } = planning;
  const wanted = new Set(desired.holdNothing ? [] : desired.entitlements.map(({ entitlement }) => entitlementKey(entitlement)));
  const { entitlements } = target.actual.account;
  for (const held of Object.values(entitlements)) {
    const key = entitlementKey(held.entitlement);
    const actual = target.actual.holds(held.entitlement);
    if (wanted.has(key) || !actual.value || held.via === 'rule' || held.via === 'group') continue;
    const granted =
      input.provisioning.granted[wishKey({ connection: desired.connection, action: 'grant', entitlement: held.entitlement })] === true;
    if (!granted && (desired.holdNothing === undefined || held.via !== 'direct')) continue;
    const reason = desired.holdNothing ?? desired.account?.provenance;
    planning.want({
      action: 'revoke',
      entitlement: held.entitlement,
      value: false,
      ...targetOf(target),
      ...known(actual),
      provenance: reason === undefined ? {} : { entitlement: reason },
    });
  }
};

const planStatus = (planning: Planning, target: Target & { actual: Actual }): void => {
  const { desired, input } = planning;
  const actual = target.actual.enabled();
  const wanted = desired.holdNothing ? false : desired.account?.enabled;
  const provenance = desired.holdNothing ?? desired.account?.provenance;
  if (actual === undefined || wanted === undefined || provenance === undefined || actual.value === wanted) return;
  if (!wanted) {
    planning.want({ action: 'disable', value: false, ...targetOf(target), ...known(actual), provenance: { status: provenance } });
    return;
  }
  const state = input.identity.lifecycle?.state;
  if (state === undefined || state === 'left') return;
  if (state === 'preboarding') planning.block('status', 'start-in-future', 'The account is turned on when the person starts');
  else planning.want({ action: 'enable', value: true, ...targetOf(target), ...known(actual), provenance: { status: provenance } });
};

/** Wants what an existing account lacks, and away what it should not hold. */
export const planAccount = (planning: Planning, accountId: string): void => {
  const { input, desired, view, block } = planning;
  const { connection } = desired;
  const own = input.provisioning.created[connection];
  const ownCreate = own?.accountId === accountId && own.result === 'done';
  if (view.accountOwner !== undefined && view.accountOwner !== input.identity.identityId)
    return block('account', 'case-open', 'The account is claimed by another person', view.openCase);
  if (view.account?.existence === 'deleted')
    return block('account', 'locked', 'The account was deleted outside; only a person may have another one made', accountId);
  if (view.account?.existence !== 'there' && !ownCreate)
    return block('account', 'no-account-yet', 'The account is linked and has not been read yet');
  const account = view.account ?? accountCategory.initial;
  const actual = overlay({ connection, account, accountId, provisioning: input.provisioning, settleMs: view.settleMs });
  const target = { accountId, actual };
  planStatus(planning, target);
  if (input.identity.lifecycle?.state !== 'left' && !desired.holdNothing) {
    planAttributes(planning, target);
    planManager(planning, target);
    planGrants(planning, target);
  }
  planRevokes(planning, target);
};
