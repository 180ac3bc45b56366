import { randomBytes } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { newDataKey, unwrapKey, wrapKey, type DataKey, type KeyRing, type WrappedKey } from '../key-ring.ts';

const NAMING = 'naming';

/** A key ring with real keys that lives as long as the process. `destroy` erases a subject. */
export class InMemoryKeyRing implements KeyRing {
  protected readonly keys = new Map<string, DataKey>();
  readonly #bySubject = new Map<string, string>();
  readonly #destroyed = new Set<string>();

  async keyFor(subject: string): Promise<DataKey> {
    if (this.#destroyed.has(subject))
      throw new Error(`The key of ${subject} was destroyed: nothing personal can be written about it any more`);
    const known = this.keys.get(this.#bySubject.get(subject) ?? '');
    if (known) {
      await this.settled();
      return known;
    }
    const key = newDataKey(subject);
    this.add(key);
    await this.changed();
    return key;
  }

  find(keyId: string): Promise<DataKey | undefined> {
    return Promise.resolve(this.keys.get(keyId));
  }

  naming(): Promise<DataKey> {
    return this.keyFor(NAMING);
  }

  async destroy(subject: string): Promise<void> {
    this.keys.delete(this.#bySubject.get(subject) ?? '');
    this.#bySubject.delete(subject);
    this.#destroyed.add(subject);
    await this.changed();
  }

  protected add(key: DataKey): void {
    this.keys.set(key.id, key);
    this.#bySubject.set(key.subject, key.id);
  }

  protected changed(): Promise<void> {
    return Promise.resolve();
  }

  /** Every key that was added is kept. */
  protected settled(): Promise<void> {
    return Promise.resolve();
  }
}

/** A key ring in one JSON file of wrapped keys, for tests that outlive a process. One process at a time; destroyed subjects are not remembered over a restart. */
export class FileKeyRing extends InMemoryKeyRing {
  readonly #file: string;
  readonly #masterKey: Uint8Array;
  #writing: Promise<void> = Promise.resolve();

  private constructor(file: string, masterKey: Uint8Array) {
    super();
    this.#file = file;
    this.#masterKey = masterKey;
  }

  /** Throws MasterKeyInvalid if the file was written under another master key. */
  static async open(file: string, masterKey: Uint8Array = randomBytes(32)): Promise<FileKeyRing> {
    const ring = new FileKeyRing(file, masterKey);
    const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '[]';
      throw error;
    });
    for (const wrapped of JSON.parse(text) as WrappedKey[]) ring.add(unwrapKey(masterKey, wrapped));
    return ring;
  }

  protected override changed(): Promise<void> {
    const write = async (): Promise<void> => {
      await writeFile(`${this.#file}.new`, JSON.stringify([...this.keys.values()].map((key) => wrapKey(this.#masterKey, key))), {
        mode: 0o600,
      });
      await rename(`${this.#file}.new`, this.#file);
    };
    this.#writing = this.#writing.then(write, write);
    return this.#writing;
  }

  protected override settled(): Promise<void> {
    return this.#writing;
  }
}
