import type { Database } from '@muster/read-store';
import type { Axes } from './axes.ts';
import { type Holder, holdersOf, namesOnTheWay } from './holders.ts';
import { findObjects, type ObjectThen } from './objects.ts';
import { unreadNotes } from './unread.ts';
import { projectedUpTo, type UpTo } from './up-to.ts';

export interface Holders extends Axes {
  readonly upTo: UpTo;
  /** One for each connection that has a group or app of that name. */
  readonly objects: readonly (ObjectThen & {
    readonly holders: readonly Holder[];
    /** Names of the groups on the way, by id. */
    readonly names: Readonly<Record<string, string>>;
  })[];
  readonly notes: readonly { readonly connection: string; readonly note: string }[];
}

/** Who was in a group, or had an app, at a point. Deleted groups, apps and people answer too. */
export async function showHolders(
  db: Database,
  asked: { kind: 'group' | 'app'; name: string; connection?: string | undefined },
  axes: Axes,
): Promise<Holders> {
  const upTo = await projectedUpTo(db);
  const found = await findObjects(db, asked, axes);
  const objects = [];
  for (const object of found) {
    const holders = await holdersOf(db, object, axes);
    objects.push({ ...object, holders, names: await namesOnTheWay(db, object.connection, holders, axes) });
  }
  return {
    upTo,
    ...axes,
    objects,
    notes: await unreadNotes(
      db,
      found.map(({ connection }) => connection),
      axes,
    ),
  };
}
