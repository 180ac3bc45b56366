import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { freezeFile } from './file-run.ts';
import { insertRun } from './run-rows.ts';
import type { ShownMember, ShownRun } from './show-runs.ts';
import { Company, OKTA } from './testing/company.ts';
import { type Rig, until } from './testing/rig.ts';

/** Several times as long as a run that takes whoever comes stays open for one more. */
const PAGES_APART_MS = 600;
let company: Company;
let rig: Rig;
let people: Company['people'];

beforeAll(async () => {
  company = await Company.build(40);
  ({ rig, people } = company);
}, 120_000);
afterAll(() => rig.tearDown(), 60_000);

const chosenOf = (from: number, to: number): string[] => people.slice(from, to).map(({ identityId }) => identityId);
const runEvents = async (runId: string) => rig.events(`run-${runId}`);

describe('a whole report of HR', () => {
  it('whose pages come slowly is judged as one, and nobody who leaves meanwhile waits for it', async () => {
    const before = await company.removals();
    const { readId, end } = await company.readReport();
    // Neither of the two pages is more than the limit.
    await company.terminate(people.slice(0, 15), { id: readId, read: 'full' });
    await sleep(PAGES_APART_MS);
    const live = people[39];
    if (!live) throw new Error('nobody');
    await company.terminate([live]);
    await until('who left by a record of their own loses the group', async () =>
      (await company.released(live.identityId)).includes('revoke') ? true : undefined,
    );
    await company.terminate(people.slice(15, 30), { id: readId, read: 'full' });
    await sleep(PAGES_APART_MS);
    expect((await company.removals()) - before).toBe(1);
    await end(true);
    const run = await until('the file is held', async () => (await company.holds()).find(({ kind }) => kind === 'file'), 60_000);
    await rig.rest(60_000);
    expect(run).toMatchObject({ cause: { connection: 'hr-main', readId }, people: 30 });
    expect(run.heldBecause).toContainEqual(
      expect.objectContaining({ code: 'limit.exceeded', connection: OKTA, limit: 'leaver', people: 30 }),
    );
    expect((await company.removals()) - before).toBe(1);

    const [opened, ...later] = await runEvents(run.runId);
    expect(opened?.data).toMatchObject({ kind: 'file', people: 30 });
    expect(new Set([opened, ...later].map((event) => event?.metadata.causationId))).not.toContain(undefined);
    expect(new Set([opened, ...later].map((event) => event?.metadata.correlationId)).size).toBe(1);

    const chosen = chosenOf(10, 13);
    if (run.planHash === undefined) throw new Error('a held run shows its hash');
    await company.approveOnly({ ...run, planHash: run.planHash }, { actions: ['revoke'], identities: chosen });
    expect((await company.removals()) - before).toBe(1 + 3);
    for (const identityId of chosenOf(0, 30))
      expect(await company.standing(identityId)).toEqual(
        chosen.includes(identityId) ? [['revoke'], ['disable']] : [[], ['disable', 'revoke']],
      );
  }, 120_000);

  it('that was cut to a tenth ends held however few it takes something from; approved in part, exactly that part is let go', async () => {
    const [known, before] = [(await company.holds()).map(({ runId }) => runId), await company.removals()];
    const { readId, end } = await company.readReport();
    await company.terminate(people.slice(30, 34), { id: readId, read: 'full' });
    await end(false);
    const run = await until('the file is held', async () => (await company.holds()).find(({ runId }) => !known.includes(runId)), 60_000);
    await rig.rest(60_000);
    expect(run).toMatchObject({ kind: 'file', cause: { readId }, people: 4 });
    expect(await company.removals()).toBe(before);
    const chosen = chosenOf(31, 32);
    if (run.planHash === undefined) throw new Error('a held run shows its hash');
    await company.approveOnly({ ...run, planHash: run.planHash }, { actions: ['revoke'], identities: chosen });
    expect(await company.removals()).toBe(before + 1);
    for (const identityId of chosenOf(30, 34))
      expect(await company.standing(identityId)).toEqual(
        chosen.includes(identityId) ? [['revoke'], ['disable']] : [[], ['disable', 'revoke']],
      );
  }, 120_000);

  it('that is empty takes nothing from anybody and asks nobody', async () => {
    const [known, before] = [(await rig.events('run-')).length, await company.removals()];
    const { end } = await company.readReport();
    await end(false);
    await rig.rest(60_000);
    expect(await company.removals()).toBe(before);
    expect(await rig.events('run-')).toHaveLength(known);
  });

  it('has everybody in its run whom the store says it changed, whoever is heard of late', async () => {
    const [late] = people.slice(35, 36);
    if (!late) throw new Error('nobody');
    await rig.stop();
    const { readId, end } = await company.readReport();
    await company.terminate([late], { id: readId, read: 'full' });
    const [runId, cause] = [randomUUID(), { connection: 'hr-main', readId }];
    await insertRun(rig.db, { runId, kind: 'file', cause }, { people: [], frozen: false, because: undefined });
    expect(await freezeFile({ store: rig.store, db: rig.db }, runId, cause)).toBe(false);
    await end(true);
    expect(await freezeFile({ store: rig.store, db: rig.db }, runId, cause)).toBe(true);
    const { rows } = await sql`select identity_id from run_scope where run_id = ${runId} and not planned`.execute(rig.db);
    expect(rows).toEqual([{ identity_id: late.identityId }]);
    await sql`delete from run where run_id = ${runId}`.execute(rig.db);
    await rig.start();
    await rig.rest(60_000);
  }, 60_000);
});

describe('a run that was closed long ago', () => {
  it('is forgotten but for what was refused, and still says how many were in it', async () => {
    const { rows } = await sql<{ run_id: string }>`
      update run set closed_at = closed_at - interval '32 days' where kind = 'file' and outcome = 'refused' returning run_id`.execute(
      rig.db,
    );
    const runId = rows[0]?.run_id ?? '';
    const standings = async () => {
      const { members, people: counted } = await rig.ask<ShownRun & { members: ShownMember[] }>(`/runs/${runId}`);
      return { counted, seen: new Set(members.flatMap(({ changes }) => changes.map(({ standing }) => standing))) };
    };
    const before = await standings();
    expect(before.seen).toEqual(new Set(['let-go', 'refused']));
    await rig.ask('/runs', { identities: chosenOf(38, 39), by: 'ops' });
    await rig.rest(60_000);
    expect(await standings()).toEqual({ counted: before.counted, seen: new Set(['refused']) });
  }, 60_000);
});
