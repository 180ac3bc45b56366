import { randomUUID } from 'node:crypto';
import type { Kit } from '../kit/kit.ts';

export type Notice = Readonly<Record<string, unknown>>;

interface Patience {
  readonly patienceMs: number;
  readonly slowAfterMs: number;
}

/** How a receiver has been answering. */
interface Receiver {
  answers: { at: number; slow: boolean }[];
}

const WINDOW_MS = 600_000;
const SLOW_DELAY_MS = 10_000;
const RETRIES_MS = [10_000, 30_000, 60_000, 300_000, 900_000, 3_600_000, 7_200_000];
/** Below this many answers nobody is judged. */
const LEAST = 10;
const MOST_IN_ONE = 100;

/**
 * Sends notices to receivers, several at once where they come together. A receiver of whose answers in ten minutes more than a tenth were slow gets its
 * notices ten seconds late; with more than 15 % it gets none until that is past. Without a 2xx a notice is tried again for about four hours.
 */
export class Notifier {
  readonly #kit: Kit;
  readonly #patience: Patience;
  readonly #receivers = new Map<string, Receiver>();
  /** What leaves together, by address. */
  readonly #waiting = new Map<string, Notice[]>();

  constructor(kit: Kit, patience: Patience) {
    this.#kit = kit;
    this.#patience = patience;
  }

  /** Whether an address answers a validation as it has to: 200, plain text, the token decoded. */
  async validate(url: string): Promise<boolean> {
    const { deliveries } = this.#kit;
    const token = `Validation: Testing client application reachability for subscription Request-Id: ${randomUUID()} & +`;
    const target = new URL(url);
    target.searchParams.set('validationToken', token);
    const { status, text } = await deliveries.post('graph', {
      url: target.toString(),
      headers: { 'content-type': 'text/plain; charset=utf-8' },
      timeoutMs: this.#patience.patienceMs,
      body: '',
    });
    return deliveries.faultsOf('graph').verification !== 'fail' && status === 200 && text === token;
  }

  send(url: string, notice: Notice): void {
    if (this.stateOf(url) === 'drop') {
      this.#kit.deliveries.count('graph', 'dropped');
      return;
    }
    const before = this.#waiting.get(url);
    if (before && before.length < MOST_IN_ONE) {
      before.push(notice);
      return;
    }
    const waiting = [notice];
    this.#waiting.set(url, waiting);
    this.#kit.clock.after(this.#kit.deliveries.faultsOf('graph').mergeMs ?? 0, () => {
      if (this.#waiting.get(url) === waiting) this.#waiting.delete(url);
      this.#leave(url, waiting);
    });
  }

  /** How notices to an address are treated. */
  stateOf(url: string): 'ok' | 'slow' | 'drop' {
    const { clock } = this.#kit;
    const since = clock.now() - clock.scale(WINDOW_MS);
    const receiver = this.#receiver(url);
    receiver.answers = receiver.answers.filter(({ at }) => at > since);
    if (receiver.answers.length < LEAST) return 'ok';
    const share = receiver.answers.filter(({ slow }) => slow).length / receiver.answers.length;
    return share > 0.15 ? 'drop' : share > 0.1 ? 'slow' : 'ok';
  }

  states(): Record<string, string> {
    return Object.fromEntries([...this.#receivers.keys()].map((url) => [url, this.stateOf(url)]));
  }

  #receiver(url: string): Receiver {
    const { origin } = new URL(url);
    const known = this.#receivers.get(origin) ?? { answers: [] };
    this.#receivers.set(origin, known);
    return known;
  }

  #leave(url: string, notices: readonly Notice[]): void {
    const { clock, deliveries } = this.#kit;
    const late = this.stateOf(url) === 'slow' ? SLOW_DELAY_MS : 0;
    for (const { waitMs, forged } of deliveries.copies('graph')) {
      const sent = forged ? notices.map((notice) => ({ ...notice, clientState: `not-${String(notice['clientState'])}` })) : notices;
      clock.after(waitMs + late, () => void this.#try(url, sent, 0));
    }
  }

  async #try(url: string, notices: readonly Notice[], attempt: number): Promise<void> {
    const { clock, deliveries } = this.#kit;
    const { status, ms } = await deliveries.post('graph', {
      url,
      headers: { 'content-type': 'application/json; charset=utf-8' },
      timeoutMs: this.#patience.patienceMs,
      body: { value: notices },
    });
    this.#receiver(url).answers.push({ at: clock.now(), slow: status === 0 || ms > this.#patience.slowAfterMs });
    if (status >= 200 && status < 300) return;
    const wait = RETRIES_MS[attempt];
    if (wait === undefined) deliveries.count('graph', 'given up');
    else clock.after(wait, () => void this.#try(url, notices, attempt + 1));
  }
}
