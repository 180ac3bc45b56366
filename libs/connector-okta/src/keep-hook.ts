import { Fault, hookAddress, printOf } from '@muster/connector';
import type { CallOptions, HookKeeper, HooksConfig, KeptHook, KnownHook } from '@muster/connector';
import { SECRET_HEADER } from './decode-delivery.ts';
import type { Call } from './executor.ts';
import { HOOK_EVENTS } from './hook-events.ts';
import { isWire, textOf } from './observe.ts';
import type { Wire } from './observe.ts';
import type { OktaSession } from './session.ts';

/** The scope of a token that looks after hooks; it reads and writes nothing else. */
export const HOOK_SCOPES = ['okta.eventHooks.manage'];

const OF = 'log';
const DAY_MS = 86_400_000;
const SOON_MS = 300_000;
const MAX_PAGES = 20;
const SWITCHED_OFF = 'Somebody switched the event hook off in Okta. Activate it there.';

type EventHook = Parameters<OktaSession['client']['eventHookApi']['createEventHook']>[0]['eventHook'];

interface Found {
  id: string;
  active: boolean;
  verified: boolean;
  complete: boolean;
}

/** A no that a person has to look at; polling goes on meanwhile. */
const refusal = (error: unknown): Fault | undefined =>
  error instanceof Fault && (error.kind === 'refused' || error.code === 'target.permission_missing') ? error : undefined;

/** One event hook for the whole org, found again by its address. Its secret cannot be read back, so a print of it is kept. */
export class OktaHookKeeper implements HookKeeper {
  readonly #session: OktaSession;
  readonly #hooks: HooksConfig;

  constructor(session: OktaSession, hooks: HooksConfig) {
    this.#session = session;
    this.#hooks = hooks;
  }

  async keep(known: readonly KnownHook[], options: CallOptions = {}): Promise<{ hooks: KeptHook[]; againInMs: number }> {
    const before = known.find((hook) => hook.of === OF);
    const kept = await this.#keep(before, options).catch((error: unknown): KeptHook => {
      const fault = refusal(error);
      if (!fault) throw error;
      return { of: OF, state: 'refused', because: `${fault.message}. ${fault.remedy}`, renewed: false };
    });
    return { hooks: [kept], againInMs: kept.state === 'active' || kept.state === 'switched-off' ? DAY_MS : SOON_MS };
  }

  async #keep(before: KnownHook | undefined, options: CallOptions): Promise<KeptHook> {
    const found = await this.#find(options);
    // A hook is made active, and nobody here ever switches one off.
    if (found && !found.active) return { of: OF, id: found.id, state: 'switched-off', because: SWITCHED_OFF, renewed: false };
    const ready = found && this.#isAsItShouldBe(found, before) ? found : await this.#write(found, options);
    const mended = ready !== found || !ready.verified;
    const because = ready.verified ? undefined : await this.#verify(ready.id, options);
    const state = because === undefined ? ('active' as const) : ('unverified' as const);
    const print = printOf(ready.id, this.#hooks);
    return { of: OF, state, id: ready.id, print, renewed: mended, ...(because === undefined ? {} : { because }) };
  }

  #isAsItShouldBe(found: Found, before: KnownHook | undefined): boolean {
    return found.complete && before?.id === found.id && before.print === printOf(found.id, this.#hooks);
  }

  async #find(options: CallOptions): Promise<Found | undefined> {
    let cursor: string | undefined = '/api/v1/eventHooks';
    for (let pages = 0; cursor !== undefined && pages < MAX_PAGES; pages += 1) {
      const page = await this.#session.page(cursor, 'list event hooks', { lane: 'live', ...options });
      const ours = page.items.find((hook) => configOf(hook)['uri'] === this.#address);
      if (ours) return foundOf(ours);
      cursor = page.next;
    }
    return undefined;
  }

  get #address(): string {
    return hookAddress(this.#session.config.name, this.#hooks);
  }

  /** Makes the hook, or brings it into the form that it has to have, with the present secret. */
  async #write(found: Found | undefined, options: CallOptions): Promise<Found> {
    const eventHook: EventHook = {
      name: `Muster ${this.#session.config.name}`,
      events: { type: 'EVENT_TYPE', items: [...HOOK_EVENTS] },
      channel: {
        type: 'HTTP',
        version: '1.0.0',
        config: { uri: this.#address, authScheme: { type: 'HEADER', key: SECRET_HEADER, value: this.#hooks.secret.reveal() } },
      },
    };
    const written = await this.#call(found ? 'change the event hook' : 'make the event hook', options, ({ eventHookApi }) =>
      found ? eventHookApi.replaceEventHook({ eventHookId: found.id, eventHook }) : eventHookApi.createEventHook({ eventHook }),
    );
    return foundOf(written as unknown as Wire);
  }

  /** Why Okta could not verify the receiver; undefined: it could. */
  async #verify(id: string, options: CallOptions): Promise<string | undefined> {
    try {
      await this.#call('verify the event hook', options, ({ eventHookApi }) => eventHookApi.verifyEventHook({ eventHookId: id }));
      return undefined;
    } catch (error) {
      if (!(error instanceof Fault) || error.kind !== 'refused') throw error;
      return `Okta could not verify ${this.#address}. Make sure that Okta reaches the console there.`;
    }
  }

  #call<T>(what: string, options: CallOptions, send: (client: OktaSession['client']) => Promise<T>): Promise<T> {
    const call: Call = { lane: options.lane ?? 'live', signal: options.signal, write: true };
    return this.#session.write({ what, values: [this.#hooks.secret.reveal()] }, call, send);
  }
}

const configOf = (hook: Wire): Wire => {
  const channel = isWire(hook['channel']) ? hook['channel'] : {};
  return isWire(channel['config']) ? channel['config'] : {};
};

function foundOf(hook: Wire): Found {
  const items: unknown = isWire(hook['events']) ? hook['events']['items'] : [];
  const held = new Set(Array.isArray(items) ? items : []);
  const scheme = configOf(hook)['authScheme'];
  const key = isWire(scheme) ? textOf(scheme['key']) : undefined;
  return {
    id: textOf(hook['id']) ?? '',
    active: hook['status'] === 'ACTIVE',
    verified: hook['verificationStatus'] === 'VERIFIED',
    complete: key?.toLowerCase() === SECRET_HEADER && held.size === HOOK_EVENTS.length && HOOK_EVENTS.every((type) => held.has(type)),
  };
}
