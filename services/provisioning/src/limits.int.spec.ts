import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ConnectionProgress, SendingStatus } from './status.ts';
import { command, Rig, until } from './testing/rig.ts';

/** Okta's documented 100 assignments a minute, our half of them, sixty times as fast. */
const ASSIGNMENTS_PER_SECOND = 50;
const APPS = 2;

let rig: Rig;

beforeAll(async () => {
  rig = await Rig.build({ workers: 300 });
}, 90_000);
afterAll(() => rig.tearDown(), 60_000);

interface Line {
  readonly at: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
}
const journal = async (): Promise<Line[]> =>
  ((await rig.sandbox.admin('GET', '/journal?server=okta&limit=100000')) as { entries: Line[] }).entries;

/** Assignments a second from the end of the first window, which is filled at once, to the last. */
const paceOf = (lines: readonly Line[]): number => {
  const times = lines.map(({ at }) => Date.parse(at)).toSorted((a, b) => a - b);
  const [from, to] = [times[ASSIGNMENTS_PER_SECOND] ?? 0, times.at(-1) ?? 0];
  return (times.length - ASSIGNMENTS_PER_SECOND) / ((to - from) / 1_000);
};

const oktaProgress = async (): Promise<ConnectionProgress> => {
  const { connections } = await rig.ask<SendingStatus>('/status');
  const progress = connections['okta-main'];
  if (!progress) throw new Error('nothing is told of okta-main');
  return progress;
};

describe('the documented limits, with more queued than they let through', () => {
  it('are used to nine tenths without one 429, and a leaver passes everybody', async () => {
    const users = (await rig.oktaUsers()).filter(({ status }) => status === 'ACTIVE').slice(0, 250);
    const { apps } = (await rig.sandbox.admin('GET', '/state?server=okta')) as { apps: { id: string }[] };
    const people = users.slice(1);
    for (const { id } of people)
      await rig.person(
        apps.slice(0, APPS).map((app) =>
          command({
            action: 'grant',
            entitlement: { kind: 'app', id: app.id },
            value: true,
            lane: 'batch',
            object: { kind: 'account', id },
          }),
        ),
      );
    await rig.start();
    const assigned = async (): Promise<Line[]> =>
      (await journal()).filter(({ method, path }) => method === 'POST' && /\/apps\/[^/]+\/users/.test(path));
    await until('a second of assignments', async () => ((await assigned()).length > ASSIGNMENTS_PER_SECOND ? true : undefined));

    const okta = await oktaProgress();
    expect(okta.queued.batch).toBeGreaterThan(0);
    expect(okta.inFlight).toBeGreaterThan(0);
    // Two assignments a person at fifty a second; some people have had one of them.
    const least = (okta.queued.batch / ASSIGNMENTS_PER_SECOND) * 1_000;
    expect(okta.restMs).toBeGreaterThan(least / 2);
    expect(okta.restMs).toBeLessThan(least * APPS * 1.5);

    const asked = Date.now();
    const leaver = users[0]?.id ?? '';
    await rig.ended(
      await rig.person([command({ action: 'disable', value: false, lane: 'leaver', object: { kind: 'account', id: leaver } })]),
      1,
    );
    expect(Date.now() - asked).toBeLessThan(1_500);
    expect((await assigned()).length).toBeLessThan(people.length * APPS);

    const lines = await until(
      'all are assigned',
      async () => {
        const found = await assigned();
        return found.length >= people.length * APPS ? found : undefined;
      },
      40_000,
    );
    await sleep(200);
    const all = await journal();
    expect(all.filter(({ status }) => status === 429)).toEqual([]);
    expect(lines).toHaveLength(people.length * APPS);
    const used = paceOf(lines) / ASSIGNMENTS_PER_SECOND;
    expect(used).toBeGreaterThanOrEqual(0.9);
    expect(used).toBeLessThanOrEqual(1.001);
  }, 90_000);
});
