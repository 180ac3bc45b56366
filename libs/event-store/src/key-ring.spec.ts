import { describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MasterKeyInvalid } from './errors.ts';
import { decrypt, deriveKey, encrypt, newDataKey, readMasterKey, unwrapKey, wrapKey } from './key-ring.ts';
import { FileKeyRing } from './testing/key-rings.ts';

const inFolder = async (run: (path: string) => Promise<void>): Promise<void> => {
  const path = await mkdtemp(join(tmpdir(), 'muster-keys-'));
  try {
    await run(path);
  } finally {
    await rm(path, { recursive: true });
  }
};

describe('a wrapped key', () => {
  const master = randomBytes(32);
  const key = newDataKey('worker-hr.1');

  it('opens with the master key that wrapped it, and shows nothing of the secret', () => {
    const wrapped = wrapKey(master, key);
    expect(unwrapKey(master, wrapped)).toEqual({ ...key, secret: Buffer.from(key.secret) });
    expect(wrapped.wrapped).not.toContain(Buffer.from(key.secret).toString('base64').slice(0, 10));
    expect(wrapKey(master, key).wrapped).not.toBe(wrapped.wrapped);
  });

  it.each([
    ['another master key', () => unwrapKey(randomBytes(32), wrapKey(master, key))],
    ['another subject', () => unwrapKey(master, { ...wrapKey(master, key), subject: 'worker-hr.2' })],
    ['another id', () => unwrapKey(master, { ...wrapKey(master, key), id: 'x' })],
    ['a cut row', () => unwrapKey(master, { ...wrapKey(master, key), wrapped: 'AAAA' })],
  ])('does not open with %s, and the message says what to do', (_, open) => {
    expect(open).toThrow(MasterKeyInvalid);
    expect(open).toThrow(/put back the master key file/);
  });
});

describe('encryption', () => {
  it('never gives the same bytes twice', () => {
    const key = deriveKey(randomBytes(32), 'fields');
    const sealed = Array.from({ length: 2_000 }, () => encrypt(key, Buffer.from('same'), 'context').toString('hex'));
    expect(new Set(sealed.map((text) => text.slice(0, 24))).size).toBe(2_000);
  });

  it('refuses every changed bit and every other context', () => {
    const key = deriveKey(randomBytes(32), 'fields');
    const sealed = encrypt(key, Buffer.from('plain'), 'context');
    for (let byte = 0; byte < sealed.length; byte++) {
      const changed = Buffer.from(sealed);
      changed[byte] = (changed[byte] ?? 0) ^ 1;
      expect(() => decrypt(key, changed, 'context')).toThrow();
    }
    expect(() => decrypt(key, sealed, 'contexT')).toThrow();
    expect(decrypt(key, sealed, 'context').toString()).toBe('plain');
  });

  it('uses another key for each use of a secret', () => {
    const secret = randomBytes(32);
    const keys = (['fields', 'value-hmac', 'naming'] as const).map((use) => deriveKey(secret, use).export().toString('hex'));
    expect(new Set([...keys, secret.toString('hex')]).size).toBe(4);
    expect(deriveKey(secret, 'fields').export().toString('hex')).toBe(keys[0]);
  });
});

describe('a master key file', () => {
  it('is read if only its owner can', () =>
    inFolder(async (path) => {
      const file = join(path, 'master.key');
      const key = randomBytes(32);
      await writeFile(file, `${key.toString('base64')}\n`, { mode: 0o600 });
      expect(await readMasterKey(file)).toEqual(key);
      await chmod(file, 0o640);
      await expect(readMasterKey(file)).rejects.toThrow(/chmod 600/);
    }));

  it('is refused if it is missing or short, without a word of its content', () =>
    inFolder(async (path) => {
      const file = join(path, 'master.key');
      await expect(readMasterKey(file)).rejects.toThrow(/no master key at/);
      await writeFile(file, randomBytes(16).toString('base64'), { mode: 0o600 });
      const failure = await readMasterKey(file).catch((error: Error) => error);
      expect(failure).toBeInstanceOf(MasterKeyInvalid);
      expect(String(failure)).toContain('16 bytes');
      expect(String(failure)).not.toContain((await readFile(file, 'utf8')).slice(0, 8));
    }));
});

describe('a key ring in a file', () => {
  it('gives the same keys after a restart, and none that were destroyed', () =>
    inFolder(async (path) => {
      const master = randomBytes(32);
      const ring = await FileKeyRing.open(join(path, 'ring.json'), master);
      const [kept, gone] = await Promise.all([ring.keyFor('a'), ring.keyFor('b')]);
      const naming = await ring.naming();
      await ring.destroy('b');
      const again = await FileKeyRing.open(join(path, 'ring.json'), master);
      expect((await again.keyFor('a')).id).toBe(kept.id);
      expect(Buffer.from((await again.naming()).secret)).toEqual(Buffer.from(naming.secret));
      expect(await again.find(gone.id)).toBeUndefined();
      await expect(FileKeyRing.open(join(path, 'ring.json'), randomBytes(32))).rejects.toThrow(MasterKeyInvalid);
    }));
});
