import type { InputRef } from '@muster/contracts';
import { accountCategory } from '../account.ts';
import { caseCategory, isOpen } from '../case.ts';
import { claimCategory } from '../claim.ts';
import type { DesiredState } from '../desired.ts';
import { identityCategory, type Identity } from '../identity.ts';
import { later, millis } from '../instants.ts';
import { holdEverything, sendEverything } from '../limits.ts';
import { makePlan } from '../make-plan.ts';
import { isOutdated, planCategory, releasePlan, type Plan, type PlanDraft } from '../plan.ts';
import { accountIdOf, type ConnectionView } from '../planning.ts';
import { provisioningCategory, type Provisioning } from '../provisioning.ts';
import { readCategory } from '../read.ts';
import { joiner, testUuid } from '../testing.ts';
import type { Proc } from './clock.ts';
import type { Currents } from './currents.ts';
import { WrongRevision } from './store.ts';
import { START, type ConnectionSetup, type World } from './world.ts';

const AGAIN = 500;

/** Desired minus actual for one person, as the shell puts the facts together. */
export class Planner {
  readonly #world: World;
  readonly #currents: Currents;
  #plans = 0;

  constructor(world: World, currents: Currents) {
    this.#world = world;
    this.#currents = currents;
  }

  /** Plans and releases; gives the time at which to plan again, if any. */
  *plan(identityId: string): Proc<number | undefined> {
    const { store, faults, random, clock } = this.#world;
    const stream = `plan-${identityId}`;
    const plan = store.load(planCategory, stream);
    const identity = store.load(identityCategory, `identity-${identityId}`);
    if (identity.state.identityId === undefined) return undefined;
    const draft = this.#draft(identity, plan.state);
    if (faults.strikes('zombie planner', 0.02)) yield random.between(12_000, 60_000);
    else if (random.chance(0.2)) yield this.#world.latency(500);
    const inForce = store.load(planCategory, stream);
    if (isOutdated(draft, inForce.state)) return clock.now + AGAIN;
    this.#plans += 1;
    const events = releasePlan(draft, testUuid(`plan ${this.#plans}`))(inForce.state);
    if (events.length === 0) return draft.nextDue === undefined ? undefined : millis(draft.nextDue);
    try {
      store.append(stream, events, inForce.revision);
    } catch (error) {
      if (!(error instanceof WrongRevision)) throw error;
      return clock.now + AGAIN;
    }
    return draft.nextDue === undefined ? undefined : millis(draft.nextDue);
  }

  #draft({ state: identity, revision }: { state: Identity; revision: number }, plan: Plan): PlanDraft {
    const identityId = identity.identityId ?? '';
    const provisioning = this.#currents.load(provisioningCategory, `provisioning-${identityId}`);
    const inputs: InputRef[] = [
      { stream: `identity-${identityId}`, revision },
      { stream: `provisioning-${identityId}`, revision: Math.max(provisioning.revision, 0) },
    ];
    const views = this.#world.connections.map(
      (connection) => [connection.name, this.#view(connection, identity, provisioning.state, inputs)] as const,
    );
    return makePlan({
      identity,
      asOf: this.#world.now,
      desired: this.#desired(identity),
      connections: Object.fromEntries(views),
      provisioning: provisioning.state,
      plan,
      ids: this.#world.names.ids,
      limits: this.#world.setup.removals === 'hold' ? holdEverything : sendEverything,
      lane: 'live',
      inputs,
      entitlement: () => 'there',
      managerAccount: (connection, key) => this.#managerAccount(connection, key),
    });
  }

  #desired(identity: Identity): DesiredState {
    const parts = this.#world.connections.map(({ name, reference }) =>
      joiner(identity, [name], { group: 'staff', app: 'mail', reference }),
    );
    return { connections: parts.flatMap(({ connections }) => connections), flows: parts[0]?.flows ?? [], problems: [] };
  }

  #managerAccount(connection: string, key: string): string | undefined {
    const { names } = this.#world;
    const accountId = this.#currents.load(identityCategory, `identity-${names.identityId(key)}`).state.links[connection]?.accountId;
    if (accountId === undefined) return undefined;
    return this.#currents.load(accountCategory, names.account(connection, accountId)).state.existence === 'deleted' ? undefined : accountId;
  }

  #view({ name, settleMs, state }: ConnectionSetup, identity: Identity, provisioning: Provisioning, inputs: InputRef[]): ConnectionView {
    const lastComplete = this.#currents.load(readCategory, `read-${name}`).state.lastComplete;
    const key = identity.attributes['employeeNumber'];
    const openCase = this.#openCase(name, identity.identityId ?? '');
    const accountId = accountIdOf(identity, provisioning, name) ?? provisioning.created[name]?.accountId;
    return {
      state,
      settleMs,
      createAfter: later(new Date(START).toISOString(), settleMs),
      candidates: typeof key === 'string' ? this.#currents.unclaimedWithKey(name, key).length : 0,
      ...(openCase === undefined ? {} : { openCase }),
      ...(lastComplete === undefined ? {} : { lastCompleteRead: lastComplete.startedAt }),
      ...(accountId === undefined ? {} : this.#accountView(name, accountId, inputs)),
    };
  }

  #accountView(connection: string, accountId: string, inputs: InputRef[]): Pick<ConnectionView, 'account' | 'accountOwner'> {
    const { names, store } = this.#world;
    const stream = names.account(connection, accountId);
    const account = this.#currents.load(accountCategory, stream);
    const { owner } = store.load(claimCategory, names.claim(connection, accountId)).state;
    if (account.revision >= 0) inputs.push({ stream, revision: account.revision });
    return { ...(account.revision < 0 ? {} : { account: account.state }), ...(owner === undefined ? {} : { accountOwner: owner }) };
  }

  #openCase(connection: string, identityId: string): string | undefined {
    const about = this.#currents.streams('case-').map((stream) => this.#currents.load(caseCategory, stream).state);
    const found = about.find(
      (state) =>
        isOpen(state) &&
        state.opened?.kind === 'account-disputed' &&
        state.opened.identityId === identityId &&
        state.opened.connection === connection,
    );
    return found?.opened?.caseId;
  }
}
