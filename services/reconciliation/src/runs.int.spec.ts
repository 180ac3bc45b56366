import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RecordedEvent } from '@muster/event-store';
import { account, flow, group, nothing } from './testing/flows.ts';
import { Rig, until } from './testing/rig.ts';

const OKTA = 'okta-main';
const COMPANY = 60;
let rig: Rig;
let people: { id: string; key: string; identityId: string }[];

const keyOf = (index: number): string => String(5000 + index);
const login = (key: string): string => `worker.n${key}`;

beforeAll(async () => {
  rig = await Rig.build([OKTA]);
  await rig.group(OKTA, 'g-staff', 'Staff');
  await rig.group(OKTA, 'g-sales', 'Sales');
  await rig.readWhole(OKTA);
  await rig.publish(flow('staff', "identity.lifecycle == 'active'", [account(OKTA), group(OKTA, 'Staff')]));
  await rig.publish(flow('leaver', "identity.lifecycle == 'left'", [nothing(OKTA)]));
  await rig.start();
  people = await Promise.all(
    Array.from({ length: COMPANY }, async (_, index) => {
      const key = keyOf(index);
      const id = `00u-${key}`;
      const profile = {
        login: `${login(key)}@kestrel.example`,
        email: `${login(key)}@kestrel.example`,
        firstName: 'Ada',
        lastName: 'Byron',
      };
      await rig.see(OKTA, id, { ...profile, employeeNumber: key });
      await rig.hold(OKTA, id, 'g-staff');
      return { id, key, identityId: await rig.hire(key) };
    }),
  );
  await rig.rest(60_000);
}, 120_000);
afterAll(() => rig.tearDown(), 60_000);

const runs = (): Promise<RecordedEvent[]> => rig.events('run-');
const removals = async (): Promise<string[]> =>
  (await rig.events('plan-'))
    .filter(({ type }) => type === 'PlanReleased')
    .flatMap(({ data }) =>
      (data['commands'] as { action: string; commandId: string }[]).filter(({ action }) => action === 'revoke' || action === 'disable'),
    )
    .map(({ commandId }) => commandId);

describe('a small removal', () => {
  it('is counted, found to be within its limit, drawn from it and released', async () => {
    const [first] = people;
    if (!first) throw new Error('nobody');
    await rig.hire(first.key, { version: 2, worker: { status: 'terminated' } });
    await rig.rest();
    const released = (await rig.plan(first.identityId)).released?.commands.map(({ action }) => action);
    expect(released).toEqual(['revoke']);
    expect((await runs()).map(({ type }) => type)).toEqual(['RunOpened', 'RunMembersPlanned', 'RunSealed', 'RunReleased', 'RunHeld']);
    expect((await rig.events('limit-')).map(({ stream, data }) => `${stream} ${String(data['people'])}`)).toEqual([
      'limit-okta-main.leaver 1',
    ]);
    expect(await removals()).toHaveLength(1);
    void until;
  }, 60_000);
});
