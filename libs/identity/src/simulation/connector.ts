import type { AccountObserved, FaultRecord, ReadRef } from '@muster/contracts';
import type { Answer } from '../after-answer.ts';
import type { HeldEntitlement } from '../observe-account.ts';
import type { Probe } from '../send.ts';
import type { Proc } from './clock.ts';
import type { FaultKind } from './faults.ts';
import type { Effect, TrueAccount, WriteOp } from './vendor.ts';
import type { World } from './world.ts';

const CALL_TIMEOUT = 30_000;

export class ReadFault extends Error {}

/** What one fetch of an account saw. */
export interface Sight {
  readonly read: ReadRef;
  readonly account: Omit<AccountObserved, 'read'> | 'absent';
  readonly groups: readonly HeldEntitlement[];
  readonly apps: readonly HeldEntitlement[];
  /** Something could not be seen for want of permission. */
  readonly trimmed: boolean;
}

const fault = (code: string, kind: FaultRecord['kind']): FaultRecord => ({ code, kind, message: code });

/** One connection as the product's connector presents it: reads from replicas, writes with faults on the way. */
export class Connector {
  readonly name: string;
  readonly #world: World;
  readonly #trimmed: readonly (readonly [from: number, to: number])[];
  #reads = 0;

  constructor(world: World, name: string, trimmed: readonly (readonly [number, number])[]) {
    this.#world = world;
    this.name = name;
    this.#trimmed = trimmed;
  }

  get #vendor() {
    return this.#world.vendor(this.name);
  }

  isTrimmed(): boolean {
    const { now } = this.#world.clock;
    return this.#trimmed.some(([from, to]) => now >= from && now < to);
  }

  /** A credential that lost its reach does not see some accounts at all, and says nothing of it. */
  isHidden(id: string): boolean {
    return this.isTrimmed() && id.endsWith('1');
  }

  nextRead(kind: ReadRef['kind']): ReadRef {
    this.#reads += 1;
    return { readId: `${this.name}-r${this.#reads}`, kind, startedAt: this.#world.now };
  }

  /** One fetch, from whatever replica answers. Throws ReadFault. */
  *fetch(id: string, kind: ReadRef['kind'] = 'fetch'): Proc<Sight> {
    const { faults } = this.#world;
    const read = this.nextRead(kind);
    const trimmed = this.isTrimmed();
    const account = this.isHidden(id) ? undefined : this.#vendor.replica(id);
    if (JSON.stringify(account) !== JSON.stringify(this.#vendor.truth(id))) faults.note('replica behind');
    yield this.#world.latency();
    if (faults.strikes('read failed', 0.03)) throw new ReadFault(id);
    if (trimmed) faults.note('permission trimmed');
    return this.sightOf(account, read, { trimmed });
  }

  sightOf(account: TrueAccount | undefined, read: ReadRef, { trimmed }: { trimmed: boolean }): Sight {
    if (account === undefined) return { read, account: 'absent', groups: [], apps: [], trimmed };
    const { reference } = this.#world.connection(this.name);
    const { department: _hidden, ...rest } = account.profile;
    const profile = {
      firstName: null,
      lastName: null,
      title: null,
      department: null,
      ...(trimmed ? rest : account.profile),
      login: account.login,
    };
    if (trimmed) delete (profile as Record<string, unknown>)['department'];
    const held = (kind: 'group' | 'app') => (id: string) => ({ entitlement: { kind, id }, via: 'direct' as const });
    return {
      read,
      account: {
        connection: this.name,
        accountId: account.id,
        profile,
        status: account.enabled ? 'ACTIVE' : 'DEPROVISIONED',
        enabled: account.enabled,
        ...(reference ? { managerAccountId: account.manager } : {}),
        aspects: reference ? ['profile', 'status', 'manager'] : ['profile', 'status'],
      },
      groups: trimmed ? [] : account.groups.map(held('group')),
      apps: account.apps.map(held('app')),
      trimmed,
    };
  }

  /**
   * Sends writes in one call, all or nothing. The effect, if it comes, comes on its own, whoever still waits for the answer; a refusal of one is a refusal
   * of all.
   */
  *writeAll(writes: readonly { op: WriteOp; commandId: string }[]): Proc<Answer[]> {
    const { clock, faults } = this.#world;
    const sentAt = clock.now;
    const mishap = this.#mishap();
    const all = (answer: Answer): Answer[] => writes.map(() => answer);
    if (mishap === 'answer lost before the effect') {
      yield CALL_TIMEOUT;
      return all({ result: 'fault', fault: fault('effect.answer_lost', 'unknown'), at: this.#world.now });
    }
    let effects: Effect[] = [];
    if (mishap !== 'throttled' && mishap !== 'server error without effect')
      clock.at(sentAt + this.#world.latency(200), () => {
        effects = this.#vendor.carryOutAll(writes, sentAt);
      });
    yield 201;
    if (mishap === 'throttled' || mishap === 'server error without effect') {
      const kind = mishap === 'throttled' ? 'throttled' : 'transient';
      return all({ result: 'fault', fault: fault(`target.${kind}`, kind), at: this.#world.now });
    }
    if (mishap !== undefined) {
      yield mishap === 'answer lost after the effect' ? CALL_TIMEOUT : this.#world.latency();
      return all({ result: 'fault', fault: fault('effect.answer_lost', 'unknown'), at: this.#world.now });
    }
    yield this.#world.latency(200);
    if (effects.some(({ is }) => is === 'refused')) faults.note('value refused');
    return effects.map((effect) => this.#answerOf(effect));
  }

  /** Looks for the effect of a command. */
  *probe(op: WriteOp, matchKey: string): Proc<Probe> {
    const startedAt = this.#world.now;
    yield this.#world.latency();
    if (op.op === 'create') return { startedAt, ...this.#findCreated(op.login, matchKey) };
    const account = this.#vendor.replica(op.accountId);
    return { startedAt, result: account !== undefined && hasEffect(account, op) ? 'there' : 'absent' };
  }

  /** Asks the log who last turned the account off. */
  *trace(id: string): Proc<{ by: 'us' | 'other' | 'nobody'; askedAt: string }> {
    const askedAt = this.#world.now;
    const entry = this.#vendor.lastDisablement(id);
    yield this.#world.latency();
    return { by: entry === undefined ? 'nobody' : entry.actor === 'muster' ? 'us' : 'other', askedAt };
  }

  #findCreated(login: string, matchKey: string): Pick<Probe, 'result' | 'accountId'> {
    const seen = this.#vendor.ids.flatMap((id) => this.#vendor.replica(id) ?? []);
    const ours = seen.find((account) => account.profile[this.#vendor.setup.matchAttribute] === matchKey);
    if (ours) return { result: 'there', accountId: ours.id };
    return seen.some((account) => account.login === login) ? { result: 'foreign' } : { result: 'absent' };
  }

  #mishap(): FaultKind | undefined {
    const { faults } = this.#world;
    const rates: readonly [FaultKind, number][] = [
      ['answer lost before the effect', 0.05],
      ['answer lost after the effect', 0.07],
      ['server error without effect', 0.04],
      ['server error after the effect', 0.03],
      ['throttled', 0.04],
    ];
    return rates.find(([kind, rate]) => faults.strikes(kind, rate))?.[0];
  }

  #answerOf(effect: Effect): Answer {
    const at = this.#world.now;
    switch (effect.is) {
      case 'done':
        return { result: 'done', id: effect.id, at };
      case 'refused':
        return { result: 'fault', fault: fault(effect.code, 'refused'), at };
      case 'conflict': {
        const holder = this.#vendor.replica(effect.holder);
        if (holder === undefined) return { result: 'conflict', at };
        return { result: 'conflict', found: { id: holder.id, matchKey: holder.profile[this.#vendor.setup.matchAttribute] ?? null }, at };
      }
    }
  }
}

const hasEffect = (account: TrueAccount, op: Exclude<WriteOp, { op: 'create' }>): boolean => {
  switch (op.op) {
    case 'set':
      return (op.field === 'manager' ? account.manager : op.field === 'login' ? account.login : account.profile[op.field]) === op.value;
    case 'enable':
      return account.enabled;
    case 'disable':
      return !account.enabled;
    case 'grant':
    case 'revoke':
      return (op.kind === 'group' ? account.groups : account.apps).includes(op.id) === (op.op === 'grant');
  }
};
