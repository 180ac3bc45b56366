import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, randomBytes, randomFillSync, type KeyObject } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { MasterKeyInvalid } from './errors.ts';

/** The key of one subject. `id` stands beside what it encrypted; `secret` is 32 random bytes and never leaves the process. */
export interface DataKey {
  readonly id: string;
  readonly subject: string;
  readonly secret: Uint8Array;
}

/**
 * Where data keys live. One key a subject, made on first use; two processes asking at once get the same one.
 * A destroyed key is gone for ever: `find` says undefined and what it encrypted stays unreadable.
 */
export interface KeyRing {
  /** The key of a subject; made and stored durably before the promise resolves if there is none. Throws for an erased subject. */
  keyFor(subject: string): Promise<DataKey>;
  /** undefined: erased. */
  find(keyId: string): Promise<DataKey | undefined>;
  /** Many at once, for rings where each look-up is a round trip. Keys that are missing from the answer are erased. */
  findMany?(keyIds: readonly string[]): Promise<ReadonlyMap<string, DataKey>>;
  /** The key for opaque names: the same for the whole installation, never destroyed. */
  naming(): Promise<DataKey>;
}

/** A data key as it is stored: encrypted under the master key. */
export interface WrappedKey {
  id: string;
  subject: string;
  /** base64(iv | tag | ciphertext) */
  wrapped: string;
}

const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;

const ivs = Buffer.alloc(IV_BYTES * 512);
let nextIv = ivs.length;

/** Random bytes are cheap by the page, not by the dozen. */
const freshIv = (): Buffer => {
  if (nextIv === ivs.length) {
    randomFillSync(ivs);
    nextIv = 0;
  }
  nextIv += IV_BYTES;
  return ivs.subarray(nextIv - IV_BYTES, nextIv);
};

/** AES-256-GCM; gives iv | tag | ciphertext. A new random iv each time. */
export const encrypt = (key: Uint8Array | KeyObject, plain: Uint8Array, context: string): Buffer => {
  const iv = freshIv();
  const cipher = createCipheriv('aes-256-gcm', key, iv);
  cipher.setAAD(Buffer.from(context));
  const body = cipher.update(plain);
  cipher.final();
  return Buffer.concat([iv, cipher.getAuthTag(), body]);
};

/** Opens what `encrypt` made. Throws if key, context or a single bit differs. */
export const decrypt = (key: Uint8Array | KeyObject, sealed: Buffer, context: string): Buffer => {
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAuthTag(sealed.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
  decipher.setAAD(Buffer.from(context));
  const plain = decipher.update(sealed.subarray(IV_BYTES + TAG_BYTES));
  decipher.final();
  return plain;
};

/** One secret, several uses: a key of its own for each, so that no output of one use says anything about another. */
export const deriveKey = (secret: Uint8Array, use: 'fields' | 'value-hmac' | 'naming'): KeyObject =>
  createSecretKey(Buffer.from(hkdfSync('sha256', secret, '', `muster:${use}`, KEY_BYTES)));

const wrapContext = (id: string, subject: string): string => `muster:data-key\0${id}\0${subject}`;

/** Encrypts a data key under the 32-byte master key, bound to its id and subject. */
export const wrapKey = (masterKey: Uint8Array, key: DataKey): WrappedKey => ({
  id: key.id,
  subject: key.subject,
  wrapped: encrypt(masterKey, key.secret, wrapContext(key.id, key.subject)).toString('base64'),
});

/** Opens what `wrapKey` made. Throws MasterKeyInvalid if it is another master key or the row was changed. */
export const unwrapKey = (masterKey: Uint8Array, { id, subject, wrapped }: WrappedKey): DataKey => {
  try {
    return { id, subject, secret: decrypt(masterKey, Buffer.from(wrapped, 'base64'), wrapContext(id, subject)) };
  } catch (cause) {
    throw new MasterKeyInvalid(
      `The master key does not open data key ${id}: put back the master key file that the key ring was made with`,
      { cause },
    );
  }
};

/** A fresh data key: a random id and 32 random bytes. */
export const newDataKey = (subject: string): DataKey => ({
  id: randomBytes(12).toString('base64url'),
  subject,
  secret: randomBytes(KEY_BYTES),
});

/** Reads a master key: 32 bytes, base64, in a file that only its owner can read (0600 or 0400). Throws MasterKeyInvalid otherwise. */
export const readMasterKey = async (file: string): Promise<Buffer> => {
  const { mode } = await stat(file).catch((cause: unknown) => {
    throw new MasterKeyInvalid(`There is no master key at ${file}: put back the file that the key ring was made with`, { cause });
  });
  if ((mode & 0o077) !== 0) throw new MasterKeyInvalid(`${file} can be read by others than its owner: chmod 600 ${file}`);
  const key = Buffer.from((await readFile(file, 'utf8')).trim(), 'base64');
  if (key.length !== KEY_BYTES) throw new MasterKeyInvalid(`${file} holds ${key.length} bytes of base64, a master key has ${KEY_BYTES}`);
  return key;
};
