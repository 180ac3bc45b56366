import type { AppDeleted, AppObserved, ReadRef } from '@muster/contracts';
import type { EventOf, StreamCategory } from './category.ts';
import { isBefore } from './instants.ts';
import { sameJson } from './values.ts';

export type AppEvent = EventOf<'AppObserved' | 'AppDeleted'>;

export interface App {
  readonly revision: number;
  readonly existence: 'unknown' | 'there' | 'deleted';
  readonly connection?: string;
  readonly appId?: string;
  readonly name?: string;
  readonly status?: string;
  readonly roles?: AppObserved['roles'];
  readonly readAt?: string;
}

/** Stream `app-<connection>.<id>`. */
export const appCategory: StreamCategory<App, AppEvent> = {
  name: 'app',
  initial: { revision: -1, existence: 'unknown' },
  types: ['AppObserved', 'AppDeleted'],
  timeless: true,
  evolve: (before, event) => {
    switch (event.type) {
      case 'AppObserved': {
        const { read, ...seen } = event.data;
        return { ...seen, revision: event.revision, existence: 'there', readAt: read.startedAt };
      }
      case 'AppDeleted':
        return { ...before, revision: event.revision, existence: 'deleted', readAt: event.data.read.startedAt };
    }
  },
};

/** Records what a fetch saw of an app; known or stale yields nothing. */
export const observeApp =
  (seen: Omit<AppObserved, 'read'>, read: ReadRef) =>
  (app: App): AppEvent[] => {
    const known = app.existence === 'there' && app.name === seen.name && app.status === seen.status;
    const sameRoles = seen.roles === undefined || sameJson(app.roles, seen.roles);
    return (known && sameRoles) || isBefore(read.startedAt, app.readAt) ? [] : [{ type: 'AppObserved', data: { ...seen, read } }];
  };

/** Records that an app is gone; unknown, deleted or seen later yields nothing. */
export const deleteApp =
  (evidence: AppDeleted['evidence'], read: ReadRef) =>
  (app: App): AppEvent[] =>
    app.existence === 'there' && app.connection !== undefined && app.appId !== undefined && !isBefore(read.startedAt, app.readAt)
      ? [{ type: 'AppDeleted', data: { connection: app.connection, appId: app.appId, evidence, read } }]
      : [];
