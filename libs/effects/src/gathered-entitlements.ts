import type { EntitlementRef, EntitlementWriter, HolderRef, Lane, Outcome, WriteOptions } from '@muster/connector';
import { GatheringLine } from './gathering-line.ts';

type Action = 'grant' | 'revoke';

/** Lets what different senders want of one entitlement at about the same time travel in one request, where the vendor has requests for many. */
export interface GatheringOptions {
  /** A request leaves when nobody came to it for so long. Default 5 ms in lane `live`, 75 ms in lane `batch`. */
  idleMs?: Readonly<Record<'live' | 'batch', number>>;
  /** While a request for an entitlement is under way the next one fills up, for so long at most after the first has left. Default 250 ms. */
  fillMs?: number;
}

/**
 * A writer of entitlements that many senders share. Each hands over what it wants for one holder and gets the outcome of that holder alone; what is wanted of
 * the same entitlement in the same lane is gathered, as many as the connector says that travel together. `mayBeSent` of each is asked when the shared
 * request is about to leave, and again before every part of a request that was refused. Leavers never wait for company. A signal that aborts takes its
 * item out as long as it has not left; the others go on.
 */
export class GatheredEntitlements implements EntitlementWriter {
  readonly travelTogether: number;
  readonly #writer: EntitlementWriter;
  readonly #options: Required<GatheringOptions>;
  readonly #lines = new Map<string, GatheringLine<HolderRef>>();

  constructor(writer: EntitlementWriter, { idleMs = { live: 5, batch: 75 }, fillMs = 250 }: GatheringOptions = {}) {
    this.#writer = writer;
    this.travelTogether = writer.travelTogether ?? 1;
    this.#options = { idleMs, fillMs };
  }

  grant(what: EntitlementRef, to: HolderRef[], options: WriteOptions = {}): Promise<Outcome[]> {
    return this.#give('grant', what, { holders: to, options });
  }

  revoke(what: EntitlementRef, from: HolderRef[], options: WriteOptions = {}): Promise<Outcome[]> {
    return this.#give('revoke', what, { holders: from, options });
  }

  #give(action: Action, what: EntitlementRef, { holders, options }: { holders: HolderRef[]; options: WriteOptions }): Promise<Outcome[]> {
    const lane = options.lane ?? 'live';
    if (lane === 'leaver' || this.travelTogether === 1) return this.#writer[action](what, holders, options);
    const line = this.#lineOf(action, what, lane);
    return Promise.all(holders.map((holder, index) => line.join(holder, index, options)));
  }

  #lineOf(action: Action, what: EntitlementRef, lane: Exclude<Lane, 'leaver'>): GatheringLine<HolderRef> {
    const key = `${action} ${lane} ${what.kind}:${what.id}`;
    const known = this.#lines.get(key);
    if (known) return known;
    const { idleMs, fillMs } = this.#options;
    const line = new GatheringLine<HolderRef>({
      idleMs: idleMs[lane],
      fillMs,
      most: this.travelTogether,
      send: (holders, options) => this.#writer[action](what, holders, { ...options, lane }),
      onEmpty: () => this.#lines.delete(key),
    });
    this.#lines.set(key, line);
    return line;
  }
}
