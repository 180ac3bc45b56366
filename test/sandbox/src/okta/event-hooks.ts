import { randomUUID } from 'node:crypto';
import type { Kit } from '../kit/kit.ts';
import type { StateFile } from '../kit/state.ts';
import { Table } from '../kit/table.ts';
import type { LogEvent, SystemLog } from './system-log.ts';

export interface HookRecord {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly status: 'ACTIVE' | 'INACTIVE';
  readonly verificationStatus: 'UNVERIFIED' | 'VERIFIED';
  readonly created: string;
  readonly createdBy: string;
  readonly lastUpdated: string;
  readonly events: readonly string[];
  readonly uri: string;
  readonly headers: readonly { key: string; value: string }[];
  /** Its value is never shown again. */
  readonly auth?: { key: string; value: string };
}

/** Event types that a hook may ask for (okta-developer-docs, event types with the tag event-hook-eligible): whole names, or a prefix before `*`. */
const ELIGIBLE = [
  ...['create', 'activate', 'deactivate', 'suspend', 'unsuspend', 'reactivate', 'delete.initiated'].map((what) => `user.lifecycle.${what}`),
  'user.account.update_profile',
  'user.account.privilege.*',
  'user.session.clear',
  'group.lifecycle.create',
  'group.lifecycle.delete',
  'group.profile.update',
  'group.user_membership.add',
  'group.user_membership.remove',
  'group.privilege.*',
  'group.application_assignment.*',
  ...['add', 'update', 'remove'].map((what) => `application.user_membership.${what}`),
  'application.lifecycle.*',
  'device.lifecycle.*',
  'device.user.*',
  'iam.*',
  'system.org.rate_limit.warning',
  'system.org.rate_limit.violation',
];

export const isEligible = (type: string): boolean =>
  ELIGIBLE.some((one) => (one.endsWith('*') ? type.startsWith(one.slice(0, -1)) : type === one));

/** Okta waits so long for an answer; real time. */
const PATIENCE_MS = 3_000;
const ATTEMPTS = 2;
/** Events in one request. */
const MOST_IN_ONE = 100;

interface Waiting {
  events: LogEvent[];
}

/** The org's event hooks, and the sender of what happens: at least once, in no order, with one retry after a time-out or a 5xx. */
export class EventHooks {
  readonly table: Table<HookRecord>;
  readonly #kit: Kit;
  readonly #merging = new Map<string, Waiting>();

  constructor(kit: Kit, state: StateFile, log: SystemLog) {
    this.#kit = kit;
    this.table = new Table(state, 'event-hook', kit.lag);
    log.listeners.push((event) => this.#hear(event));
  }

  /** The one-time check of the receiver; what it answered, or undefined when it is as it has to be. */
  async verify(hook: HookRecord): Promise<string | undefined> {
    const { deliveries } = this.#kit;
    const challenge = randomUUID();
    const { status, text } = await deliveries.post('okta', {
      url: hook.uri,
      method: 'GET',
      headers: { ...headersOf(hook, false), 'x-okta-verification-challenge': challenge },
      timeoutMs: PATIENCE_MS,
    });
    if (deliveries.faultsOf('okta').verification === 'fail') return 'the receiver did not answer the challenge';
    if (status !== 200) return status === 0 ? 'no answer within 3 seconds' : `answered ${status}`;
    return answers(text, challenge) ? undefined : 'the answer does not hold the challenge';
  }

  #hear(event: LogEvent): void {
    if (!isEligible(event.eventType)) return;
    for (const hook of this.table.values()) {
      if (hook.status !== 'ACTIVE' || hook.verificationStatus !== 'VERIFIED' || !hook.events.includes(event.eventType)) continue;
      this.#gather(hook.id, event);
    }
  }

  /** What happens while a request is still to leave goes with it. */
  #gather(hookId: string, event: LogEvent): void {
    const { clock, deliveries } = this.#kit;
    const waiting = this.#merging.get(hookId);
    if (waiting && waiting.events.length < MOST_IN_ONE) {
      waiting.events.push(event);
      return;
    }
    const fresh: Waiting = { events: [event] };
    this.#merging.set(hookId, fresh);
    clock.after(deliveries.faultsOf('okta').mergeMs ?? 0, () => {
      if (this.#merging.get(hookId) === fresh) this.#merging.delete(hookId);
      this.#send(hookId, fresh.events);
    });
  }

  #send(hookId: string, events: readonly LogEvent[]): void {
    const { clock, deliveries } = this.#kit;
    const eventId = randomUUID();
    for (const { waitMs, forged } of deliveries.copies('okta')) {
      clock.after(waitMs, () => void this.#deliver(hookId, { eventId, events, forged }));
    }
  }

  async #deliver(
    hookId: string,
    { eventId, events, forged }: { eventId: string; events: readonly LogEvent[]; forged: boolean },
  ): Promise<void> {
    const { clock, deliveries } = this.#kit;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const hook = this.table.get(hookId);
      if (hook?.status !== 'ACTIVE') return;
      const { status } = await deliveries.post('okta', {
        url: hook.uri,
        headers: { ...headersOf(hook, forged), 'content-type': 'application/json' },
        timeoutMs: PATIENCE_MS,
        body: {
          eventType: 'com.okta.event_hook',
          eventTypeVersion: '1.0',
          cloudEventsVersion: '0.1',
          source: `https://org.example/api/v1/eventHooks/${hook.id}`,
          eventId,
          data: { events },
          eventTime: clock.iso(),
          contentType: 'application/json',
        },
      });
      if (status !== 0 && status < 500) return;
    }
    deliveries.count('okta', 'given up');
  }
}

function headersOf({ headers, auth }: HookRecord, forged: boolean): Record<string, string> {
  const own = Object.fromEntries(headers.map(({ key, value }) => [key.toLowerCase(), value]));
  if (auth) own[auth.key.toLowerCase()] = forged ? `not-${auth.value}` : auth.value;
  return { ...own, 'user-agent': 'Okta event hook (sandbox)' };
}

function answers(text: string, challenge: string): boolean {
  try {
    return (JSON.parse(text) as { verification?: unknown }).verification === challenge;
  } catch {
    return false;
  }
}
