import type { VirtualClock } from './clock.ts';

export interface Draw {
  allowed: boolean;
  limit: number;
  remaining: number;
  /** When the window ends, milliseconds since 1970. */
  resetAt: number;
}

interface Window {
  used: number;
  endsAt: number;
}

/** Rate limit windows of one sandbox. A window opens with its first request (no clock minute) and lasts a documented time, scaled. */
export class RateLimits {
  /** Off: every draw is allowed, windows are counted all the same. */
  enabled = true;
  #windows = new Map<string, Window>();

  constructor(readonly clock: VirtualClock) {}

  /** Takes `cost` from the window of `key`. A refused draw takes nothing. */
  take(key: string, limit: number, windowMs: number, cost = 1): Draw {
    const now = this.clock.now();
    let window = this.#windows.get(key);
    if (!window || window.endsAt <= now) {
      window = { used: 0, endsAt: now + this.clock.scale(windowMs) };
      this.#windows.set(key, window);
    }
    const allowed = !this.enabled || window.used + cost <= limit;
    if (allowed) window.used += cost;
    return { allowed, limit, remaining: Math.max(0, limit - window.used), resetAt: window.endsAt };
  }

  /** Used in the running window of each key. */
  used(): Record<string, number> {
    const now = this.clock.now();
    return Object.fromEntries([...this.#windows].filter(([, window]) => window.endsAt > now).map(([key, window]) => [key, window.used]));
  }

  reset(): void {
    this.#windows.clear();
  }
}
