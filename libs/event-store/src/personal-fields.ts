import { createHmac, type KeyObject } from 'node:crypto';
import canonicalize from 'canonicalize';
import { BoundedMap } from './bounded-map.ts';
import { CannotDecrypt } from './errors.ts';
import { decrypt, deriveKey, encrypt, type DataKey, type KeyRing } from './key-ring.ts';

/** Which fields of an event are personal and whose key encrypts them: what the contracts say. */
export interface Privacy {
  /** Top-level properties of the data of this event type. */
  personalFields(type: string): readonly string[];
  /** undefined: events of this stream hold nothing personal. */
  keySubject(stream: string): string | undefined;
}

/** What `open` needs of an event or of a message that carries one. */
export interface Sealed {
  stream: string;
  type: string;
  data: object;
}

export interface Opened {
  data: Record<string, unknown>;
  /** The key is gone: the personal fields are absent for ever. */
  erased?: true;
}

interface PersonalBlob {
  k: string;
  v: string;
}

interface LiveKey {
  readonly id: string;
  readonly fields: KeyObject;
  readonly valueHmac: KeyObject;
}

const CACHED_KEYS = 20_000;
// A key destroyed by another process stops working here after this long.
const CACHE_MS = 60_000;

/** Remembers promises for a while. A rejected one is forgotten at once. */
class KeyCache {
  readonly #entries = new BoundedMap<{ key: Promise<LiveKey | undefined>; expires: number }>(CACHED_KEYS);

  get(name: string, load: () => Promise<LiveKey | undefined>): Promise<LiveKey | undefined> {
    const found = this.#entries.get(name);
    if (found && found.expires > Date.now()) return found.key;
    const key = load();
    this.put(name, key);
    key.catch(() => this.#entries.delete(name));
    return key;
  }

  has(name: string): boolean {
    return (this.#entries.get(name)?.expires ?? 0) > Date.now();
  }

  put(name: string, key: Promise<LiveKey | undefined>): void {
    this.#entries.set(name, { key, expires: Date.now() + CACHE_MS });
  }

  clear(): void {
    this.#entries.clear();
  }
}

const live = (key: DataKey): LiveKey => ({
  id: key.id,
  fields: deriveKey(key.secret, 'fields'),
  valueHmac: deriveKey(key.secret, 'value-hmac'),
});

const contextOf = (stream: string, type: string): string => `${stream}\0${type}`;

const blobOf = (data: object): PersonalBlob | undefined => (data as { $personal?: PersonalBlob }).$personal;

/**
 * Encrypts and opens the personal fields of events: one AES-256-GCM blob an event, `data.$personal = { k: key id, v: base64(iv | tag | ciphertext) }`,
 * bound to stream and type. Used by the event store port on every append and read, and by whoever holds stored data from elsewhere.
 */
export class PersonalFields {
  readonly #ring: KeyRing;
  readonly #privacy: Privacy;
  readonly #bySubject = new KeyCache();
  readonly #byId = new KeyCache();
  #naming: Promise<KeyObject> | undefined;

  constructor(options: { keyRing: KeyRing; privacy: Privacy }) {
    this.#ring = options.keyRing;
    this.#privacy = options.privacy;
  }

  /** The data as the store keeps it. Data without personal fields comes back as it is, the same object. */
  async seal({ stream, type, data }: Sealed): Promise<object> {
    const names = this.#privacy.personalFields(type).filter((name) => (data as Record<string, unknown>)[name] !== undefined);
    if (names.length === 0) return data;
    const subject = this.#privacy.keySubject(stream);
    if (subject === undefined)
      throw new TypeError(
        `${type} holds personal fields (${names.join(', ')}) but ${stream} has no key subject: it cannot be written there`,
      );
    const key = await this.#keyFor(subject);
    const rest: Record<string, unknown> = { ...data };
    const personal: Record<string, unknown> = {};
    for (const name of names) {
      personal[name] = rest[name];
      delete rest[name];
    }
    const v = encrypt(key.fields, Buffer.from(JSON.stringify(personal)), contextOf(stream, type)).toString('base64');
    return { ...rest, $personal: { k: key.id, v } };
  }

  /** Stored data with its personal fields back in place; with an erased key they are absent and `erased` is true. Throws CannotDecrypt. */
  async open({ stream, type, data }: Sealed): Promise<Opened> {
    const blob = blobOf(data);
    if (!blob) return { data: data as Record<string, unknown> };
    const key = await this.#byId.get(blob.k, async () => this.#found(await this.#ring.find(blob.k)));
    const { $personal: _, ...rest } = data as Record<string, unknown>;
    if (!key) return { data: rest, erased: true };
    try {
      const plain = decrypt(key.fields, Buffer.from(blob.v, 'base64'), contextOf(stream, type));
      return { data: { ...rest, ...(JSON.parse(plain.toString()) as object) } };
    } catch (cause) {
      throw new CannotDecrypt(
        `The personal fields of a ${type} in ${stream} do not open with key ${blob.k}: the key ring belongs to another store, or the bytes were changed`,
        { cause },
      );
    }
  }

  /** Opens many, in order; keys that are not at hand are fetched together. */
  async openAll(sealed: readonly Sealed[]): Promise<Opened[]> {
    await this.#fetchKeys(sealed);
    return Promise.all(sealed.map((one) => this.open(one)));
  }

  /** HMAC-SHA256, base64url, of the canonical JSON (RFC 8785) of a value, under a key of the subject: equal values of one subject have equal hashes. */
  async valueHmac(subject: string, value: unknown): Promise<string> {
    return (await this.valueHasher(subject))(value);
  }

  /** `valueHmac` for one subject, its key at hand: for decisions, which wait for nothing. Not to be kept: an erased key must go out of use. */
  async valueHasher(subject: string): Promise<(value: unknown) => string> {
    const { valueHmac } = await this.#keyFor(subject);
    return (value) =>
      createHmac('sha256', valueHmac)
        .update(canonicalize(value) ?? 'undefined')
        .digest('base64url');
  }

  /** HMAC-SHA256, base64url, under the installation's naming key: for opaque stream ids and claims. Equal parts give equal names. */
  async opaqueName(...parts: readonly string[]): Promise<string> {
    this.#naming ??= this.#ring.naming().then((key) => deriveKey(key.secret, 'naming'));
    this.#naming.catch(() => (this.#naming = undefined));
    return createHmac('sha256', await this.#naming)
      .update(canonicalize(parts) as string)
      .digest('base64url');
  }

  /** Forgets every key held in memory; call it where keys were just destroyed. */
  forgetKeys(): void {
    this.#bySubject.clear();
    this.#byId.clear();
  }

  async #keyFor(subject: string): Promise<LiveKey> {
    const key = await this.#bySubject.get(subject, async () => live(await this.#ring.keyFor(subject)));
    return key as LiveKey;
  }

  #found(key: DataKey | undefined): LiveKey | undefined {
    return key && live(key);
  }

  async #fetchKeys(sealed: readonly Sealed[]): Promise<void> {
    if (!this.#ring.findMany) return;
    const wanted = new Set<string>();
    for (const { data } of sealed) {
      const id = blobOf(data)?.k;
      if (id !== undefined && !this.#byId.has(id)) wanted.add(id);
    }
    if (wanted.size < 2) return;
    const found = await this.#ring.findMany([...wanted]);
    for (const id of wanted) this.#byId.put(id, Promise.resolve(this.#found(found.get(id))));
  }
}
