import type { ObjectName } from './compile-flow.ts';

/** The groups, or the apps, that a connection is known to hold. */
export interface ObservedObjects {
  readonly ids: ReadonlySet<string>;
  readonly byName: ReadonlyMap<string, readonly string[]>;
}

export const NO_OBJECTS: ObservedObjects = { ids: new Set(), byName: new Map() };

/** Makes an index by id and by name; the order of the objects does not matter. */
export const observedObjects = (objects: Iterable<{ readonly id: string; readonly name: string }>): ObservedObjects => {
  const ids = new Set<string>();
  const byName = new Map<string, string[]>();
  for (const { id, name } of objects) {
    if (ids.has(id)) continue;
    ids.add(id);
    byName.set(name, [...(byName.get(name) ?? []), id]);
  }
  return { ids, byName };
};

/** The id of what a flow names: by id, or by the exact name if only one object has it. */
export const resolveObject = (objects: ObservedObjects, wanted: ObjectName): { id: string } | { missing: string } => {
  if ('id' in wanted) return objects.ids.has(wanted.id) ? { id: wanted.id } : { missing: 'nothing with this id was seen' };
  const found = objects.byName.get(wanted.name) ?? [];
  if (found.length > 1) return { missing: `${found.length} have this name: name it by its id` };
  return found[0] === undefined ? { missing: 'nothing with this name was seen' } : { id: found[0] };
};
