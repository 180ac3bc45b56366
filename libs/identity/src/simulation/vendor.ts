import type { Clock } from './clock.ts';
import type { Random } from './random.ts';

/** An account as it truly is. No type and no rule of the product is used here: a mistake must not be shared. */
export interface TrueAccount {
  readonly id: string;
  readonly login: string;
  readonly profile: Readonly<Record<string, string | null>>;
  readonly enabled: boolean;
  readonly manager: string | null;
  readonly groups: readonly string[];
  readonly apps: readonly string[];
}

export interface LogEntry {
  readonly at: number;
  /** When the log begins to show it. */
  readonly shownAt: number;
  readonly accountId: string;
  readonly actor: string;
  readonly what: 'created' | 'changed' | 'enabled' | 'disabled' | 'deleted';
}

/** A call of ours as the vendor saw it. */
export interface JournalEntry {
  readonly sentAt: number;
  readonly at: number;
  readonly commandId: string;
  readonly accountId: string;
  readonly op: WriteOp['op'];
  readonly what: string;
  readonly value: string | boolean | null;
  /** Whether it changed anything. */
  readonly effective: boolean;
}

export type WriteOp =
  | { readonly op: 'create'; readonly login: string; readonly profile: Readonly<Record<string, string | null>>; readonly enabled: boolean }
  | { readonly op: 'set'; readonly accountId: string; readonly field: string; readonly value: string | null }
  | { readonly op: 'enable' | 'disable'; readonly accountId: string }
  | { readonly op: 'grant' | 'revoke'; readonly accountId: string; readonly kind: 'group' | 'app'; readonly id: string };

/** What a call came to, before any fault of the way back. */
export type Effect =
  | { readonly is: 'done'; readonly id: string }
  | { readonly is: 'conflict'; readonly holder: string }
  | { readonly is: 'refused'; readonly code: string };

interface Version {
  readonly at: number;
  readonly account: TrueAccount | undefined;
}

export interface VendorSetup {
  readonly name: string;
  /** Replicas lag by at most this. */
  readonly lagMs: number;
  readonly logLagMs: number;
  readonly matchAttribute: string;
  readonly domain: string;
  /** A value that this vendor refuses for `title`. */
  readonly badTitle: string;
  /** False: a second account with the same login is simply made. */
  readonly uniqueLogins: boolean;
}

export const US = 'muster';

/** One org or tenant: a truth, replicas that lag behind it object by object, and a log that lags on its own. */
export class Vendor {
  readonly setup: VendorSetup;
  readonly log: LogEntry[] = [];
  readonly journal: JournalEntry[] = [];
  readonly logins = new Map<string, string>();
  /** Accounts that every group refuses. */
  readonly poisoned = new Set<string>();
  onChange: (entry: LogEntry) => void = () => undefined;
  readonly #versions = new Map<string, Version[]>();
  readonly #clock: Clock;
  readonly #random: Random;
  #made = 0;

  constructor(setup: VendorSetup, clock: Clock, random: Random) {
    this.setup = setup;
    this.#clock = clock;
    this.#random = random;
  }

  get ids(): string[] {
    return [...this.#versions.keys()];
  }

  truth(id: string): TrueAccount | undefined {
    return this.#versions.get(id)?.at(-1)?.account;
  }

  /** All accounts that ever were, with their last state before a deletion. */
  everything(): { account: TrueAccount; deleted: boolean }[] {
    return [...this.#versions.values()].flatMap((versions) => {
      const last = versions.findLast((version) => version.account !== undefined)?.account;
      return last === undefined ? [] : [{ account: last, deleted: versions.at(-1)?.account === undefined }];
    });
  }

  /** What some replica shows now: as old as the lag allows, or anything newer. */
  replica(id: string): TrueAccount | undefined {
    const asOf = this.#clock.now - this.#random.between(0, this.setup.lagMs);
    return this.#versions.get(id)?.findLast((version) => version.at <= asOf)?.account;
  }

  edit(id: string, actor: string, change: Partial<TrueAccount>): boolean {
    const before = this.truth(id);
    if (before === undefined) return false;
    const after = { ...before, ...change };
    if (JSON.stringify(after) === JSON.stringify(before)) return false;
    if (after.login !== before.login) {
      if (this.logins.has(after.login) && this.setup.uniqueLogins) return false;
      this.logins.delete(before.login);
      this.logins.set(after.login, id);
    }
    this.#versions.get(id)?.push({ at: this.#clock.now, account: after });
    const what = after.enabled === before.enabled ? 'changed' : after.enabled ? 'enabled' : 'disabled';
    this.#note(id, actor, what);
    return true;
  }

  remove(id: string, actor: string): void {
    const before = this.truth(id);
    if (before === undefined) return;
    this.logins.delete(before.login);
    this.#versions.get(id)?.push({ at: this.#clock.now, account: undefined });
    this.#note(id, actor, 'deleted');
  }

  /** Puts an account there that is older than any log: nobody tells of it. */
  found(account: Omit<TrueAccount, 'id'>): string {
    this.#made += 1;
    const id = `${this.setup.name}-${this.#made}`;
    this.#versions.set(id, [{ at: this.#clock.now, account: { ...account, id } }]);
    this.logins.set(account.login, id);
    return id;
  }

  /** Somebody undoes the last change of an account. */
  undo(id: string, actor: string): boolean {
    const before = this.#versions.get(id)?.at(-2)?.account;
    if (before === undefined || this.truth(id) === undefined) return false;
    const { login: _kept, id: _same, ...rest } = before;
    return this.edit(id, actor, rest);
  }

  add(account: Omit<TrueAccount, 'id'>, actor: string): string {
    this.#made += 1;
    const id = `${this.setup.name}-${this.#made}`;
    this.#versions.set(id, [{ at: this.#clock.now, account: { ...account, id } }]);
    this.logins.set(account.login, id);
    this.#note(id, actor, 'created');
    return id;
  }

  /** Carries calls of ours out, all or none; `sentAt` and `commandId` are for the journal alone. */
  carryOutAll(writes: readonly { op: WriteOp; commandId: string }[], sentAt: number): Effect[] {
    const refusals = writes.map(({ op }) => this.#refusal(op));
    if (refusals.some((code) => code !== undefined))
      return refusals.map((code) => ({ is: 'refused', code: code ?? 'target.batch_refused' }));
    return writes.map(({ op, commandId }) => this.#carryOut(op, sentAt, commandId));
  }

  #refusal(write: WriteOp): string | undefined {
    if (write.op === 'create') return undefined;
    if (this.truth(write.accountId) === undefined) return 'target.not_found';
    if (write.op === 'set' && write.field === 'title' && write.value === this.setup.badTitle) return 'target.value_refused';
    return write.op === 'grant' && write.kind === 'group' && this.poisoned.has(write.accountId) ? 'target.value_refused' : undefined;
  }

  #carryOut(write: WriteOp, sentAt: number, commandId: string): Effect {
    if (write.op === 'create') return this.#create(write, sentAt, commandId);
    const account = this.truth(write.accountId);
    if (account === undefined) return { is: 'refused', code: 'target.not_found' };
    const effective = this.edit(account.id, US, changeOf(write, account));
    this.#enter(write, { sentAt, commandId, accountId: account.id, effective });
    return { is: 'done', id: account.id };
  }

  /** The last time that somebody turned an enabled account off, as far as the log shows it now. */
  lastDisablement(id: string): LogEntry | undefined {
    return this.log.findLast((entry) => entry.accountId === id && entry.what === 'disabled' && entry.shownAt <= this.#clock.now);
  }

  #create(write: WriteOp & { op: 'create' }, sentAt: number, commandId: string): Effect {
    const holder = this.logins.get(write.login);
    if (holder !== undefined && this.setup.uniqueLogins) return { is: 'conflict', holder };
    if (write.profile['title'] === this.setup.badTitle) return { is: 'refused', code: 'target.value_refused' };
    const id = this.add({ login: write.login, profile: write.profile, enabled: write.enabled, manager: null, groups: [], apps: [] }, US);
    this.#enter(write, { sentAt, commandId, accountId: id, effective: true });
    return { is: 'done', id };
  }

  #enter(write: WriteOp, entry: Pick<JournalEntry, 'sentAt' | 'commandId' | 'accountId' | 'effective'>): void {
    const what = write.op === 'set' ? write.field : write.op === 'grant' || write.op === 'revoke' ? `${write.kind}:${write.id}` : 'status';
    const value = write.op === 'set' ? write.value : write.op === 'enable' || write.op === 'grant' || write.op === 'create';
    this.journal.push({ ...entry, at: this.#clock.now, op: write.op, what, value });
  }

  #note(accountId: string, actor: string, what: LogEntry['what']): void {
    const at = this.#clock.now;
    const entry = { at, shownAt: at + this.#random.between(0, this.setup.logLagMs), accountId, actor, what };
    this.log.push(entry);
    this.onChange(entry);
  }
}

const fieldChange = (field: string, value: string | null, account: TrueAccount): Partial<TrueAccount> => {
  if (field === 'manager') return { manager: value };
  return field === 'login' ? { login: value ?? '' } : { profile: { ...account.profile, [field]: value } };
};

const memberChange = (write: WriteOp & { op: 'grant' | 'revoke' }, account: TrueAccount): Partial<TrueAccount> => {
  const list = write.kind === 'group' ? 'groups' : 'apps';
  const held = account[list].includes(write.id);
  if (held === (write.op === 'grant')) return {};
  return { [list]: held ? account[list].filter((id) => id !== write.id) : [...account[list], write.id] };
};

const changeOf = (write: Exclude<WriteOp, { op: 'create' }>, account: TrueAccount): Partial<TrueAccount> => {
  switch (write.op) {
    case 'set':
      return fieldChange(write.field, write.value, account);
    case 'enable':
    case 'disable':
      return { enabled: write.op === 'enable' };
    case 'grant':
    case 'revoke':
      return memberChange(write, account);
  }
};
