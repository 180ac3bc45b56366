import { randomUUID } from 'node:crypto';
import type { Kit } from '../kit/kit.ts';
import type { StateFile } from '../kit/state.ts';
import type { Mutation } from './mutation.ts';
import { Notifier, type Notice } from './notifier.ts';
import type { Kind } from './schema.ts';

export interface Subscription {
  readonly id: string;
  readonly applicationId: string;
  readonly changeTypes: readonly string[];
  /** `users`, `groups`, or one of them with an id behind a slash. */
  readonly resource: string;
  readonly notificationUrl: string;
  readonly lifecycleNotificationUrl?: string;
  readonly clientState?: string;
  readonly startsAt: number;
  readonly expiresAt: number;
  /** Nothing is sent until the app authorises it anew. */
  readonly waitsForApp?: boolean;
}

/** What an administrator of the sandbox may change. */
export interface SubscriptionSettings {
  /** Subscriptions of one app in this tenant. */
  quota: number;
  /** How long a receiver may take, for a validation and for a notification; real time. */
  patienceMs: number;
  /** An answer that takes longer counts as slow; real time. */
  slowAfterMs: number;
}

export type LifecycleEvent = 'reauthorizationRequired' | 'subscriptionRemoved' | 'missed';

const TYPES: Readonly<Partial<Record<Kind, { collection: string; type: string; path: string }>>> = {
  user: { collection: 'users', type: '#Microsoft.Graph.User', path: 'Users' },
  group: { collection: 'groups', type: '#Microsoft.Graph.Group', path: 'Groups' },
};

const KIND = 'subscription';

/** A tenant's subscriptions to change notifications, kept over a restart, and what is sent to them. */
export class Subscriptions {
  readonly settings: SubscriptionSettings = { quota: 100, patienceMs: 10_000, slowAfterMs: 10_000 };
  readonly notifier: Notifier;
  readonly #all = new Map<string, Subscription>();
  readonly #kit: Kit;
  readonly #state: StateFile;
  readonly #tenantId: string;
  #sequence = 0;

  constructor(kit: Kit, state: StateFile, tenantId: string) {
    this.#kit = kit;
    this.#state = state;
    this.#tenantId = tenantId;
    this.notifier = new Notifier(kit, this.settings);
    for (const [id, subscription] of state.objects(KIND)) this.#all.set(id, subscription as Subscription);
    for (const subscription of this.#all.values()) this.#watchEnd(subscription);
  }

  /** Those that have not run out. */
  ofApp(applicationId: string): Subscription[] {
    this.#dropExpired();
    return [...this.#all.values()].filter((one) => one.applicationId === applicationId);
  }

  all(): Subscription[] {
    this.#dropExpired();
    return [...this.#all.values()];
  }

  find(id: string, applicationId?: string): Subscription | undefined {
    this.#dropExpired();
    const found = this.#all.get(id);
    return found && (applicationId === undefined || found.applicationId === applicationId) ? found : undefined;
  }

  put(subscription: Subscription): Subscription {
    this.#all.set(subscription.id, subscription);
    this.#state.putObject(KIND, subscription.id, subscription);
    this.#watchEnd(subscription);
    return subscription;
  }

  remove(id: string): void {
    this.#all.delete(id);
    this.#state.deleteObject(KIND, id);
  }

  newId(): string {
    return randomUUID();
  }

  /** Tells whoever subscribed what a change touched: which object, never what it holds. */
  tell(mutation: Mutation, kind: Kind | undefined): void {
    const named = kind && TYPES[kind];
    if (!named || mutation.quiet) return;
    const members = membersOf(mutation);
    for (const changeType of changeTypesOf(mutation)) {
      for (const one of this.all()) {
        if (one.waitsForApp || !covers(one, named.collection, mutation.id) || !one.changeTypes.includes(changeType)) continue;
        this.notifier.send(one.notificationUrl, {
          changeType,
          ...this.#common(one),
          resource: `${named.path}/${mutation.id}`,
          resourceData: {
            '@odata.type': named.type,
            '@odata.id': `${named.path}/${mutation.id}`,
            id: mutation.id,
            organizationId: this.#tenantId,
            eventTime: this.#kit.clock.iso(),
            sequenceNumber: ++this.#sequence,
            ...(members ? { 'members@delta': members } : {}),
          },
        });
      }
    }
  }

  /** Tells an app about its subscription; where it named no address for that, nothing is told. */
  tellLifecycle(subscription: Subscription, lifecycleEvent: LifecycleEvent): void {
    if (lifecycleEvent === 'subscriptionRemoved') this.remove(subscription.id);
    if (lifecycleEvent === 'reauthorizationRequired') this.put({ ...subscription, waitsForApp: true });
    const { lifecycleNotificationUrl: url, resource } = subscription;
    if (url !== undefined)
      this.notifier.send(url, { lifecycleEvent, ...this.#common(subscription), resource, organizationId: this.#tenantId });
  }

  #common({ id, clientState, expiresAt }: Subscription): Notice {
    return {
      subscriptionId: id,
      subscriptionExpirationDateTime: new Date(expiresAt).toISOString(),
      tenantId: this.#tenantId,
      ...(clientState === undefined ? {} : { clientState }),
    };
  }

  /** An app is reminded when nine tenths of the time are over. */
  #watchEnd({ id, startsAt, expiresAt }: Subscription): void {
    this.#kit.clock.at(expiresAt - (expiresAt - startsAt) / 10, () => {
      const present = this.find(id);
      if (present?.expiresAt === expiresAt && !present.waitsForApp) this.tellLifecycle(present, 'reauthorizationRequired');
    });
  }

  #dropExpired(): void {
    const now = this.#kit.clock.now();
    for (const { id, expiresAt } of this.#all.values()) if (expiresAt <= now) this.remove(id);
  }
}

function covers({ resource }: Subscription, collection: string, id: string): boolean {
  return resource === collection || resource === `${collection}/${id}`;
}

/** A new object and one that can still be restored are told as updated, too. */
function changeTypesOf(mutation: Mutation): string[] {
  if (mutation.op === 'delete') return mutation.soft ? ['updated', 'deleted'] : ['deleted'];
  if (mutation.op === 'create') return ['created', 'updated'];
  return mutation.op === 'assign' || mutation.op === 'unassign' ? [] : ['updated'];
}

function membersOf(mutation: Mutation): object[] | undefined {
  if (mutation.op === 'join') return mutation.members.map((id) => ({ id }));
  return mutation.op === 'leave' ? mutation.members.map((id) => ({ id, '@removed': 'deleted' })) : undefined;
}
