import {
  appUserIds,
  assignGroup,
  assignUser,
  createApp,
  deleteApp,
  findApp,
  replaceApp,
  setAppStatus,
  unassignGroup,
  unassignUser,
  viewApp,
  viewAppUser,
  type AppUserView,
} from './apps.ts';
import { done, emptyObject, ok, param, type AddRoute, type Call } from './call.ts';
import { malformed, need, objectBody } from './errors.ts';
import { parseFilter } from './filter.ts';
import { page, pageRequest } from './paging.ts';
import { appGroupJson, appJson, appUserJson } from './present.ts';
import type { AppRecord, UserRecord } from './records.ts';
import { findUser } from './users.ts';

/** /api/v1/apps */
export function addAppRoutes(add: AddRoute): void {
  add('GET', '/api/v1/apps', listApps);
  add('POST', '/api/v1/apps', ({ org, request, deed }) => {
    const app = createApp(org, deed, objectBody(request.body), request.query.get('activate') !== 'false');
    request.effects.push(`created ${app.id}`);
    return ok(appJson(request.origin, app));
  });
  add('GET', '/api/v1/apps/:id', ({ org, request }) => ok(appJson(request.origin, viewApp(org, param(request, 'id')))));
  add('PUT', '/api/v1/apps/:id', ({ org, request, deed }) =>
    ok(appJson(request.origin, replaceApp(org, deed, findApp(org, param(request, 'id')), objectBody(request.body)))),
  );
  add('DELETE', '/api/v1/apps/:id', ({ org, request, deed }) => {
    deleteApp(org, deed, findApp(org, param(request, 'id')));
    return done();
  });
  add('POST', '/api/v1/apps/:id/lifecycle/activate', ({ org, request, deed }) => {
    setAppStatus(org, deed, findApp(org, param(request, 'id')), 'ACTIVE');
    return emptyObject();
  });
  add('POST', '/api/v1/apps/:id/lifecycle/deactivate', ({ org, request, deed }) => {
    setAppStatus(org, deed, findApp(org, param(request, 'id')), 'INACTIVE');
    return emptyObject();
  });
  addUserAssignments(add);
  addGroupAssignments(add);
}

/** The person whose apps are asked for, if that is all that is asked. */
function askedUser({ org, request }: Call): UserRecord | undefined {
  const [, id] = /^user\.id eq "([^"]+)"$/.exec(request.query.get('filter') ?? '') ?? [];
  return id === undefined ? undefined : org.users.view(id, 'id');
}

/** The few filters that Okta knows here; `user.id` and `group.id` ask for assignments. */
function listApps(call: Call): ReturnType<typeof ok> {
  const { org, request } = call;
  const user = askedUser(call);
  // Embeds the assignment of the person whom the filter asks for, and of nobody else.
  const embedded = user && request.query.get('expand') === `user/${user.id}` ? user : undefined;
  const asked = pageRequest(request, 20, 200);
  const q = request.query.get('q')?.toLowerCase();
  const filter = request.query.get('filter');
  const test = filter === null ? undefined : parseFilter(filter, ['eq']);
  const read = (app: AppRecord, path: string): unknown => {
    if (path === 'user.id' && user) return viewAppUser(org, app, user) ? [user.id] : [];
    if (path === 'user.id') return appUserIds(org, app, '');
    if (path === 'group.id') return org.appGroups.viewOf(app.id, 'membership').map(([id]) => id);
    return { id: app.id, status: app.status, name: app.name }[path];
  };
  function* rows(): Generator<[string, AppRecord]> {
    for (const row of org.apps.scan(q === undefined ? 'list' : 'search', asked.after)) {
      if (q !== undefined && !row[1].name.startsWith(q) && !row[1].label.toLowerCase().startsWith(q)) continue;
      if (test?.((path) => read(row[1], path)) ?? true) yield row;
    }
  }
  return page(request, asked, rows(), (app) => {
    const view = embedded && viewAppUser(org, app, embedded);
    const json = appJson(request.origin, app);
    return view ? { ...json, _embedded: { user: appUserJson(request.origin, app, view) } } : json;
  });
}

function addUserAssignments(add: AddRoute): void {
  const userOf = ({ org, request }: Call): UserRecord => need(findUser(org, param(request, 'user')), param(request, 'user'), 'User');
  const shown = ({ request }: Call, app: AppRecord, view: AppUserView): ReturnType<typeof ok> => ok(appUserJson(request.origin, app, view));
  const assign = (call: Call, app: AppRecord, user: UserRecord): ReturnType<typeof ok> => {
    const view = assignUser(call.org, call.deed, app, user, objectBody(call.request.body ?? {}));
    call.request.effects.push(`assigned ${user.id} to ${app.id}`);
    return shown(call, app, view);
  };
  add('GET', '/api/v1/apps/:id/users', ({ org, request }) => {
    const app = viewApp(org, param(request, 'id'));
    const asked = pageRequest(request, 50, 500);
    function* rows(): Generator<[string, AppUserView]> {
      for (const id of appUserIds(org, app, asked.after)) {
        const user = org.users.get(id);
        const view = user && viewAppUser(org, app, user);
        if (view) yield [id, view];
      }
    }
    return page(request, asked, rows(), (view) => appUserJson(request.origin, app, view));
  });
  add('POST', '/api/v1/apps/:id/users', (call) => {
    const app = findApp(call.org, param(call.request, 'id'));
    const id = objectBody(call.request.body)['id'];
    if (typeof id !== 'string') throw malformed();
    return assign(call, app, need(findUser(call.org, id), id, 'User'));
  });
  add('GET', '/api/v1/apps/:id/users/:user', (call) => {
    const app = viewApp(call.org, param(call.request, 'id'));
    const id = param(call.request, 'user');
    const user = call.org.users.view(id, 'id');
    return shown(call, app, need(user && viewAppUser(call.org, app, user), id, 'AppUser'));
  });
  add('POST', '/api/v1/apps/:id/users/:user', (call) => {
    const app = findApp(call.org, param(call.request, 'id'));
    const user = userOf(call);
    need(viewAppUser(call.org, app, user), user.id, 'AppUser');
    return assign(call, app, user);
  });
  add('DELETE', '/api/v1/apps/:id/users/:user', (call) => {
    const app = findApp(call.org, param(call.request, 'id'));
    const user = userOf(call);
    unassignUser(call.org, call.deed, app, user);
    call.request.effects.push(`unassigned ${user.id} from ${app.id}`);
    return done();
  });
}

function addGroupAssignments(add: AddRoute): void {
  add('GET', '/api/v1/apps/:id/groups', ({ org, request }) => {
    const app = viewApp(org, param(request, 'id'));
    const asked = pageRequest(request, 20, 200);
    const rows = org.appGroups
      .viewOf(app.id, 'membership')
      .filter(([id]) => id > asked.after)
      .map(([id, record]) => [id, { id, record }] as const);
    return page(request, asked, rows, ({ id, record }) => appGroupJson(request.origin, app, id, record));
  });
  add('GET', '/api/v1/apps/:id/groups/:group', ({ org, request }) => {
    const app = viewApp(org, param(request, 'id'));
    const group = param(request, 'group');
    const record = need(org.appGroups.view(app.id, group, 'membership'), group, 'ApplicationGroupAssignment');
    return ok(appGroupJson(request.origin, app, group, record));
  });
  const put = ({ org, request, deed }: Call): ReturnType<typeof ok> => {
    const app = findApp(org, param(request, 'id'));
    const group = param(request, 'group');
    assignGroup(org, deed, app, group, objectBody(request.body ?? {}));
    request.effects.push(`assigned ${group} to ${app.id}`);
    return ok(appGroupJson(request.origin, app, group, need(org.appGroups.get(app.id, group), group, 'ApplicationGroupAssignment')));
  };
  add('PUT', '/api/v1/apps/:id/groups/:group', put);
  add('DELETE', '/api/v1/apps/:id/groups/:group', ({ org, request, deed }) => {
    const app = findApp(org, param(request, 'id'));
    unassignGroup(org, deed, app, param(request, 'group'));
    request.effects.push(`unassigned ${param(request, 'group')} from ${app.id}`);
    return done();
  });
}
