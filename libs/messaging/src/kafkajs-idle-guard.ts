import { createRequire } from 'node:module';

interface RequestQueue {
  pending: unknown[];
  throttledUntil: number;
}

interface RequestQueueClass {
  prototype: RequestQueue & { scheduleCheckPendingRequests?: (this: RequestQueue) => void };
}

const GUARDED = Symbol.for('muster.kafkajs-idle-guard');

/**
 * kafkajs 2.2.4 looks for waiting requests every millisecond even when there are none (its timer gets a negative delay), which costs an idle
 * consumer some percent of a core. From here on it looks only while something waits or a throttle is in force. Repeating is harmless. Throws if this version of
 * kafkajs has no such internal any more: then the guard must be looked at again.
 */
export function guardIdleKafka(): void {
  const { prototype } = createRequire(import.meta.url)('kafkajs/src/network/requestQueue') as RequestQueueClass;
  const original = prototype.scheduleCheckPendingRequests;
  if (typeof original !== 'function')
    throw new TypeError('kafkajs has no RequestQueue.scheduleCheckPendingRequests any more: look at kafkajs-idle-guard.ts again');
  if (GUARDED in original) return;
  const guarded = function (this: RequestQueue): void {
    if (this.pending.length > 0 || this.throttledUntil > Date.now()) original.call(this);
  };
  prototype.scheduleCheckPendingRequests = Object.assign(guarded, { [GUARDED]: true });
}
