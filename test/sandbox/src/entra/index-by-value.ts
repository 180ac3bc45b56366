import type { DirectoryObject } from './directory-object.ts';
import type { Json } from './errors.ts';
import type { Kind } from './schema.ts';

/** The properties that `eq` and `in` find without a scan. */
export const INDEXED: Record<Kind, readonly string[]> = {
  user: ['userPrincipalName', 'employeeId', 'mail', 'mailNickname', 'onPremisesImmutableId', 'displayName'],
  group: ['displayName', 'mailNickname', 'uniqueName'],
  servicePrincipal: ['appId', 'displayName'],
};

type Entry = DirectoryObject | Set<DirectoryObject>;

/** Objects by one text property, without regard to case. Most values have one holder, so no set is made for them. */
export class ValueIndex {
  readonly #entries = new Map<string, Entry>();

  add(value: Json | undefined, object: DirectoryObject): void {
    if (typeof value !== 'string') return;
    const key = value.toLowerCase();
    const entry = this.#entries.get(key);
    if (entry === undefined) this.#entries.set(key, object);
    else if (entry instanceof Set) entry.add(object);
    else if (entry !== object) this.#entries.set(key, new Set([entry, object]));
  }

  remove(value: Json | undefined, object: DirectoryObject): void {
    if (typeof value !== 'string') return;
    const key = value.toLowerCase();
    const entry = this.#entries.get(key);
    if (entry === object) this.#entries.delete(key);
    else if (entry instanceof Set) entry.delete(object);
  }

  find(value: string): DirectoryObject[] {
    const entry = this.#entries.get(value.toLowerCase());
    if (entry === undefined) return [];
    return entry instanceof Set ? [...entry] : [entry];
  }
}
