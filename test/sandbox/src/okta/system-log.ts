import type { VirtualClock } from '../kit/clock.ts';
import type { Lag } from '../kit/lag.ts';
import { guid } from '../kit/random.ts';
import type { StateFile } from '../kit/state.ts';
import type { Caller } from './records.ts';

export interface LogTarget {
  id: string;
  type: 'User' | 'UserGroup' | 'AppInstance' | 'AppUser' | 'PolicyRule';
  alternateId: string;
  displayName: string;
}

export interface LogEvent {
  uuid: string;
  published: string;
  eventType: string;
  actor: Caller['actor'];
  target: LogTarget[];
  transaction: { type: string; id: string; detail: { requestApiTokenId?: string } };
  outcome: { result: string; reason: string | null };
  [more: string]: unknown;
}

/** What happened, by whom and in which request. */
export interface Deed {
  caller: Caller;
  requestId: string;
  userAgent?: string;
}

const KIND = 'log';
const PENDING = 'log-pending';
const DAY = 24 * 3600 * 1000;

/**
 * The System Log. Events have two times: `published`, when it happened, and the place in the order of persistence, which polling follows. With lag
 * an event is persisted late, so that `published` may go backwards for those who poll and a bounded query may miss what comes later.
 */
export class SystemLog {
  #seq: number;
  #made = 0;
  #pending: { due: number; event: LogEvent }[] = [];
  /** Told of every event when it happens, however late the log shows it. */
  readonly listeners: ((event: LogEvent) => void)[] = [];

  constructor(
    readonly state: StateFile,
    readonly clock: VirtualClock,
    readonly lag: Lag,
  ) {
    this.#seq = state.lastLogSeq(KIND);
    for (const [, pending] of state.objects(PENDING)) this.#pending.push(pending as { due: number; event: LogEvent });
  }

  write(deed: Deed, eventType: string, target: LogTarget[], detail: Record<string, unknown> = {}): LogEvent {
    const now = this.clock.now();
    const event: LogEvent = {
      actor: deed.caller.actor,
      client: {
        userAgent: { rawUserAgent: deed.userAgent ?? 'unknown', os: 'Unknown', browser: 'UNKNOWN' },
        zone: 'null',
        device: 'Unknown',
        id: null,
        ipAddress: '127.0.0.1',
        geographicalContext: null,
      },
      device: null,
      authenticationContext: {
        authenticationProvider: null,
        credentialProvider: null,
        credentialType: null,
        issuer: null,
        interface: null,
        authenticationStep: 0,
        externalSessionId: `trs${deed.requestId}`,
      },
      displayMessage: DISPLAY[eventType] ?? eventType,
      eventType,
      outcome: { result: 'SUCCESS', reason: null },
      published: this.clock.iso(now),
      securityContext: { asNumber: null, asOrg: null, isp: null, domain: null, isProxy: null },
      severity: 'INFO',
      debugContext: { debugData: { requestId: deed.requestId, ...detail } },
      legacyEventType: null,
      transaction: {
        type: 'WEB',
        id: deed.requestId,
        detail: deed.caller.tokenId === undefined ? {} : { requestApiTokenId: deed.caller.tokenId },
      },
      uuid: guid(`${deed.requestId}/${now}/${this.#seq}/${this.#made++}`),
      version: '0',
      request: { ipChain: [{ ip: '127.0.0.1', geographicalContext: null, version: 'V4', source: null }] },
      target,
    };
    const wait = this.lag.draw('log', event.uuid);
    if (wait > 0) this.#postpone(now + wait, event);
    else this.#persist(event);
    for (const tell of this.listeners) tell(event);
    return event;
  }

  /** Events after a place in the order of persistence; `published` at or after `since`. Looks at no more than `scan` events. */
  poll(after: number, since: number, scan: number): { place: number; event: LogEvent }[] {
    this.#release();
    return this.state
      .logAfter(KIND, after, scan)
      .map(({ seq, value }) => ({ place: seq, event: value as LogEvent }))
      .filter(({ event }) => Date.parse(event.published) >= since);
  }

  /** The place just before the first event at or after `since`. */
  placeBefore(since: number): number {
    this.#release();
    const first = this.state.firstLogSeq(KIND, since);
    return first === undefined ? this.#seq : first - 1;
  }

  /** The last place in the order of persistence. */
  get last(): number {
    this.#release();
    return this.#seq;
  }

  /** Events with since <= published < until, ordered by `published`. */
  between(range: { from: number; to: number; skip: number; limit: number; descending: boolean }): LogEvent[] {
    this.#release();
    return this.state.logBetween(KIND, range).map(({ value }) => value as LogEvent);
  }

  /** Oldest instant that a query may ask for. */
  get horizon(): number {
    return this.clock.now() - 180 * DAY;
  }

  #persist(event: LogEvent): void {
    this.state.appendLog(KIND, { seq: ++this.#seq, at: Date.parse(event.published), value: event });
  }

  #postpone(due: number, event: LogEvent): void {
    this.#pending.push({ due, event });
    this.state.putObject(PENDING, event.uuid, { due, event });
  }

  #release(): void {
    if (this.#pending.length === 0) return;
    const now = this.clock.now();
    const ripe = this.#pending.filter(({ due }) => due <= now).sort((left, right) => left.due - right.due);
    if (ripe.length === 0) return;
    this.#pending = this.#pending.filter(({ due }) => due > now);
    for (const { event } of ripe) {
      this.#persist(event);
      this.state.deleteObject(PENDING, event.uuid);
    }
  }
}

const DISPLAY: Readonly<Record<string, string>> = {
  'user.lifecycle.create': 'Create okta user',
  'user.lifecycle.activate': 'Activate Okta user',
  'user.lifecycle.deactivate': 'Deactivate Okta user',
  'user.lifecycle.reactivate': 'Reactivate Okta user',
  'user.lifecycle.suspend': 'Suspend Okta user',
  'user.lifecycle.unsuspend': 'Unsuspend Okta user',
  'user.lifecycle.delete.initiated': 'Delete Okta user initiated',
  'user.lifecycle.delete.completed': 'Delete Okta user completed',
  'user.account.update_profile': 'Update user profile for Okta',
  'user.account.expire_password': 'User password set to expired',
  'user.account.reset_password': "Fired when the user's Okta password is reset",
  'user.account.unlock': 'Unlock user account for Okta',
  'user.session.clear': 'Clear user session',
  'group.lifecycle.create': 'Create Okta group',
  'group.lifecycle.delete': 'Delete Okta group',
  'group.profile.update': 'Update Okta group profile',
  'group.user_membership.add': 'Add user to group membership',
  'group.user_membership.remove': 'Remove user from group membership',
  'group.application_assignment.add': 'Add assigned application to group',
  'group.application_assignment.update': 'Update assigned application for group',
  'group.application_assignment.remove': 'Remove assigned application from group',
  'application.user_membership.add': 'Add user to application membership',
  'application.user_membership.update': 'Update user application membership',
  'application.user_membership.remove': "Remove user's application membership",
  'application.lifecycle.create': 'Create application',
  'application.lifecycle.update': 'Update application',
  'application.lifecycle.delete': 'Delete application',
  'application.lifecycle.activate': 'Activate application',
  'application.lifecycle.deactivate': 'Deactivate application',
};
