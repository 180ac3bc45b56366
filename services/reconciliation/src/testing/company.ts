import { randomUUID } from 'node:crypto';
import { streamOf } from '@muster/contracts';
import { account, flow, group, nothing } from './flows.ts';
import type { ShownRun } from '../show-runs.ts';
import { type Delivery, Rig, until } from './rig.ts';

export const OKTA = 'okta-main';

/** Whoever is in scope has an account and a group. */
export const staff = (scope: string, version = 1) => flow('staff', scope, [account(OKTA), group(OKTA, 'Staff')], version);

type Held = ShownRun & { readonly planHash: string };

/** A company at work for long: everybody has an account and was given a group by us. */
export class Company {
  private constructor(
    readonly rig: Rig,
    readonly people: readonly { readonly key: string; readonly identityId: string }[],
  ) {}

  static async build(size: number): Promise<Company> {
    const rig = await Rig.build([OKTA]);
    await rig.group(OKTA, 'g-staff', 'Staff');
    await rig.readWhole(OKTA);
    await rig.publish(staff("identity.lifecycle == 'active'"));
    await rig.publish(flow('leaver', "identity.lifecycle == 'left'", [nothing(OKTA)]));
    await rig.start();
    const people = await Promise.all(
      Array.from({ length: size }, async (_, index) => {
        const key = String(5000 + index);
        const login = `worker.n${key}@kestrel.example`;
        await rig.see(OKTA, `00u-${key}`, { login, email: login, firstName: 'Ada', lastName: 'Byron', employeeNumber: key });
        return { key, identityId: await rig.hire(key) };
      }),
    );
    await rig.rest(60_000);
    for (const { key, identityId } of people) {
      const grant = (await rig.plan(identityId)).released?.commands.find(({ action }) => action === 'grant');
      if (!grant) throw new Error(`nothing was given to ${key}`);
      await rig.end(identityId, grant);
      await rig.hold(OKTA, `00u-${key}`, 'g-staff');
    }
    await rig.rest(60_000);
    return new Company(rig, people);
  }

  terminate(some: readonly { key: string }[], delivery?: Omit<Delivery, 'operation'>): Promise<string[]> {
    return Promise.all(
      some.map(({ key }, operation) =>
        this.rig.hire(key, { version: 2, worker: { status: 'terminated' }, ...(delivery ? { delivery: { ...delivery, operation } } : {}) }),
      ),
    );
  }

  /** HR's report begins to be read whole. Answers what ends it; a report that is not complete proves nothing. */
  async readReport(): Promise<{ readId: string; end: (complete: boolean) => Promise<void> }> {
    const read = { readId: randomUUID(), kind: 'full', startedAt: new Date().toISOString() };
    const stream = streamOf.read('hr-main');
    await this.rig.append(stream, 'ReadStarted', { connection: 'hr-main', read, scopes: ['users'] });
    const proof = { pages: 1, counts: {}, permissions: [], missingPermissions: [] };
    const end = (complete: boolean): Promise<void> =>
      this.rig.append(stream, 'ReadCompleted', { connection: 'hr-main', read, finishedAt: new Date().toISOString(), complete, ...proof });
    return { readId: read.readId, end };
  }

  async released(identityId: string): Promise<string[]> {
    return ((await this.rig.plan(identityId)).released?.commands ?? []).map(({ action }) => action).filter((action) => action !== 'set');
  }

  /** What of a person may be sent, and what is held. */
  async standing(identityId: string): Promise<[string[], string[]]> {
    const held = ((await this.rig.plan(identityId)).held?.commands ?? []).map(({ action }) => action);
    return [await this.released(identityId), held];
  }

  /** Everything that was ever let go to take something away. */
  async removals(): Promise<number> {
    return (await this.rig.events('plan-'))
      .filter(({ type }) => type === 'PlanReleased')
      .flatMap(({ data }) => data['commands'] as { action: string }[])
      .filter(({ action }) => action === 'revoke' || action === 'disable').length;
  }

  async holds(): Promise<ShownRun[]> {
    return (await this.rig.ask<{ runs: ShownRun[] }>('/runs?state=held')).runs;
  }

  async onlyHold(): Promise<Held> {
    const [run, ...more] = await until('one run is held', async () => {
      const some = await this.holds();
      return some.length > 0 ? some : undefined;
    });
    if (run?.planHash === undefined || more.length > 0) throw new Error(`${more.length + 1} runs are held, or one without a hash`);
    return { ...run, planHash: run.planHash };
  }

  /** Approves what some people lose of a kind, and refuses the rest of the run. */
  async approveOnly({ runId, planHash }: Held, { actions, identities }: { actions: string[]; identities: string[] }): Promise<void> {
    await this.rig.ask(`/runs/${runId}/approve`, { planHash, by: 'ops', actions, identities });
    await this.rig.rest(60_000);
    await this.rig.ask(`/runs/${runId}/refuse`, { planHash, by: 'ops', reason: 'the rest is a mistake' });
    await this.rig.rest(60_000);
  }
}
