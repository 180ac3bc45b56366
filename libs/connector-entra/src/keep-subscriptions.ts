import { Fault, hookAddress, printOf } from '@muster/connector';
import type { CallOptions, HookKeeper, HooksConfig, KeptHook, KnownHook } from '@muster/connector';
import { costOf } from './costs.ts';
import { isWire } from './properties.ts';
import type { Wire } from './properties.ts';
import type { EntraSession, Request } from './session.ts';

const RESOURCES = ['users', 'groups'] as const;
type Resource = (typeof RESOURCES)[number];

const HOUR_MS = 3_600_000;
/** Well below the 29 days that Graph allows: one that nobody looks after any more ends soon. Divided by the time factor. */
const LIFE_MS = 72 * HOUR_MS;
const SOON_MS = HOUR_MS / 12;
const MAX_PAGES = 20;

interface Found {
  id: string;
  resource: string;
  expiresAt: number;
}

/** A no that a person has to look at; polling goes on meanwhile. */
const refusal = (error: unknown): Fault | undefined =>
  error instanceof Fault && (error.kind === 'refused' || error.code === 'target.permission_missing') ? error : undefined;

/**
 * One subscription for users and one for groups, found again by address and resource, renewed before half of their time is over. A clientState cannot be read
 * back or changed: with another secret a new subscription takes the place of the old one, which goes afterwards.
 */
export class EntraSubscriptionKeeper implements HookKeeper {
  readonly #session: EntraSession;
  readonly #hooks: HooksConfig;

  constructor(session: EntraSession, hooks: HooksConfig) {
    this.#session = session;
    this.#hooks = hooks;
  }

  async keep(
    known: readonly KnownHook[],
    options: CallOptions & { renew?: readonly string[] } = {},
  ): Promise<{ hooks: KeptHook[]; againInMs: number }> {
    const all = await this.#list(options);
    const hooks: KeptHook[] = [];
    for (const of of RESOURCES) {
      const found = all.filter(({ resource }) => resource === of);
      hooks.push(await this.#keep(of, { found, known, renew: options.renew ?? [] }, options).catch((error: unknown) => unable(of, error)));
    }
    return { hooks, againInMs: hooks.every(({ state }) => state === 'active') ? LIFE_MS / 6 : SOON_MS };
  }

  async #keep(
    of: Resource,
    { found, known, renew }: { found: readonly Found[]; known: readonly KnownHook[]; renew: readonly string[] },
    options: CallOptions,
  ): Promise<KeptHook> {
    const before = known.find((hook) => hook.of === of);
    const present = found.find(({ id }) => before?.id === id && before.print === printOf(id, this.#hooks));
    const kept = present ? await this.#renewed(present, renew.includes(present.id), options) : await this.#create(of, options);
    for (const { id } of found) if (id !== kept.id) await this.#remove(id, options);
    return {
      of,
      state: 'active',
      id: kept.id,
      print: printOf(kept.id, this.#hooks),
      expiresAt: new Date(kept.expiresAt).toISOString(),
      renewed: kept.id !== present?.id || renew.includes(kept.id),
    };
  }

  get #life(): number {
    return LIFE_MS / this.#session.config.budget.timeFactor;
  }

  async #renewed(present: Found, wanted: boolean, options: CallOptions): Promise<Found> {
    if (!wanted && present.expiresAt - Date.now() > this.#life / 2) return present;
    const body = { expirationDateTime: new Date(Date.now() + this.#life).toISOString() };
    const path = `/subscriptions/${encodeURIComponent(present.id)}`;
    try {
      return foundOf(await this.#write({ method: 'PATCH', path, body }, 'renew a subscription', options));
    } catch (error) {
      // It ran out or was removed between the list and this call.
      if (!(error instanceof Fault) || error.code !== 'target.not_found') throw error;
      return this.#create(present.resource as Resource, options);
    }
  }

  async #create(resource: Resource, options: CallOptions): Promise<Found> {
    const url = hookAddress(this.#session.config.name, this.#hooks);
    const body = {
      changeType: 'updated,deleted',
      notificationUrl: url,
      lifecycleNotificationUrl: url,
      resource,
      expirationDateTime: new Date(Date.now() + this.#life).toISOString(),
      clientState: this.#hooks.secret.reveal(),
    };
    return foundOf(await this.#write({ method: 'POST', path: '/subscriptions', body }, `subscribe to ${resource}`, options));
  }

  async #remove(id: string, options: CallOptions): Promise<void> {
    const path = `/subscriptions/${encodeURIComponent(id)}`;
    await this.#write({ method: 'DELETE', path }, 'remove an old subscription', options).catch((error: unknown) => {
      if (!(error instanceof Fault) || error.code !== 'target.not_found') throw error;
    });
  }

  /** Those of ours that lead to our address. */
  async #list(options: CallOptions): Promise<Found[]> {
    const ours: Found[] = [];
    let cursor: string | undefined = '/subscriptions';
    for (let pages = 0; cursor !== undefined && pages < MAX_PAGES; pages += 1) {
      const page = await this.#session.page(cursor, 'list subscriptions', { lane: 'live', ...options });
      const address = hookAddress(this.#session.config.name, this.#hooks);
      ours.push(...page.items.filter((one) => one['notificationUrl'] === address).map(foundOf));
      cursor = page.next;
    }
    return ours;
  }

  #write(request: Request & { method: 'POST' | 'PATCH' | 'DELETE' }, what: string, options: CallOptions): Promise<Wire> {
    const call = { lane: options.lane ?? 'live', cost: costOf(request.method, request.path), signal: options.signal, write: true };
    return this.#session.write(request, { what, values: [this.#hooks.secret.reveal()] }, call);
  }
}

function unable(of: Resource, error: unknown): KeptHook {
  const fault = refusal(error);
  if (!fault) throw error;
  const unverified = fault.vendorCode === 'ValidationError';
  const because = unverified
    ? 'Graph could not validate our address. Make sure that Graph reaches the console there.'
    : `${fault.message}. ${fault.remedy}`;
  return { of, state: unverified ? 'unverified' : 'refused', because, renewed: false };
}

function foundOf(item: Wire): Found {
  const { id, resource, expirationDateTime } = isWire(item) ? item : {};
  return { id: String(id), resource: String(resource), expiresAt: Date.parse(String(expirationDateTime)) };
}
