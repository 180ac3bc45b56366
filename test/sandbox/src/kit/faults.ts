import { hash, seeded } from './random.ts';

/**
 * - `status`: answers with status, headers and body and has no effect; with `afterEffect` the effect happens first (a 504 after the write)
 * - `throttle`: the vendor's own 429; `form` picks a variant the vendor knows (`reset-past`, `no-reset`, `concurrency`, `no-retry-after`, ...)
 * - `lost-before`, `lost-after`: the socket is destroyed before or after the effect
 * - `hang`: no answer until the caller gives up; with `afterEffect` the effect happens first
 * - `delay`: waits `delayMs` (scaled), then goes on as usual
 * Any other kind does nothing here: a vendor's handler asks for it by `request.fault(kind)` (`empty-page`, `repeat-page`, `unknown-property`, ...).
 */
export interface FaultRule {
  id: string;
  /** Name of the server: okta, graph, login, hr. Without it every server. */
  server?: string;
  method?: string;
  /** Path with `*` for any text, or a regular expression when it begins with `^`. Without it every path. */
  path?: string;
  kind: string;
  status?: number;
  headers?: Record<string, string>;
  body?: unknown;
  form?: string;
  delayMs?: number;
  afterEffect?: boolean;
  /** 0 to 1, default 1. */
  probability?: number;
  /** Fires at most so often. */
  times?: number;
  /** Lets the first matches pass. */
  skip?: number;
  /** Only for callers whose actor (token id or client id) is this one. */
  actor?: string;
}

export interface FaultQuery {
  server: string;
  method: string;
  path: string;
  actor: string | undefined;
}

interface Armed {
  rule: FaultRule;
  pattern: RegExp | undefined;
  random: () => number;
  matched: number;
  fired: number;
}

const pattern = (path: string): RegExp =>
  path.startsWith('^') ? new RegExp(path) : new RegExp(`^${path.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`).replaceAll('*', '.*')}$`);

/** The fault rules in force. Each counts how often it matched and fired; the counts of removed rules are kept. */
export class Faults {
  #armed = new Map<string, Armed>();
  #retired: { id: string; kind: string; matched: number; fired: number }[] = [];
  #next = 1;

  constructor(readonly seed = 1) {}

  /** Adds a rule, or replaces the one of that id. Returns the id. */
  add(rule: Omit<FaultRule, 'id'> & { id?: string }): string {
    const id = rule.id ?? `fault-${this.#next++}`;
    this.remove(id);
    this.#armed.set(id, {
      rule: { ...rule, id },
      pattern: rule.path === undefined ? undefined : pattern(rule.path),
      random: seeded(hash(`${this.seed}/${id}`)),
      matched: 0,
      fired: 0,
    });
    return id;
  }

  remove(id: string): boolean {
    const armed = this.#armed.get(id);
    if (!armed) return false;
    this.#armed.delete(id);
    this.#retired.push({ id, kind: armed.rule.kind, matched: armed.matched, fired: armed.fired });
    if (this.#retired.length > 1000) this.#retired.shift();
    return true;
  }

  clear(): void {
    for (const id of Array.from(this.#armed.keys())) this.remove(id);
  }

  /** The first rule of one of these kinds that fires for the request; a rule that fires is counted. */
  fire(query: FaultQuery, wanted: (kind: string) => boolean): FaultRule | undefined {
    for (const armed of this.#armed.values()) {
      if (!wanted(armed.rule.kind) || !matches(armed, query)) continue;
      armed.matched++;
      if (armed.matched <= (armed.rule.skip ?? 0) || armed.fired >= (armed.rule.times ?? Number.POSITIVE_INFINITY)) continue;
      if (armed.random() >= (armed.rule.probability ?? 1)) continue;
      armed.fired++;
      return armed.rule;
    }
    return undefined;
  }

  /** How often the rule of that id fired, summed over all rules that ever had the id. */
  fired(id: string): number {
    const retired = this.#retired.filter((rule) => rule.id === id).reduce((sum, rule) => sum + rule.fired, 0);
    return retired + (this.#armed.get(id)?.fired ?? 0);
  }

  report(): {
    active: (FaultRule & { matched: number; fired: number })[];
    retired: { id: string; kind: string; matched: number; fired: number }[];
  } {
    return {
      active: [...this.#armed.values()].map(({ rule, matched, fired }) => ({ ...rule, matched, fired })),
      retired: [...this.#retired],
    };
  }

  get empty(): boolean {
    return this.#armed.size === 0;
  }
}

function matches({ rule, pattern: path }: Armed, query: FaultQuery): boolean {
  if (rule.server !== undefined && rule.server !== query.server) return false;
  if (rule.method !== undefined && rule.method.toUpperCase() !== query.method) return false;
  if (rule.actor !== undefined && rule.actor !== query.actor) return false;
  return path === undefined || path.test(query.path);
}
