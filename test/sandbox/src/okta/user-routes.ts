import { viewAppUser } from './apps.ts';
import { done, emptyObject, ok, param, type AddRoute, type Call } from './call.ts';
import { isRecord, malformed, need, notFound, objectBody } from './errors.ts';
import { parseFilter, valueAt } from './filter.ts';
import { groupIdsOf } from './groups.ts';
import { page, pageRequest } from './paging.ts';
import { groupJson, userJson } from './present.ts';
import type { UserRecord } from './records.ts';
import { evaluateRules } from './rules.ts';
import { userTarget } from './targets.ts';
import { activateUser, createUser, deactivateUser, deleteUser, etagOf, findUser, STEPS, takeStep, updateUser, viewUser } from './users.ts';

/** /api/v1/users */
export function addUserRoutes(add: AddRoute): void {
  add('GET', '/api/v1/users', listUsers);
  add('POST', '/api/v1/users', create);
  add('GET', '/api/v1/users/:id', (call) => {
    const user = viewUser(call.org, param(call.request, 'id'));
    return ok(shown(call, user), { etag: etagOf(user) });
  });
  add('POST', '/api/v1/users/:id', (call) => update(call, true));
  add('PUT', '/api/v1/users/:id', (call) => update(call, false));
  add('DELETE', '/api/v1/users/:id', ({ org, request, deed }) => {
    const user = truth(org, request.params['id']);
    request.effects.push(`${deleteUser(org, deed, user)} ${user.id}`);
    return done();
  });
  add('GET', '/api/v1/users/:id/groups', ({ org, request }) => {
    const user = viewUser(org, param(request, 'id'));
    return ok(
      groupIdsOf(org, user).flatMap((id) => {
        const group = org.groups.view(id, 'list');
        return group ? [groupJson(request.origin, group)] : [];
      }),
    );
  });
  add('GET', '/api/v1/users/:id/appLinks', listAppLinks);
  add('GET', '/api/v1/users/:id/devices', ({ org, request }) => (viewUser(org, param(request, 'id')), ok([])));
  add('GET', '/api/v1/users/:id/blocks', ({ org, request }) => (viewUser(org, param(request, 'id')), ok([])));
  add('DELETE', '/api/v1/users/:id/sessions', ({ org, request, deed }) => {
    const user = truth(org, request.params['id']);
    org.log.write(deed, 'user.session.clear', [userTarget(user)]);
    request.effects.push(`cleared sessions ${user.id}`);
    return done();
  });
  add('POST', '/api/v1/users/:id/lifecycle/:step', lifecycle);
}

const truth = (org: Call['org'], id = ''): UserRecord => need(findUser(org, id), id, 'User');
const shown = ({ org, request }: Call, user: UserRecord): object => {
  const json = userJson(request.origin, org.schema, user);
  return request.fault('unknown-property') ? { ...json, orbit: { height: 3 }, status: 'DREAMING' } : json;
};

function create(call: Call): ReturnType<typeof ok> {
  const { org, request, deed } = call;
  const body = objectBody(request.body);
  const credentials = isRecord(body['credentials']) ? body['credentials'] : {};
  const groupIds = Array.isArray(body['groupIds']) ? body['groupIds'].map(String) : [];
  const user = createUser(org, deed, {
    profile: body['profile'],
    hasPassword: isRecord(credentials['password']),
    activate: request.query.get('activate') !== 'false',
    groupIds,
  });
  request.effects.push(`created ${user.id}`);
  request.created('employeeNumber', user.profile['employeeNumber']);
  request.created('login', user.profile['login']);
  evaluateRules(org, [user], org.rules.values());
  return ok(shown(call, user));
}

function update(call: Call, partial: boolean): ReturnType<typeof ok> {
  const { org, request, deed } = call;
  const user = truth(org, request.params['id']);
  const body = objectBody(request.body);
  if (body['profile'] === undefined && body['credentials'] === undefined) throw malformed();
  if (body['profile'] === undefined) return ok(shown(call, user));
  const after = updateUser(org, deed, user, { profile: body['profile'], partial, ifMatch: request.headers['if-match'] });
  if (after !== user) request.effects.push(`updated ${user.id}`);
  evaluateRules(org, [after], org.rules.values());
  return ok(shown(call, after), { etag: etagOf(after) });
}

function lifecycle(call: Call): ReturnType<typeof ok> {
  const { org, request, deed } = call;
  const name = param(request, 'step');
  const user = truth(org, request.params['id']);
  const step = Object.hasOwn(STEPS, name) ? STEPS[name] : undefined;
  request.effects.push(`${name} ${user.id}`);
  if (name === 'activate') {
    const { token } = activateUser(org, deed, user, request.query.get('sendEmail') !== 'false');
    return token === undefined ? emptyObject() : ok({ activationUrl: `${request.origin}/welcome/${token}`, activationToken: token });
  }
  if (name === 'deactivate') {
    deactivateUser(org, deed, user);
    return emptyObject();
  }
  if (name === 'reset_factors') return emptyObject();
  if (!step) throw notFound(request.path, 'Endpoint');
  const after = takeStep(org, deed, user, step);
  return name === 'expire_password' ? ok(shown(call, after)) : emptyObject();
}

const FILTER_PATHS = new Set([
  'id',
  'status',
  'lastUpdated',
  'profile.login',
  'profile.email',
  'profile.firstName',
  'profile.lastName',
  'type.id',
]);

function listUsers(call: Call): ReturnType<typeof ok> {
  const { org, request } = call;
  const { query } = request;
  const q = query.get('q');
  const wanted = wish(call);
  const readClass = query.has('search') || q !== null ? 'search' : 'list';
  const asked = pageRequest(request, q === null ? 200 : 10, 200);
  const all = org.users.scan(readClass, asked.after);
  return page(request, asked, matching(all, wanted), (user) => shown(call, user));
}

function* matching<T>(rows: Iterable<[string, T]>, wanted: (row: T) => boolean): Generator<[string, T]> {
  for (const row of rows) if (wanted(row[1])) yield row;
}

const Q_FIELDS = ['firstName', 'lastName', 'email', 'login'];
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Without any filter, deactivated users are left out. `search` may name every attribute; `filter` a few. */
function wish({ request }: Call): (user: UserRecord) => boolean {
  const search = request.query.get('search');
  const filter = request.query.get('filter');
  const q = request.query.get('q')?.toLowerCase();
  if (q !== undefined) {
    return ({ status, profile }) =>
      status !== 'DEPROVISIONED' && Q_FIELDS.some((name) => textOf(profile[name]).toLowerCase().startsWith(q));
  }
  if (search !== null) {
    const test = parseFilter(search, ['eq', 'ne', 'ge', 'gt', 'le', 'lt', 'sw', 'co', 'ew', 'pr']);
    return (user) => test((path) => valueAt(user, path));
  }
  if (filter !== null) {
    const test = parseFilter(filter, ['eq', 'ge', 'gt', 'le', 'lt']);
    return (user) => test((path) => (FILTER_PATHS.has(path) ? valueAt(user, path) : undefined));
  }
  return (user) => user.status !== 'DEPROVISIONED';
}

function listAppLinks({ org, request }: Call): ReturnType<typeof ok> {
  const user = viewUser(org, param(request, 'id'));
  const links: object[] = [];
  for (const [, app] of org.apps.scan('list')) {
    if (app.status !== 'ACTIVE' || !viewAppUser(org, app, user)) continue;
    links.push({
      id: `${user.id}${app.id}`,
      label: app.label,
      linkUrl: `${request.origin}/home/${app.name}/${app.id}/1`,
      appName: app.name,
      appInstanceId: app.id,
      appAssignmentId: `0ua${app.id.slice(3, 10)}${user.id.slice(10)}`,
      credentialsSetup: false,
      hidden: false,
      sortOrder: 0,
    });
  }
  return ok(links);
}
