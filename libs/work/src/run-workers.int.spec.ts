import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { listDeadWork, runWorkers, type ThrownFault, type Workers, type WorkersOptions, type WorkRow, workStatus } from './index.ts';
import { workTable } from './testing/work-table.ts';

const table = workTable();
const crews: Workers[] = [];

afterEach(async () => {
  for (const crew of crews.splice(0)) await crew.stop();
});

class Fault extends Error {
  constructor(readonly fault: ThrownFault) {
    super(fault.message);
  }
}
const fails = (kind: ThrownFault['kind'], more: object = {}): Fault => new Fault({ code: `spec.${kind}`, kind, message: kind, ...more });
const log = { warn: () => {}, error: () => {} };

function run(handle: WorkersOptions['handle'], more: Partial<WorkersOptions> = {}): Workers {
  const faultOf = (error: unknown): ThrownFault | undefined => (error instanceof Fault ? error.fault : undefined);
  const crew = runWorkers({ store: table.store, kinds: ['look'], concurrency: 4, handle, faultOf, log, timeFactor: 20, ...more });
  crews.push(crew);
  return crew;
}
const ask = (keys: string[], more: Partial<WorkRow> = {}): Promise<void> => table.ask(...keys.map((key) => ({ key, ...more })));

async function until(what: string, condition: () => boolean | Promise<boolean>, timeoutMs = 10_000): Promise<void> {
  for (const deadline = Date.now() + timeoutMs; Date.now() < deadline;) {
    if (await condition()) return;
    await sleep(10);
  }
  throw new Error(`Within ${timeoutMs} ms it did not come to this: ${what}`);
}
const nothingWaits = async (): Promise<boolean> => (await workStatus(table.store.db)).waiting === 0;

describe('workers', () => {
  it('begin with a row a few milliseconds after it was asked for', async () => {
    const began: number[] = [];
    run(async () => void began.push(performance.now()));
    await sleep(300);
    const asked = performance.now();
    await ask(['a']);
    await until('begun', () => began.length === 1);
    expect((began[0] as number) - asked).toBeLessThan(150);
    await until('done', nothingWaits);
  });

  it('begin with a row when it becomes due', async () => {
    const began: number[] = [];
    run(async () => void began.push(Date.now()));
    const due = new Date(Date.now() + 400);
    await ask(['a'], { due });
    await until('begun', () => began.length === 1);
    expect((began[0] as number) - due.getTime()).toBeGreaterThanOrEqual(-1);
    expect((began[0] as number) - due.getTime()).toBeLessThan(200);
  });

  it('work on as many rows at once as allowed, and on one row of a key at a time', async () => {
    let now = 0;
    let most = 0;
    const perKey = new Map<string, number>();
    let overlapped = false;
    run(async ({ key }) => {
      most = Math.max(most, (now += 1));
      perKey.set(key, (perKey.get(key) ?? 0) + 1);
      overlapped ||= (perKey.get(key) ?? 0) > 1;
      await sleep(5);
      perKey.set(key, (perKey.get(key) ?? 0) - 1);
      now -= 1;
    });
    const keys = Array.from({ length: 20 }, (_, n) => `k${n}`);
    for (let round = 0; round < 5; round++) await ask(keys);
    await until('all done', nothingWaits);
    expect(most).toBe(4);
    expect(overlapped).toBe(false);
  });

  it('give the most urgent rows of a claim a head start, and the others their turn when those take long', async () => {
    await ask(
      Array.from({ length: 20 }, (_, n) => `batch-${n}`),
      { lane: 'batch' },
    );
    await ask(['leaver', 'slow'], { lane: 'leaver' });
    const ended: string[] = [];
    const slow = Promise.withResolvers<void>();
    const crew = run(
      async ({ key }) => {
        for (let step = 0; step < (key === 'leaver' ? 20 : 10); step++) await sleep(1);
        if (key === 'slow') await slow.promise;
        ended.push(key);
      },
      { concurrency: 40 },
    );
    await until('the others are done', () => ended.length === 21);
    expect(ended[0]).toBe('leaver');
    expect(ended).not.toContain('slow');
    slow.resolve();
    await until('everything is done', nothingWaits);
    await crew.stop();
  });

  it('look again when the handler says', async () => {
    let looks = 0;
    run(async () => {
      looks += 1;
      return looks < 3 ? { next: new Date(Date.now() + 50) } : undefined;
    });
    await ask(['a']);
    await until('three looks', () => looks === 3);
    await until('done', nothingWaits);
  });

  it('try a passing fault again until it passes', async () => {
    let attempts = 0;
    run(async () => {
      attempts += 1;
      if (attempts < 4) throw fails('transient');
    });
    await ask(['a']);
    await until('done', nothingWaits);
    expect(attempts).toBe(4);
  });

  it('bury what is refused at once, a defect after three attempts, and go on with the others', async () => {
    const attempts = new Map<string, number>();
    run(async ({ key }) => {
      attempts.set(key, (attempts.get(key) ?? 0) + 1);
      if (key === 'refused') throw fails('refused', { remedy: 'mend it' });
      if (key === 'bug') throw new TypeError('input of the row');
    });
    await ask(['refused', 'bug', 'fine']);
    await until('done', nothingWaits);
    expect(Object.fromEntries(attempts)).toEqual({ refused: 1, bug: 3, fine: 1 });
    const dead = await listDeadWork(table.store.db);
    expect(dead.map(({ key, fault }) => `${key} ${fault.code}`).sort()).toEqual(['bug internal.bug', 'refused spec.refused']);
    expect(JSON.stringify(dead)).not.toContain('input of the row');
  });

  it('wait as long as they are told', async () => {
    const times: number[] = [];
    run(async () => {
      times.push(Date.now());
      if (times.length === 1) throw fails('throttled', { retryAfter: 500 });
    });
    await ask(['a']);
    await sleep(100);
    await ask(['a']);
    await until('done', nothingWaits);
    expect((times[1] as number) - (times[0] as number)).toBeGreaterThanOrEqual(495);
  });

  it('leave a quarantined connection alone', async () => {
    let calls = 0;
    run(
      async () => {
        calls += 1;
        throw fails('unauthorised');
      },
      { concurrency: 1 },
    );
    await ask(['a', 'b', 'c'], { connection: 'okta' });
    await until('quarantined', async () => (await workStatus(table.store.db)).quarantined.length === 1);
    await sleep(300);
    expect(calls).toBe(1);
  });

  it('tell a handler whose claim was lost, and do not let it end the row', async () => {
    let lost = false;
    run(
      async (_claimed, signal) => {
        await sql`update work set token = token + 1, claimed_until = now() + interval '1 minute'`.execute(table.store.db);
        await until('lost', () => signal.aborted, 5_000);
        lost = true;
      },
      { leaseMs: 300 },
    );
    await ask(['a']);
    await until('noticed', () => lost);
    await sleep(50);
    expect(await workStatus(table.store.db)).toMatchObject({ waiting: 1 });
  });

  it('keep a claim while a handler takes longer than the lease', async () => {
    let calls = 0;
    run(
      async () => {
        calls += 1;
        await sleep(900);
      },
      { leaseMs: 300 },
    );
    await ask(['a']);
    await until('done', nothingWaits);
    expect(calls).toBe(1);
  });

  it('finish what they are at when they are stopped, and take up nothing more', async () => {
    const done: string[] = [];
    const crew = run(
      async ({ key }) => {
        await sleep(200);
        done.push(key);
      },
      { concurrency: 1 },
    );
    await ask(['a', 'b']);
    await sleep(100);
    await crew.stop();
    expect(done).toHaveLength(1);
    expect(await workStatus(table.store.db)).toMatchObject({ waiting: 1 });
  });

  it('go on after the database was away', async () => {
    const done = new Set<string>();
    run(async ({ key }) => void done.add(key));
    await ask(['before']);
    await until('before', () => done.has('before'));
    await sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'muster%' and pid <> pg_backend_pid()`
      .execute(table.store.db)
      .catch(() => {});
    await sleep(50);
    await ask(['after']);
    await until('after', () => done.has('after'));
    await until('done', nothingWaits);
  });
});
