import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Hint } from '@muster/connector';
import { openReadStore, type ReadStore } from '@muster/read-store';
import { startTemporaryPostgres } from '@muster/read-store/testing';
import { workTables } from '@muster/work';
import { sql } from 'kysely';
import { noteAwaited, noteHints } from './note-hints.ts';
import { forgetServed, reasonOf } from './open-hints.ts';
import type { Source } from './source.ts';
import { ingestionTables } from './tables.ts';

const NOW = Date.parse('2026-03-02T09:00:00.000Z');
const SETTLE_MS = 60_000;

let postgres: Awaited<ReturnType<typeof startTemporaryPostgres>>;
let store: ReadStore;

beforeAll(async () => {
  postgres = await startTemporaryPostgres();
  store = await openReadStore({ url: postgres.url, schema: 'hints', migrations: [...workTables, ...ingestionTables] });
}, 30_000);
afterAll(async () => {
  await store.close();
  await postgres.stop();
});
beforeEach(async () => {
  await sql`truncate work, watched_object, awaited_read`.execute(store.db);
});

const source = {
  config: { name: 'okta-main', settleMs: SETTLE_MS },
  now: () => new Date(NOW),
  get database() {
    return store;
  },
} as unknown as Source;
const hint = (more: Partial<Hint>): Hint => ({ object: { kind: 'account', id: '00u1' }, reason: 'changed', ...more });
const secondsAgo = (seconds: number): string => new Date(NOW - seconds * 1000).toISOString();
const us = { id: 'client', us: true };

/** Seconds from now until an account is fetched, and until every replica must have caught up. */
async function times(): Promise<{ due: number; recheck: number }> {
  const { rows } = await sql<{ due: Date; recheck_at: Date }>`
    select w.due, o.recheck_at from work w join watched_object o on w.key = 'okta-main account ' || o.id`.execute(store.db);
  const [row] = rows;
  if (!row || rows.length > 1) throw new Error(`${rows.length} rows`);
  return { due: (row.due.getTime() - NOW) / 1000, recheck: (row.recheck_at.getTime() - NOW) / 1000 };
}

describe('what a hint has fetched', () => {
  it('is fetched now, and once more after settle time', async () => {
    await noteHints(store.db, source, [hint({ at: secondsAgo(5), actor: { id: 'somebody', us: false } })]);
    expect(await times()).toEqual({ due: 0, recheck: 60 });
  });

  it('is fetched once, with the read that settles it, if our own credential did it', async () => {
    const awaited = [{ aspect: 'apps' as const, from: new Date(NOW + 57_000).toISOString() }];
    await noteAwaited(store.db, source, [{ accountId: '00u1', awaited, cause: { causationId: 'a', correlationId: 'b' } }]);
    await noteHints(store.db, source, [hint({ at: secondsAgo(5), actor: us })]);
    expect(await times()).toEqual({ due: 72, recheck: 72 });
  });

  it('is fetched once, with the read that settles a write of ours, if nobody is named as the actor', async () => {
    const awaited = [{ aspect: 'profile' as const, from: new Date(NOW + 57_000).toISOString() }];
    await noteAwaited(store.db, source, [{ accountId: '00u1', awaited, cause: { causationId: 'a', correlationId: 'b' } }]);
    await noteHints(store.db, source, [hint({})]);
    expect(await times()).toEqual({ due: 72, recheck: 72 });
  });

  it.each([
    ['somebody else is named as the actor', { actor: { id: 'somebody', us: false } }],
    ['it is gone', { deleted: 'removed' }],
  ] as const)('is fetched now, whatever is awaited, if %s', async (_when, more) => {
    const awaited = [{ aspect: 'profile' as const, from: new Date(NOW + 57_000).toISOString() }];
    await noteAwaited(store.db, source, [{ accountId: '00u1', awaited, cause: { causationId: 'a', correlationId: 'b' } }]);
    await noteHints(store.db, source, [hint(more)]);
    expect(await times()).toEqual({ due: 0, recheck: 72 });
  });

  it('is fetched a little after settle time if it is ours and no write is known of', async () => {
    await noteHints(store.db, source, [hint({ at: secondsAgo(5), actor: us })]);
    expect(await times()).toEqual({ due: 70, recheck: 55 });
  });

  it.each([
    ['somebody else changed it, too', [hint({ at: secondsAgo(5), actor: us }), hint({ at: secondsAgo(4) })], 60],
    ['it is gone', [hint({ at: secondsAgo(5), actor: us, deleted: 'log' })], 60],
    ['it is not told when', [hint({ actor: us })], 60],
    ['a clock is wrong', [hint({ at: secondsAgo(-600), actor: us })], 60],
  ] as const)('is fetched now if %s', async (_when, hints, recheck) => {
    await noteHints(store.db, source, hints);
    expect(await times()).toEqual({ due: 0, recheck });
  });
});

describe('what was fetched', () => {
  const account = { kind: 'account', id: '00u1' } as const;
  const cause = { causationId: 'a', correlationId: 'b' };
  const waits = (aspect: 'profile' | 'groups', seconds: number): Promise<void> =>
    noteAwaited(store.db, source, [{ accountId: '00u1', awaited: [{ aspect, from: secondsAgo(-seconds) }], cause }]);

  it('settles what was awaited when the fetch began, and nothing that came to be awaited since', async () => {
    await waits('profile', -2);
    const { awaited } = await reasonOf(source, account);
    await waits('groups', -1);
    await forgetServed(source, account, { startedAt: new Date(NOW).toISOString(), aspects: ['profile'], whole: true, awaited });
    expect((await reasonOf(source, account)).awaited).toMatchObject([{ aspect: 'groups', from: secondsAgo(1) }]);
  });

  it('leaves open what it did not look at, and what is to be looked at later', async () => {
    await waits('profile', -2);
    await waits('groups', -1);
    await waits('profile', 8);
    const { awaited } = await reasonOf(source, account);
    const left = await forgetServed(source, account, {
      startedAt: new Date(NOW).toISOString(),
      aspects: ['profile'],
      whole: false,
      awaited,
    });
    const open = (await reasonOf(source, account)).awaited.map(({ aspect, from }) => `${aspect} ${from}`);
    expect(new Set(open)).toEqual(new Set([`groups ${secondsAgo(1)}`, `profile ${secondsAgo(-8)}`]));
    expect(left?.next).toEqual(new Date(NOW + 8_000 + SETTLE_MS / 4));
  });
});
