import type { VirtualClock } from './clock.ts';
import { fraction } from './random.ts';

/** What a caller reads; each class lags on its own. A vendor may use further names. */
export type ReadClass = 'id' | 'list' | 'search' | 'delta' | 'log' | 'membership';

export interface LagRule {
  class: ReadClass | 'all';
  /** Documented durations: divided by the time factor. */
  minMs: number;
  maxMs: number;
  /** With 2 or more, each read meets one of so many replicas, so that a later read may see an older state. Default 1. */
  replicas?: number;
}

interface Window {
  minMs: number;
  maxMs: number;
  replicas: number;
}

/** A value that was true until `until`. */
interface Former<V> {
  value: V | undefined;
  until: number;
}

/** Decides by how much reads lag. Off until a rule is set; every stale answer is counted, as the proof that a test met one. */
export class Lag {
  #windows = new Map<string, Window>();
  #reads = 0;
  /** Reads that were answered with an older state than the truth, by class. */
  readonly stale: Record<string, number> = {};

  constructor(
    readonly clock: VirtualClock,
    readonly seed = 1,
  ) {}

  /** True while any class lags; histories are kept only then. */
  get on(): boolean {
    return this.#windows.size > 0;
  }

  /** Sets the lag of a class; `maxMs: 0` switches it off. */
  set(rule: LagRule): void {
    if (rule.maxMs <= 0) this.#windows.delete(rule.class);
    else
      this.#windows.set(rule.class, {
        minMs: rule.minMs,
        maxMs: Math.max(rule.minMs, rule.maxMs),
        replicas: Math.max(1, rule.replicas ?? 1),
      });
  }

  off(): void {
    this.#windows.clear();
  }

  /** The longest lag that any rule allows, scaled: older history is of no use. */
  longest(): number {
    return this.clock.scale(Math.max(0, ...[...this.#windows.values()].map((window) => window.maxMs)));
  }

  /** Milliseconds (scaled) that this version of this object stays hidden from that class of reads; 0 when the class does not lag. */
  draw(readClass: string, object: string, replica = 0): number {
    const window = this.#window(readClass);
    if (!window) return 0;
    const share = fraction(`${this.seed}/${readClass}/${object}/${replica}`);
    return this.clock.scale(window.minMs + share * (window.maxMs - window.minMs));
  }

  /** The replica that the next read meets. */
  replica(readClass: string): number {
    const replicas = this.#window(readClass)?.replicas ?? 1;
    return replicas === 1 ? 0 : Math.floor(fraction(`${this.seed}/read/${this.#reads++}`) * replicas);
  }

  rules(): LagRule[] {
    return [...this.#windows].map(([name, window]) => ({ class: name as ReadClass, ...window }));
  }

  #window(readClass: string): Window | undefined {
    return this.#windows.size === 0 ? undefined : (this.#windows.get(readClass) ?? this.#windows.get('all'));
  }
}

/**
 * The recent past of a keyed collection. `replaced` notes what a key held before a write (call it before or with every write); `view`
 * answers what a lagging read sees. Writers look at the truth and never here. Values must not be changed in place.
 */
export class Past<V> {
  #former = new Map<string, Former<V>[]>();
  /** Keys that held something before: a look-up by a former property need not look at what is merely new. */
  #held = new Set<string>();
  #order: { key: string; until: number }[] = [];

  constructor(
    readonly lag: Lag,
    readonly name: string,
  ) {}

  replaced(key: string, before: V | undefined): void {
    this.#prune();
    if (!this.lag.on) return;
    const until = this.lag.clock.now();
    if (before !== undefined) this.#held.add(key);
    const list = this.#former.get(key);
    if (list) list.push({ value: before, until });
    else this.#former.set(key, [{ value: before, until }]);
    this.#order.push({ key, until });
  }

  /** The state of a key as this class of reads sees it; `truth` is its present state. */
  view(key: string, truth: V | undefined, readClass: string): V | undefined {
    const list = this.#former.size > 0 ? this.#former.get(key) : undefined;
    if (!list) return truth;
    const now = this.lag.clock.now();
    const replica = this.lag.replica(readClass);
    let seen = truth;
    for (let at = list.length - 1; at >= 0; at--) {
      const former = list[at] as Former<V>;
      if (now >= former.until + this.lag.draw(readClass, `${this.name}/${key}/${former.until}`, replica)) break;
      seen = former.value;
    }
    if (seen !== truth) this.lag.stale[readClass] = (this.lag.stale[readClass] ?? 0) + 1;
    return seen;
  }

  /** Keys with a recent past: what lists must look at beside the present keys. */
  keys(): Iterable<string> {
    return this.#former.keys();
  }

  /** Earlier values of every key with a recent past. */
  *values(): Iterable<[string, V]> {
    for (const key of this.#held) for (const { value } of this.#former.get(key) ?? []) if (value !== undefined) yield [key, value];
  }

  get size(): number {
    return this.#former.size;
  }

  #prune(): void {
    if (this.#order.length === 0) return;
    const horizon = this.lag.clock.now() - this.lag.longest();
    let done = 0;
    for (; done < this.#order.length && (this.#order[done]?.until ?? 0) < horizon; done++) {
      const { key } = this.#order[done] as { key: string };
      const list = this.#former.get(key);
      list?.shift();
      if (list?.length !== 0) continue;
      this.#former.delete(key);
      this.#held.delete(key);
    }
    if (done > 0) this.#order.splice(0, done);
  }
}
