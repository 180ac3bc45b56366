import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { startEmbeddedPostgres } from '@muster/read-store/embedded';
import { ProductUnderTest, removeFolder, temporaryFolder, until } from './running/product-under-test.ts';
import { readRawStore, type RawEvent } from './running/raw-store.ts';

const folder = temporaryFolder();
let product: ProductUnderTest;

beforeAll(async () => {
  product = await ProductUnderTest.start(folder);
  await product.seed();
  await product.hire();
  await quiet();
}, 240_000);

afterAll(async () => {
  await product?.stop();
  removeFolder(folder);
}, 60_000);

describe('a second full read of directories where nothing has changed', () => {
  it('comes after every row was rebuilt from the store, writes to no vendor and adds no fact but to read-*', async () => {
    const before = await rawStore();
    const people = await everybody();
    await product.stop();
    await dropRows();

    product = await ProductUnderTest.start(folder);
    // The journal of requests begins anew with the sandboxes.
    await until(
      'both directories read completely again',
      async () => {
        const added = (await rawStore()).slice(before.length);
        const readWhole = (connection: string): boolean =>
          added.some(({ stream, type }) => stream === `read-${connection}` && type === 'ReadCompleted');
        return readWhole('okta-main') && readWhole('entra-main');
      },
      120_000,
    );
    await until('the rebuilt projections answer', async () => (await everybody()).length === people.length);
    await quiet();

    const added = (await rawStore()).slice(before.length);
    expect(added.filter(({ stream }) => !stream.startsWith('read-')).map(({ stream, type }) => `${type} in ${stream}`)).toEqual([]);
    expect(await vendorWrites(0)).toEqual([]);
    expect(await everybody()).toEqual(people);
  }, 240_000);
});

/** Identities with what is linked to them, as the projections say. */
async function everybody(): Promise<unknown[]> {
  const { workers } = await product.admin<{ workers: { key: string }[] }>('/hr/workers');
  const date = new Date().toISOString().slice(0, 10);
  return Promise.all(
    workers.map(async ({ key }) => {
      const { person, accounts, attributes } = await product.api<Record<string, unknown>>(`/api/as-of/${key}?date=${date}`);
      return { person, accounts, attributes };
    }),
  );
}

const rawStore = (): Promise<RawEvent[]> => readRawStore(product.started.environment['MUSTER_STORE'] ?? '');

async function vendorWrites(since: number): Promise<string[]> {
  const { entries } = await product.journalSince(since);
  return entries
    .filter(({ server, effects }) => (server === 'okta' || server === 'graph') && effects.length > 0)
    .map(({ method, path }) => `${method} ${path}`);
}

/** Nothing is written to a vendor, and nothing but reads to the store, for a while: what was sent has settled. */
async function quiet(): Promise<void> {
  let count = -1;
  let since = performance.now();
  await until(
    'nothing happens any more',
    async () => {
      const facts = (await rawStore()).filter(({ stream }) => !stream.startsWith('read-')).length;
      if (facts !== count) since = performance.now();
      count = facts;
      return performance.now() - since > 8_000;
    },
    120_000,
  );
}

/** All that can be rebuilt is dropped; the key ring cannot. */
async function dropRows(): Promise<void> {
  const server = await startEmbeddedPostgres({ dataDir: `${folder}/postgres` });
  try {
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    const { rows } = await client.query<{ name: string }>(
      `select nspname as name from pg_namespace where nspname !~ '^(pg_|information_schema$|keyring$|public$)'`,
    );
    expect(rows.map(({ name }) => name)).toEqual(expect.arrayContaining(['reconciliation', 'provisioning', 'audit_projection']));
    for (const { name } of rows) await client.query(`drop schema "${name}" cascade`);
    await client.end();
  } finally {
    await server.stop();
  }
}
