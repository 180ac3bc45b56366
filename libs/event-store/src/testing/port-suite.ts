import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { StoreMisuse } from '../errors.ts';
import { EventStore } from '../event-store.ts';
import { InMemoryKeyRing } from './key-rings.ts';
import { describeAppends } from './port-appends.ts';
import { freshStream, noted, privacy } from './port-context.ts';
import { describeReads } from './port-reads.ts';
import { describeSubscriptions } from './port-subscriptions.ts';
import { describeTransactions } from './port-transactions.ts';

/** What the port promises, whatever store stands behind it. */
export const describePort = (title: string, start: () => Promise<{ connectionString: string; stop(): Promise<void> }>): void => {
  describe(title, () => {
    let server: Awaited<ReturnType<typeof start>>;
    let store: EventStore;
    const ring = new InMemoryKeyRing();
    const fresh = freshStream;
    const connect = (): EventStore => EventStore.connect({ connectionString: server.connectionString, keyRing: ring, privacy });
    const context = {
      ring,
      fresh,
      get store() {
        return store;
      },
    };

    beforeAll(async () => {
      server = await start();
      store = connect();
    }, 120_000);
    afterAll(async () => {
      await store?.close();
      await server?.stop();
    });

    describeAppends(context);
    describeReads(context);
    describeTransactions(context);
    describeSubscriptions(context);

    describe('the connection', () => {
      it('is the only one of its process', () => {
        expect(connect).toThrow(StoreMisuse);
      });

      it('says so when it is used after it was closed, and another may follow', async () => {
        const old = store;
        await old.close();
        store = connect();
        await expect(old.append(fresh(), [noted(1)], 'none')).rejects.toThrow(StoreMisuse);
        expect(() => old.subscribe({ from: 'start', prefixes: ['x-'], onBatch: async () => undefined })).toThrow(StoreMisuse);
        await store.append(fresh(), [noted(1)], 'none');
      });
    });
  });
};
