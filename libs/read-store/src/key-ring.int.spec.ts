import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MasterKeyInvalid } from '@muster/event-store';
import pg from 'pg';
import { createMasterKey, PgKeyRing, SubjectErased } from './index.ts';
import { startTemporaryPostgres } from './testing.ts';

let postgres: Awaited<ReturnType<typeof startTemporaryPostgres>>;
let folder: string;
let masterKeyFile: string;
const rings: PgKeyRing[] = [];
const open = async (overrides = {}): Promise<PgKeyRing> => {
  const ring = await PgKeyRing.open({ url: postgres.url, masterKeyFile, createMasterKeyIfMissing: true, ...overrides });
  rings.push(ring);
  return ring;
};

beforeAll(async () => {
  postgres = await startTemporaryPostgres();
  folder = await mkdtemp(join(tmpdir(), 'muster-keys-'));
  masterKeyFile = join(folder, 'secrets', 'master.key');
}, 30_000);
afterAll(async () => {
  for (const ring of rings) await ring.close();
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('the key ring', () => {
  it('makes its master key file for its owner only', async () => {
    await open();
    expect((await stat(masterKeyFile)).mode & 0o777).toBe(0o600);
  });

  it('gives two processes that ask at once the same key of a subject', async () => {
    const [one, two] = [await open(), await open()];
    const subjects = Array.from({ length: 50 }, (_, n) => `worker-hr.${n}`);
    const [a, b] = await Promise.all([Promise.all(subjects.map((s) => one.keyFor(s))), Promise.all(subjects.map((s) => two.keyFor(s)))]);
    expect(a).toEqual(b);
    expect(new Set(a.map((key) => Buffer.from(key.secret).toString('hex'))).size).toBe(50);
    expect(await one.find(a[0]?.id ?? '')).toEqual(a[0]);
    expect((await two.findMany(a.map((key) => key.id))).size).toBe(50);
    expect(await one.naming()).toEqual(await two.naming());
  });

  it('forgets a destroyed key for ever and makes no new one', async () => {
    const ring = await open();
    const key = await ring.keyFor('identity-gone');
    expect(await ring.destroy(['identity-gone', 'identity-never-seen'])).toBe(2);
    expect(await ring.destroy(['identity-gone'])).toBe(0);
    expect(await ring.find(key.id)).toBeUndefined();
    await expect(ring.keyFor('identity-gone')).rejects.toThrow(SubjectErased);
    await expect(ring.keyFor('identity-never-seen')).rejects.toThrow(SubjectErased);
    await expect(ring.destroy(['muster:naming'])).rejects.toThrow(/never destroyed/);
  });

  it('holds no key in clear', async () => {
    const ring = await open();
    const key = await ring.keyFor('identity-clear');
    const client = new pg.Client({ connectionString: postgres.url });
    await client.connect();
    const { rows } = await client.query('select wrapped from keyring.data_key where id = $1', [key.id]);
    await client.end();
    const wrapped = Buffer.from((rows[0] as { wrapped: string }).wrapped, 'base64');
    expect(wrapped.includes(Buffer.from(key.secret))).toBe(false);
  });

  it('refuses another master key, a missing one once it holds keys, and a file that others can read', async () => {
    await open();
    const other = join(folder, 'other.key');
    await createMasterKey(other);
    await expect(open({ masterKeyFile: other })).rejects.toThrow(MasterKeyInvalid);
    await expect(open({ masterKeyFile: join(folder, 'missing.key') })).rejects.toThrow(MasterKeyInvalid);
    await chmod(other, 0o644);
    await expect(open({ masterKeyFile: other })).rejects.toThrow(/chmod 600/);
  });

  it('never replaces a master key that is there', async () => {
    const file = join(folder, 'twice.key');
    const [a, b] = await Promise.all([createMasterKey(file), createMasterKey(file)]);
    expect(a).toEqual(b);
    await writeFile(join(folder, 'x'), '');
    expect(Buffer.from((await readFile(file, 'utf8')).trim(), 'base64')).toEqual(a);
  });
});
