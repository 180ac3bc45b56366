import type { AccountChange, AccountWriter, Outcome, WriteOptions } from '@muster/connector';
import type { GatheringOptions } from './gathered-entitlements.ts';
import { GatheringLine } from './gathering-line.ts';

/**
 * Changes of attributes that many senders want of different accounts at about the same time, in one request where the vendor has requests for many. Each hands
 * over its own and gets its own outcome; what is said of `GatheredEntitlements` holds here too. Creates are not gathered: one lost answer would leave
 * many accounts in doubt.
 */
export class GatheredChanges {
  readonly #writer: Pick<AccountWriter, 'set' | 'travelTogether'>;
  readonly #lines: Readonly<Record<'live' | 'batch', GatheringLine<AccountChange>>>;

  constructor(
    writer: Pick<AccountWriter, 'set' | 'travelTogether'>,
    { idleMs = { live: 5, batch: 75 }, fillMs = 250 }: GatheringOptions = {},
  ) {
    this.#writer = writer;
    const lineOf = (lane: 'live' | 'batch') =>
      new GatheringLine<AccountChange>({
        idleMs: idleMs[lane],
        fillMs,
        most: writer.travelTogether ?? 1,
        send: (changes, options) => writer.set(changes, { ...options, lane }),
        onEmpty: () => undefined,
      });
    this.#lines = { live: lineOf('live'), batch: lineOf('batch') };
  }

  set(change: AccountChange, options: WriteOptions = {}): Promise<Outcome> {
    const lane = options.lane ?? 'live';
    if (lane === 'leaver' || this.#writer.travelTogether === undefined) return this.#alone(change, options);
    return this.#lines[lane].join(change, 0, options);
  }

  async #alone(change: AccountChange, options: WriteOptions): Promise<Outcome> {
    const [outcome] = await this.#writer.set([change], options);
    if (outcome === undefined) throw new TypeError('a connector gave no outcome for an item');
    return outcome;
  }
}
