import { Fault, type Outcome, type WriteOptions } from '@muster/connector';
import type { Command, Profile, Value } from '@muster/contracts';
import { entitlementKey, type Probe, sameValue } from '@muster/identity';
import type { Target } from '../target.ts';

export interface ToyAccount {
  readonly id: string;
  profile: Profile;
  enabled: boolean;
  holds: Set<string>;
}

/** What the vendor does with the next call that gets that far. `crash`: the process that called is no more. */
export type Mishap = 'crash-before' | 'crash-after' | 'lost-before' | 'lost-after' | 'transient' | 'throttled' | 'unauthorised' | 'bug';

/** Stands for the death of the calling process: nothing that it held in memory is used any more. */
export class Crash extends Error {}

const MATCH_KEY = 'employeeNumber';

const faultOf = (kind: 'unknown' | 'transient' | 'throttled' | 'unauthorised' | 'refused', code: string): Fault =>
  new Fault({ code, kind, message: `toy: ${code}`, remedy: 'none', ...(kind === 'throttled' ? { retryAfter: 700 } : {}) });

const mishapFaults: Partial<Record<Mishap, Fault>> = {
  'lost-before': faultOf('unknown', 'effect.answer_lost'),
  'lost-after': faultOf('unknown', 'effect.answer_lost'),
  transient: faultOf('transient', 'target.unavailable'),
  throttled: faultOf('throttled', 'target.throttled'),
  unauthorised: faultOf('unauthorised', 'connection.unauthorised'),
};

/** A vendor of one's own, behind the port of the sender: it keeps accounts, counts calls, loses answers and lags as told. */
export class ToyVendor implements Target {
  readonly connection = 'toy-main';
  readonly logLagMs = 1_000;
  readonly accounts = new Map<string, ToyAccount>();
  /** One entry for each call that had its effect or was refused. */
  readonly calls: string[] = [];
  readonly probes: string[] = [];
  readonly mishaps: Mishap[] = [];
  /** A value that is refused wherever it is written. */
  poison: Value | undefined;
  /** Reads show what was true so long ago. */
  lagMs = 0;
  /** Who the log says disabled an account. */
  disabledBy: 'us' | 'other' | 'nobody' | 'unknown' = 'nobody';
  /** Runs when a call has its budget and is about to ask its fence. */
  beforeFence: () => Promise<unknown> = () => Promise.resolve();
  /** Runs while a call is away. */
  whileAway: () => Promise<unknown> = () => Promise.resolve();
  readonly #seen: { at: number; accounts: string }[] = [];

  constructor(
    readonly settleMs: number,
    readonly now: () => Date,
  ) {}

  arrange(commands: readonly Command[]): Command[][][] {
    const sets = commands.filter(({ action }) => action === 'set');
    const others = commands.filter(({ action }) => action !== 'set').map((command) => [command]);
    const created = others.filter(([command]) => command?.action === 'create');
    const given = others.filter(([command]) => command?.entitlement !== undefined);
    const switched = others.filter((one) => !created.includes(one) && !given.includes(one));
    return [...created.map((one) => [one]), ...(sets.length > 0 ? [[sets]] : []), ...switched.map((one) => [one]), given];
  }

  matchKeyOf({ action, profile }: Command): string | undefined {
    return action === 'create' ? String(profile?.[MATCH_KEY]) : undefined;
  }

  referenceOf({ field, value }: Command): string | undefined {
    return field === 'manager' && typeof value === 'string' ? value : undefined;
  }

  async send(commands: readonly Command[], accountId: string | undefined, options: WriteOptions): Promise<Outcome> {
    await this.beforeFence();
    if (this.mishaps[0] === 'bug' && this.mishaps.shift()) throw new TypeError('toy bug');
    if (options.mayBeSent && !(await options.mayBeSent(0))) return { result: 'withheld' };
    const sentAt = this.now().toISOString();
    const mishap = this.mishaps.shift();
    const result = await this.#carry(commands, accountId, mishap);
    const at = this.now().toISOString();
    const fault = mishap && mishapFaults[mishap];
    if (fault) return { result: 'fault', fault, sentAt, at };
    return { ...(result as Omit<Outcome & { result: 'done' }, 'sentAt' | 'at'>), sentAt, at };
  }

  async #carry(commands: readonly Command[], accountId: string | undefined, mishap: Mishap | undefined): Promise<object | undefined> {
    if (mishap === 'crash-before') throw new Crash();
    const happens = mishap === undefined || mishap.endsWith('-after');
    const result = happens ? this.#write(commands, accountId) : undefined;
    await this.whileAway();
    if (mishap === 'crash-after') throw new Crash();
    return result;
  }

  async probe(command: Command, accountId: string | undefined): Promise<Probe> {
    const startedAt = this.now().toISOString();
    this.probes.push(command.action);
    const accounts = this.#view();
    if (command.action === 'create') {
      const found = accounts.find(({ profile }) => profile['login'] === command.profile?.['login']);
      if (!found) return { startedAt, result: 'absent' };
      return found.profile[MATCH_KEY] === command.profile?.[MATCH_KEY]
        ? { startedAt, result: 'there', accountId: found.id }
        : { startedAt, result: 'foreign' };
    }
    const account = accounts.find(({ id }) => id === accountId);
    return { startedAt, result: account && this.#holds(account, command) ? 'there' : 'absent' };
  }

  trace() {
    return Promise.resolve({ by: this.disabledBy, askedAt: this.now().toISOString() });
  }

  /** How many calls of a kind there were. */
  count(action: string): number {
    return this.calls.filter((call) => call.startsWith(action)).length;
  }

  #holds(account: ToyAccount, { action, field = '', value, entitlement }: Command): boolean {
    if (action === 'enable' || action === 'disable') return account.enabled === (action === 'enable');
    if (entitlement) return account.holds.has(entitlementKey(entitlement)) === (action === 'grant');
    return sameValue(account.profile[field], value);
  }

  /** What a replica shows. */
  #view(): ToyAccount[] {
    if (this.lagMs === 0) return [...this.accounts.values()];
    const upTo = this.now().getTime() - this.lagMs;
    const last = this.#seen.findLast(({ at }) => at <= upTo);
    return (JSON.parse(last?.accounts ?? '[]') as (Omit<ToyAccount, 'holds'> & { holds: string[] })[]).map((one) => ({
      ...one,
      holds: new Set(one.holds),
    }));
  }

  #write(commands: readonly Command[], accountId: string | undefined): object {
    const result = this.#apply(commands, accountId);
    const accounts = JSON.stringify([...this.accounts.values()].map((one) => ({ ...one, holds: [...one.holds] })));
    this.#seen.push({ at: this.now().getTime(), accounts });
    return result;
  }

  #apply(commands: readonly Command[], accountId: string | undefined): object {
    const [command] = commands;
    if (!command) throw new TypeError('an empty call');
    this.calls.push(`${command.action} ${commands.map(({ field, entitlement }) => field ?? entitlement?.id ?? '').join(',')}`.trim());
    const written = commands.flatMap(({ value = null, profile = {} }) => [value, ...Object.values(profile)]);
    if (this.poison !== undefined && written.includes(this.poison))
      return { result: 'fault', fault: faultOf('refused', 'target.value_refused') };
    if (command.action === 'create') return this.#create(command);
    const account = this.accounts.get(accountId ?? '');
    if (!account || commands.some((one) => !this.accounts.has(this.referenceOf(one) ?? account.id)))
      return { result: 'fault', fault: faultOf('refused', 'target.not_found') };
    return this.#change(account, commands);
  }

  #create({ profile = {}, value }: Command): object {
    const taken = [...this.accounts.values()].find((account) => account.profile['login'] === profile['login']);
    if (taken) return { result: 'conflict', found: { id: taken.id, matchKey: String(taken.profile[MATCH_KEY]) } };
    const id = `toy-${this.accounts.size + 1}`;
    this.accounts.set(id, { id, profile: { ...profile }, enabled: value !== false, holds: new Set() });
    return { result: 'done', id };
  }

  #change(account: ToyAccount, commands: readonly Command[]): object {
    for (const { action, field, value = null, entitlement } of commands) {
      if (entitlement) account.holds[action === 'grant' ? 'add' : 'delete'](entitlementKey(entitlement));
      else if (field !== undefined) account.profile = { ...account.profile, [field]: value };
      else account.enabled = action === 'enable';
    }
    return { result: 'done' };
  }
}
