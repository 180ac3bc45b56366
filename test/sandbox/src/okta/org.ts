import type { Kit } from '../kit/kit.ts';
import { Links } from '../kit/links.ts';
import { base62, fraction } from '../kit/random.ts';
import type { StateFile } from '../kit/state.ts';
import { Table } from '../kit/table.ts';
import type { AppGroupRecord, AppRecord, AppUserRecord, GroupRecord, RuleRecord, UserRecord } from './records.ts';
import { SystemLog } from './system-log.ts';
import { EventHooks } from './event-hooks.ts';
import { UserSchema } from './user-schema.ts';

/** A mail that the org sent. */
export interface Mail {
  at: string;
  to: string;
  userId: string;
  kind: 'activation' | 'reactivation' | 'password-reset';
  token: string;
}

export interface OrgSettings {
  /** How long activation and deactivation take (documented duration, scaled); 0: at once. */
  lifecycleMs: number;
  /** How long group rules take to act. */
  rulesMs: number;
}

const textKey = (value: unknown): string | undefined => (typeof value === 'string' ? value.toLowerCase() : undefined);

/** All that an Okta org holds. Reads for answers go through `view` and `scan`; decisions look at the truth. */
export class Org {
  readonly users: Table<UserRecord>;
  readonly groups: Table<GroupRecord>;
  readonly apps: Table<AppRecord>;
  readonly rules: Table<RuleRecord>;
  /** (group, user) */
  readonly members: Links;
  /** (app, user): own assignments */
  readonly appUsers: Links<AppUserRecord>;
  /** (app, group) */
  readonly appGroups: Links<AppGroupRecord>;
  readonly log: SystemLog;
  readonly hooks: EventHooks;
  readonly schema: UserSchema;
  readonly mails: Mail[] = [];
  readonly settings: OrgSettings = { lifecycleMs: 0, rulesMs: 0 };
  readonly everyone: string;
  #made: Record<string, number>;

  constructor(
    readonly kit: Kit,
    readonly state: StateFile,
  ) {
    const { lag } = kit;
    this.users = new Table(state, 'user', lag, {
      login: (user) => textKey(user.profile['login']),
      shortLogin: (user) => textKey(user.profile['login'])?.split('@')[0],
    });
    this.groups = new Table(state, 'group', lag, {
      name: (group) => (group.type === 'OKTA_GROUP' || group.type === 'BUILT_IN' ? textKey(group.profile['name']) : undefined),
    });
    this.apps = new Table(state, 'app', lag, { label: (app) => textKey(app.label) });
    this.rules = new Table(state, 'rule', lag);
    this.members = new Links(state, 'member', lag);
    this.appUsers = new Links(state, 'appUser', lag);
    this.appGroups = new Links(state, 'appGroup', lag);
    this.log = new SystemLog(state, kit.clock, lag);
    this.hooks = new EventHooks(kit, state, this.log);
    this.#made = { ...(state.object('meta', 'made') as Record<string, number> | undefined) };
    const schema = state.object('meta', 'schema') as ConstructorParameters<typeof UserSchema>[0];
    this.schema = new UserSchema(schema);
    if (!schema)
      this.addCustomAttributes({ hireDate: { title: 'Hire date', type: 'string' }, leaveDate: { title: 'Leave date', type: 'string' } });
    this.everyone = this.groups.find('name', 'everyone')?.id ?? this.#makeEveryone();
  }

  /** A new id of Okta's form: 20 characters, sorting in the order of making. */
  newId(prefix: '00u' | '00g' | '0oa' | '0pr' | 'who'): string {
    const number = (this.#made[prefix] ?? 0) + 1;
    this.#made[prefix] = number;
    this.state.putObject('meta', 'made', this.#made);
    return `${prefix}${base62(number, 8)}${base62(Math.floor(fraction(`${prefix}/${number}/${this.kit.seed}`) * 62 ** 5), 5)}5d7`.padEnd(
      20,
      '0',
    );
  }

  now(): string {
    return this.kit.clock.iso();
  }

  addCustomAttributes(properties: Record<string, unknown>): void {
    this.schema.addCustom(properties);
    this.state.putObject('meta', 'schema', this.schema.custom);
  }

  sendMail(mail: Omit<Mail, 'at' | 'token'>): Mail {
    const sent = { ...mail, at: this.now(), token: base62(Math.floor(Math.random() * 62 ** 8), 20) };
    this.mails.push(sent);
    if (this.mails.length > 10_000) this.mails.shift();
    return sent;
  }

  /** Finishes what was on its way when the process ended. */
  resumeTransitions(): void {
    for (const user of this.users.values()) {
      if (!user.transitioningToStatus) continue;
      const status = user.transitioningToStatus === 'ACTIVE' && !user.hasPassword ? 'PROVISIONED' : user.transitioningToStatus;
      this.users.put(user.id, { ...user, status, transitioningToStatus: null, statusChanged: this.now(), lastUpdated: this.now() });
    }
    this.state.commit();
  }

  #makeEveryone(): string {
    const id = this.newId('00g');
    const now = this.now();
    this.groups.put(id, {
      id,
      type: 'BUILT_IN',
      created: now,
      lastUpdated: now,
      lastMembershipUpdated: now,
      profile: { name: 'Everyone', description: 'All users in your organization' },
    });
    this.state.commit();
    return id;
  }
}
