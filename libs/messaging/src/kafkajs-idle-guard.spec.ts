import { createRequire } from 'node:module';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { guardIdleKafka } from './kafkajs-idle-guard.ts';

interface Queue {
  checkPendingRequests(): void;
  maybeThrottle(milliseconds: number): void;
  push(request: object): void;
  fulfillRequest(response: object): void;
  destroy(): void;
}
type QueueClass = new (options: object) => Queue;

const path = 'kafkajs/src/network/requestQueue';
const logger = { debug: () => {}, warn: () => {} };
const newQueue = (): Queue => {
  const RequestQueue = createRequire(import.meta.url)(path) as QueueClass;
  return new RequestQueue({
    maxInFlightRequests: 1,
    requestTimeout: 1_000,
    enforceRequestTimeout: false,
    clientId: 'x',
    broker: 'x',
    logger,
  });
};
const requestOf = (correlationId: number, sendRequest: () => void): object => ({
  entry: { correlationId, resolve: () => {}, reject: () => {} },
  expectResponse: true,
  sendRequest,
});

describe('the guard on an idle kafkajs', () => {
  let queue: Queue;
  beforeEach(() => {
    guardIdleKafka();
    guardIdleKafka();
    jest.useFakeTimers();
    queue = newQueue();
  });
  afterEach(() => {
    queue.destroy();
    jest.useRealTimers();
  });

  it('lets no timer run while nothing waits', () => {
    queue.checkPendingRequests();
    expect(jest.getTimerCount()).toBe(0);
  });

  it('still sends what waits behind a throttle when the throttle ends', () => {
    let sent = 0;
    queue.maybeThrottle(50);
    queue.push(requestOf(1, () => (sent += 1)));
    expect(jest.getTimerCount()).toBe(1);
    jest.advanceTimersByTime(40);
    expect(sent).toBe(0);
    jest.advanceTimersByTime(60);
    expect(sent).toBe(1);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('still sends what waits behind another request', () => {
    let sent = 0;
    queue.push(requestOf(1, () => (sent += 1)));
    queue.push(requestOf(2, () => (sent += 1)));
    expect(sent).toBe(1);
    queue.fulfillRequest({ correlationId: 1, payload: null, size: 0 });
    expect(sent).toBe(2);
  });

  it('fails loudly if kafkajs has changed inside', () => {
    const { prototype } = createRequire(import.meta.url)(path) as { prototype: { scheduleCheckPendingRequests?: unknown } };
    const kept = prototype.scheduleCheckPendingRequests;
    delete prototype.scheduleCheckPendingRequests;
    try {
      expect(() => guardIdleKafka()).toThrow(/look at kafkajs-idle-guard/);
    } finally {
      prototype.scheduleCheckPendingRequests = kept;
    }
  });
});
