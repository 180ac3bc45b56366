import { accountCategory, type Account } from '../account.ts';
import { caseCategory } from '../case.ts';
import { claimCategory } from '../claim.ts';
import { correlateAccount, correlateCreated } from '../correlate-account.ts';
import { correlateWorker, type LoginFacts, type Step } from '../correlate.ts';
import { identityCategory, type Identity } from '../identity.ts';
import { millis } from '../instants.ts';
import { provisioningCategory } from '../provisioning.ts';
import { workerCategory } from '../worker.ts';
import type { Proc } from './clock.ts';
import { Currents } from './currents.ts';
import { Planner } from './planner.ts';
import type { StoredEvent } from './store.ts';
import { Subscription } from './subscription.ts';
import { transact } from './transact.ts';
import type { World } from './world.ts';

const LEASE = 10_000;
const MOST_ROUNDS = 40;

interface Dirty {
  due: number;
  version: number;
  leaseUntil: number;
}

/** Marks what changed facts concern, and brings each of them to rest: correlation, links, plan. */
export class Reconciliation {
  readonly #world: World;
  readonly #currents: Currents;
  readonly #planner: Planner;
  readonly #dirty = new Map<string, Dirty>();
  readonly #subscription: Subscription;

  constructor(world: World) {
    this.#world = world;
    this.#currents = new Currents(world);
    this.#planner = new Planner(world, this.#currents);
    this.#subscription = new Subscription(world, (events) => this.#hear(events));
  }

  loseRows(): void {
    this.#dirty.clear();
    this.#currents.clear();
    this.#subscription.reset();
  }

  #hear(events: readonly StoredEvent[]): void {
    this.#world.faults.crash('crash between append and commit', 0.01);
    for (const event of events) {
      this.#currents.follow(event);
      for (const key of this.#concerned(event)) this.#mark(key, this.#world.clock.now);
    }
  }

  #concerned(event: StoredEvent): string[] {
    const { stream, type } = event;
    const category = stream.slice(0, stream.indexOf('-'));
    switch (category) {
      case 'worker':
        return [`worker ${stream}`];
      case 'account':
        return [`account ${stream}`, ...this.#currents.ownersOf(stream).map((id) => `identity ${id}`)];
      case 'identity': {
        const id = stream.slice('identity-'.length);
        return [`identity ${id}`, ...(type === 'AccountLinked' ? this.#currents.reportsOf(id).map((report) => `identity ${report}`) : [])];
      }
      case 'provisioning':
        return [`identity ${stream.slice('provisioning-'.length)}`];
      case 'claim':
        return stream.startsWith('claim-match.') ? this.#currents.streams('account-').map((account) => `account ${account}`) : [];
      case 'read':
        return type === 'ReadCompleted'
          ? this.#currents.streams('identity-').map((identity) => `identity ${identity.slice('identity-'.length)}`)
          : [];
      default:
        return [];
    }
  }

  #mark(key: string, due: number): void {
    const row = this.#dirty.get(key) ?? { due, version: 0, leaseUntil: 0 };
    row.due = Math.min(row.due, due);
    row.version += 1;
    this.#dirty.set(key, row);
    this.#world.clock.at(due, () => this.#claim(key));
  }

  #claim(key: string): void {
    const row = this.#dirty.get(key);
    const { clock } = this.#world;
    if (row === undefined) return;
    const due = Math.max(row.due, row.leaseUntil);
    if (due > clock.now) return clock.at(due, () => this.#claim(key));
    row.leaseUntil = clock.now + LEASE;
    this.#world.spawn(this.#work(key, row, row.version), () => clock.at(row.leaseUntil, () => this.#claim(key)));
  }

  *#work(key: string, row: Dirty, version: number): Proc {
    yield this.#world.latency(50);
    const [kind, name = ''] = key.split(' ');
    const rest =
      kind === 'worker' ? yield* this.#worker(name) : kind === 'account' ? yield* this.#account(name) : yield* this.#identity(name);
    this.#world.faults.crash('crash between append and commit', 0.01);
    row.leaseUntil = 0;
    if (rest !== undefined) this.#mark(key, rest);
    else if (row.version === version) this.#dirty.delete(key);
    else this.#world.clock.at(this.#world.clock.now, () => this.#claim(key));
  }

  *#run(steps: readonly Step[]): Proc {
    for (const step of steps) {
      const { stream } = step;
      if (step.category === 'claim') yield* transact(this.#world, { category: claimCategory, stream }, step.decide);
      if (step.category === 'identity') yield* transact(this.#world, { category: identityCategory, stream }, step.decide);
      if (step.category === 'case') yield* transact(this.#world, { category: caseCategory, stream }, step.decide);
      this.#world.faults.crash('crash between append and commit', 0.02);
    }
  }

  /** Steps until none is left, or only questions for a person, which stay what they are. */
  *#settle(next: () => readonly Step[]): Proc {
    for (let round = 0; round < MOST_ROUNDS; round += 1) {
      const steps = next();
      yield* this.#run(steps);
      if (steps.every((step) => step.category === 'case')) return;
    }
    throw new Error('Correlation does not come to rest');
  }

  #claimOf(stream: string) {
    return { stream, claim: this.#world.store.load(claimCategory, stream).state };
  }

  #identityOf(id: string): Identity {
    return this.#world.store.load(identityCategory, `identity-${id}`).state;
  }

  *#worker(stream: string): Proc<number | undefined> {
    const worker = this.#currents.load(workerCategory, stream).state;
    const key = worker.workerKey;
    if (key === undefined) return undefined;
    const { names } = this.#world;
    const identityId = names.identityId(key);
    let due: string | undefined;
    const input = (asOf: string) => ({
      worker,
      workerStream: stream,
      identityId,
      identity: this.#identityOf(identityId),
      asOf,
      match: this.#claimOf(names.match(key)),
      authority: { '*': ['hr-main'] },
      login: (login: string) => this.#loginFacts(login),
      ids: names.ids,
      ...this.#existingLogin(key),
    });
    yield* this.#settle(() => {
      const correlated = correlateWorker(input(this.#world.now));
      due = correlated.nextDue;
      return correlated.steps;
    });
    return due === undefined ? undefined : millis(due);
  }

  #existingLogin(key: string): { existingLogin?: string } {
    const [, account] = this.#currents.accountsWithKey(key)[0] ?? [];
    const login = account?.fields['login']?.value;
    return typeof login === 'string' ? { existingLogin: login.split('@')[0] ?? login } : {};
  }

  #loginFacts(login: string): LoginFacts {
    const facts = this.#claimOf(this.#world.names.login(login));
    const [found] = this.#currents.accountsWithLogin(`${login}@example.com`);
    if (found === undefined) return facts;
    const [connection, accountId] = found;
    const { owner } = this.#claimOf(this.#world.names.claim(connection, accountId)).claim;
    const matched = this.#matchOwner(this.#currents.load(accountCategory, this.#world.names.account(connection, accountId)).state);
    const holder = owner ?? matched;
    return { ...facts, holder: { connection, accountId, ...(holder === undefined ? {} : { owner: holder }) } };
  }

  #matchOwner(account: Account): string | undefined {
    const key = account.fields['employeeNumber']?.value;
    return typeof key === 'string' && key !== '' ? this.#claimOf(this.#world.names.match(key)).claim.owner : undefined;
  }

  *#account(stream: string): Proc<undefined> {
    const account = this.#currents.load(accountCategory, stream).state;
    const { connection, accountId } = account;
    if (connection === undefined || accountId === undefined) return undefined;
    yield* this.#settle(() => {
      const matchOwner = this.#matchOwner(account);
      const claim = this.#claimOf(this.#world.names.claim(connection, accountId));
      const owner = claim.claim.owner ?? matchOwner;
      const key = account.fields['employeeNumber']?.value;
      const rivals = typeof key === 'string' ? this.#currents.unclaimedWithKey(connection, key).filter((id) => id !== accountId) : [];
      return correlateAccount({
        account,
        accountStream: stream,
        connection,
        accountId,
        claim,
        rivals,
        ids: this.#world.names.ids,
        ...(matchOwner === undefined ? {} : { matchOwner }),
        ...(owner === undefined ? {} : { identity: this.#identityOf(owner) }),
      }).steps;
    });
    return undefined;
  }

  *#identity(identityId: string): Proc<number | undefined> {
    const provisioningStream = `provisioning-${identityId}`;
    const provisioning = this.#currents.load(provisioningCategory, provisioningStream).state;
    for (const { name: connection } of this.#world.connections) {
      const made = provisioning.created[connection];
      if (made === undefined) continue;
      const { names } = this.#world;
      yield* this.#settle(() => {
        const claim = this.#claimOf(names.claim(connection, made.accountId));
        const identity = this.#identityOf(identityId);
        return correlateCreated({ identity, identityId, connection, provisioning, provisioningStream, claim, ids: names.ids });
      });
    }
    // An account may have been looked at before its owner existed: whoever plans for the owner looks again.
    const key = this.#identityOf(identityId).attributes['employeeNumber'];
    if (typeof key === 'string') for (const [stream] of this.#currents.accountsWithKey(key)) yield* this.#account(stream);
    return yield* this.#planner.plan(identityId);
  }
}
