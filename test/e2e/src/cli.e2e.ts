import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ProductUnderTest, removeFolder, temporaryFolder, until } from './running/product-under-test.ts';
import { readRawStore } from './running/raw-store.ts';

const OK = 0;
const ERROR = 1;
const INVALID = 2;
const DIFFERENCES = 3;
const HELD = 4;

const folder = temporaryFolder();
let product: ProductUnderTest;
let person: string;

beforeAll(async () => {
  product = await ProductUnderTest.start(folder);
  await product.seed();
  person = (await product.hire()).employeeNumber;
}, 240_000);

afterAll(async () => {
  await product?.stop();
  removeFolder(folder);
}, 60_000);

/** Runs a command that must succeed with `--json`, and gives its document. */
async function asked<T>(...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await product.muster('--json', ...args);
  expect({ code, stderr }).toEqual({ code: OK, stderr: '' });
  return JSON.parse(stdout) as T;
}

interface UpTo {
  upTo: { position: string; recordedAt: string };
}

describe('the command line', () => {
  it('tells the status in words and as one JSON document, with exit code 0', async () => {
    const words = await product.muster('status');
    expect(words).toMatchObject({ code: OK, stderr: '' });
    expect(words.stdout).toMatch(/reconciliation\s+ready/);
    expect(words.stdout).toMatch(/true up to position \d+/);
    const { services, connections } = await asked<{ services: { ready: boolean }[]; connections: { connection: string }[] }>('status');
    expect(services.length).toBeGreaterThanOrEqual(6);
    expect(services.every(({ ready }) => ready)).toBe(true);
    expect(connections.map(({ connection }) => connection).toSorted()).toEqual(['entra-main', 'hr-main', 'okta-main']);
  });

  it('shows the whole road of a hire in the timeline, from the HR record to each vendor call, with causes that are in the store', async () => {
    const { entries, upTo } = await asked<UpTo & { entries: { type: string; eventId: string; stream: string; causationId?: string }[] }>(
      'timeline',
      person,
    );
    const stored = new Set((await rawStore()).map(({ id }) => id));
    expect(entries.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['WorkerRecorded', 'IdentityCreated', 'LoginAssigned', 'PlanReleased', 'CommandEnded', 'AccountLinked']),
    );
    expect(entries.filter(({ eventId }) => !stored.has(eventId))).toEqual([]);
    expect(entries.filter(({ causationId }) => causationId !== undefined && !stored.has(causationId))).toEqual([]);
    expect(upTo.position).toMatch(/^\d+$/);
    expect((await product.muster('timeline', person)).stdout).toMatch(/WorkerRecorded/);
  });

  it('tells who somebody was at a date, and that nothing was known before the hire', async () => {
    const today = new Date().toISOString();
    const now = await asked<{ attributes: Record<string, unknown>; accounts: { connection: string }[] }>('as-of', person, today);
    expect(now.attributes).toMatchObject({ title: 'Integration Engineer', department: 'Engineering' });
    expect(now.accounts.map(({ connection }) => connection).toSorted()).toEqual(['entra-main', 'okta-main']);
    const before = await asked<{ attributes: object; accounts: object[] }>('as-of', person, today, '--known', '2020-01-01');
    expect(before.accounts).toEqual([]);
  });

  it('explains a value by a chain whose every event is in the store under the id, stream and revision that it cites', async () => {
    const { chains } = await asked<{
      chains: { connection: string; links: { what: string; stream: string; revision: number; eventId: string }[] }[];
    }>('explain', person, 'title');
    expect(chains.map(({ connection }) => connection).toSorted()).toEqual(expect.arrayContaining(['entra-main', 'okta-main']));
    const cited = chains.flatMap(({ links }) => links);
    expect(cited.length).toBeGreaterThanOrEqual(8);
    const stored = new Map((await rawStore()).map(({ id, stream, revision }) => [id, `${stream}@${revision}`]));
    expect(cited.map(({ eventId }) => stored.get(eventId))).toEqual(cited.map(({ stream, revision }) => `${stream}@${revision}`));
  });

  it('ends with 2 for what is not known or not valid, in words that help', async () => {
    expect(await product.muster('timeline', 'nobody-of-that-name')).toMatchObject({ code: INVALID, stdout: '' });
    expect(await product.muster('as-of', person, 'the day after')).toMatchObject({ code: INVALID, stdout: '' });
    expect(await product.muster('no-such-command')).toMatchObject({ code: INVALID });
    expect(await product.muster('cases', 'resolve', '00000000-0000-4000-8000-000000000000', 'link')).toMatchObject({ code: INVALID });
    expect(await product.muster('dead-letters', 'show', 'reconciliation.message.999999')).toMatchObject({ code: INVALID });
    expect(await product.muster('dead-letters', 'retry', 'reconciliation.message.999999')).toMatchObject({ code: INVALID });
    expect((await product.muster('timeline', 'nobody-of-that-name')).stderr).toMatch(/Nobody is known[\s\S]*remedy: /);
  });

  it('ends with 1 where no product runs, and names the remedy', async () => {
    const empty = mkdtempSync(join(tmpdir(), 'muster-empty-'));
    try {
      const refused = await product.muster('--data', empty, 'status');
      expect(refused.code).toBe(ERROR);
      expect(refused.stderr).toMatch(/npm start/);
    } finally {
      rmSync(empty, { recursive: true, force: true });
    }
  });

  it('explains which condition of which flow has somebody in its scope, and which keeps them out', async () => {
    const { flows } = await asked<{ flows: { flow: string; inScope: boolean; scope: { expression: string; holds: boolean }[] }[] }>(
      'scope',
      person,
    );
    expect(flows.some(({ inScope }) => inScope)).toBe(true);
    expect(flows.some(({ inScope }) => !inScope)).toBe(true);
    for (const { inScope, scope } of flows) expect([inScope, scope.length > 0]).toEqual([scope.every(({ holds }) => holds), true]);
  });

  it('classes every account of both targets, and finds those of the company linked', async () => {
    const { counts, accounts } = await asked<{
      counts: { connection: string; situation: string; accounts: number }[];
      accounts: { connection: string; situation: string; employeeNumber?: string }[];
    }>('accounts', '--limit', '1000');
    expect(counts.reduce((sum, one) => sum + one.accounts, 0)).toBe(accounts.length);
    const hired = accounts.filter(({ employeeNumber }) => employeeNumber === person);
    expect(hired.map(({ connection, situation }) => [connection, situation])).toEqual([
      ['entra-main', 'linked'],
      ['okta-main', 'linked'],
    ]);
    expect(await product.muster('accounts', '--situation', 'lost')).toMatchObject({ code: INVALID, stdout: '' });
  });

  it('has no cases and no dead letters after a smooth hire', async () => {
    expect(await asked('cases')).toMatchObject({ cases: [] });
    expect(await asked('dead-letters')).toEqual({ deadLetters: [] });
  });
});

describe('a change that a vendor refuses', () => {
  it('stands among the dead letters, and is sent again when somebody asks: by a new plan', async () => {
    await product.admin('/faults', [
      { id: 'no', server: 'okta', method: 'POST', path: '^/api/v1/users/[^/]+$', kind: 'status', status: 403 },
    ]);
    await product.admin(`/hr/workers/${person}`, { title: 'Lead Engineer' }, 'PATCH');
    const letters = async (): Promise<{ id: string; service: string; remedy?: string }[]> =>
      (await asked<{ deadLetters: { id: string; service: string; remedy?: string }[] }>('dead-letters')).deadLetters;
    const letter = await until('a dead letter', async () => (await letters())[0]);
    expect(letter).toMatchObject({ service: 'provisioning', remedy: expect.stringMatching(/\S/) });
    await product.admin('/faults', undefined, 'DELETE');
    expect((await product.muster('dead-letters', 'retry', letter.id)).stdout).toContain(letter.id);
    await until('the title in Okta', async () => {
      const user = await product.view<{ profile: { title: string } }>('oktaUser', person);
      return user?.profile.title === 'Lead Engineer';
    });
    await until('no dead letter', async () => (await letters()).length === 0);
    expect((await product.muster('timeline', person)).stdout).toMatch(/RetryAsked +okta-main: operator asked to try again/);
  }, 90_000);
});

describe('the dry run of a plan', () => {
  it('ends with 0 when nothing is to be changed', async () => {
    await until('nothing to change', async () => (await product.muster('plan', person)).code === OK);
    expect((await product.muster('plan', person)).stdout).toMatch(/nothing to change/);
  }, 90_000);

  it('ends with 3 and lists the change while a vendor does not take it, and with 0 after', async () => {
    await product.admin('/faults', [
      { id: 'down', server: 'okta', method: 'POST', path: '^/api/v1/users/[^/]+$', kind: 'status', status: 503 },
    ]);
    await product.admin(`/hr/workers/${person}`, { title: 'Principal Engineer' }, 'PATCH');
    const { stdout } = await until('differences', async () => {
      const plan = await product.muster('--json', 'plan', person);
      return plan.code === DIFFERENCES && plan.stdout.includes('Principal Engineer') ? plan : undefined;
    });
    expect(JSON.parse(stdout)).toMatchObject({ commands: expect.arrayContaining([expect.objectContaining({ connection: 'okta-main' })]) });
    await product.admin('/faults', undefined, 'DELETE');
    await until('nothing to change', async () => (await product.muster('plan', person)).code === OK, 90_000);
  }, 150_000);

  it('ends with 4 while something is held', async () => {
    const { workers } = await product.admin<{ workers: { key: string; status: string }[] }>('/hr/workers');
    const leaver = workers.filter(({ key }) => key !== person).at(-1)?.key ?? '';
    await product.admin(`/hr/workers/${leaver}/terminate`, {});
    const plan = await until('a held plan', async () => {
      const answer = await product.muster('--json', 'plan', leaver);
      return answer.code === HELD ? answer : undefined;
    });
    expect(JSON.parse(plan.stdout)).toMatchObject({
      held: expect.arrayContaining([expect.objectContaining({ code: expect.any(String) })]),
    });
  }, 90_000);
});

const rawStore = () => readRawStore(product.started.environment['MUSTER_STORE'] ?? '');
