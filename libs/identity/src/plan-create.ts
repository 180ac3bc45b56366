import type { Profile, Provenance } from '@muster/contracts';
import { wasUnlinked } from './identity.ts';
import { isBefore } from './instants.ts';
import { mayHold } from './lifecycle.ts';
import type { Planning } from './planning.ts';
import { isEmpty } from './values.ts';
import { planGrants, planManager } from './plan-account.ts';

type Obstacle = Parameters<Planning['block']>;

/** An account of this person exists already, or a person has to say whether it does. */
const existing = ({ input, desired, view }: Planning): Obstacle | undefined => {
  const created = input.provisioning.created[desired.connection];
  if (view.openCase !== undefined) return ['account', 'case-open', 'A case about this person has to be answered first', view.openCase];
  if (created !== undefined && !wasUnlinked(input.identity, desired.connection, created.accountId))
    return ['account', 'no-account-yet', 'An account was found and is about to be linked'];
  if ((view.candidates ?? 0) > 0) return ['account', 'no-account-yet', 'An account with this match key exists and is about to be linked'];
  return undefined;
};

/** Something that every account needs is not there yet. */
const missing = ({ input, desired, view }: Planning): Obstacle | undefined => {
  const { login, matchKey } = desired;
  if (view.lastCompleteRead === undefined || isBefore(view.lastCompleteRead, view.createAfter))
    return ['account', 'first-read-missing', 'Nothing is created before the first complete read of this connection'];
  if (isEmpty(login?.value)) return ['account', 'login-missing', 'The login is not chosen yet'];
  if (isEmpty(matchKey?.value)) return ['account', 'mapping-failed', 'There is no match key: the account could not be found again'];
  const lacking = input.desired.problems.find(({ connection, required }) => required && connection === desired.connection);
  return lacking && ['account', 'mapping-failed', `No account can be made without ${lacking.field}`];
};

const wholeProfile = ({ desired }: Planning): { profile: Profile; provenance: Record<string, Provenance> } => {
  const profile: Profile = {};
  const provenance: Record<string, Provenance> = {};
  for (const [name, attribute] of Object.entries(desired.attributes)) {
    if (isEmpty(attribute.value)) continue;
    profile[name] = attribute.value;
    provenance[name] = attribute.provenance;
  }
  if (desired.login) profile[desired.login.attribute] = desired.login.value;
  if (desired.matchKey) profile[desired.matchKey.attribute] = desired.matchKey.value;
  if (desired.account) provenance['status'] = desired.account.provenance;
  return { profile, provenance };
};

/** Wants an account where there is none, and behind it what the account is to hold. */
export const planAbsentAccount = (planning: Planning): void => {
  const { input, desired } = planning;
  const state = input.identity.lifecycle?.state;
  if (desired.account === undefined || desired.holdNothing || !mayHold(state)) return;
  if (state === 'preboarding' && desired.account.enabled) {
    planning.block('account', 'start-in-future', 'The account is made when the person starts');
    return;
  }
  const hindered = existing(planning) ?? missing(planning);
  if (hindered) {
    planning.block(...hindered);
    return;
  }
  const created = planning.want({ action: 'create', value: desired.account.enabled, ...wholeProfile(planning) });
  if (created === undefined) return;
  planManager(planning, { after: [created] });
  planGrants(planning, { after: [created] });
};
