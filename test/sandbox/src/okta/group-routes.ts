import { done, ok, param, type AddRoute, type Call } from './call.ts';
import { need, objectBody } from './errors.ts';
import { parseFilter, valueAt } from './filter.ts';
import { addMember, createGroup, deleteGroup, findGroup, memberIds, removeMember, replaceGroup, viewGroup } from './groups.ts';
import { page, pageRequest } from './paging.ts';
import { appJson, groupJson, ruleJson, userJson } from './present.ts';
import type { GroupRecord, RuleRecord } from './records.ts';
import { evaluateRules, ruleFrom } from './rules.ts';
import { findUser } from './users.ts';

/** /api/v1/groups */
export function addGroupRoutes(add: AddRoute): void {
  add('GET', '/api/v1/groups', listGroups);
  add('POST', '/api/v1/groups', ({ org, request, deed }) => {
    const group = createGroup(org, deed, objectBody(request.body)['profile']);
    request.effects.push(`created ${group.id}`);
    return ok(groupJson(request.origin, group));
  });
  add('GET', '/api/v1/groups/:id', ({ org, request }) => ok(groupJson(request.origin, viewGroup(org, param(request, 'id')))));
  add('PUT', '/api/v1/groups/:id', ({ org, request, deed }) => {
    const group = replaceGroup(org, deed, findGroup(org, param(request, 'id')), objectBody(request.body)['profile']);
    request.effects.push(`updated ${group.id}`);
    return ok(groupJson(request.origin, group));
  });
  add('DELETE', '/api/v1/groups/:id', ({ org, request, deed }) => {
    const group = findGroup(org, param(request, 'id'));
    deleteGroup(org, deed, group);
    request.effects.push(`deleted ${group.id}`);
    return done();
  });
  add('GET', '/api/v1/groups/:id/users', listMembers);
  add('PUT', '/api/v1/groups/:id/users/:user', (call) => changeMember(call, addMember, 'added'));
  add('DELETE', '/api/v1/groups/:id/users/:user', (call) => changeMember(call, removeMember, 'removed'));
  add('GET', '/api/v1/groups/:id/apps', ({ org, request }) => {
    const group = viewGroup(org, param(request, 'id'));
    const asked = pageRequest(request, 20, 200);
    const rows = [...org.apps.scan('list', asked.after)].filter(([app]) => org.appGroups.view(app, group.id, 'membership') !== undefined);
    return page(request, asked, rows, (app) => appJson(request.origin, app));
  });
  add('GET', '/api/v1/groups/:id/owners', ({ org, request }) => (viewGroup(org, param(request, 'id')), ok([])));
  addRuleRoutes(add);
}

function changeMember({ org, request, deed }: Call, change: typeof addMember, word: string): ReturnType<typeof done> {
  const group = findGroup(org, param(request, 'id'));
  const user = need(findUser(org, param(request, 'user')), param(request, 'user'), 'User');
  if (change(org, deed, group, user)) request.effects.push(`${word} ${user.id} ${word === 'added' ? 'to' : 'from'} ${group.id}`);
  return done();
}

function listMembers({ org, request }: Call): ReturnType<typeof ok> {
  const group = viewGroup(org, param(request, 'id'));
  const asked = pageRequest(request, 1000, 1000);
  function* rows(): Generator<[string, NonNullable<ReturnType<typeof org.users.get>>]> {
    for (const id of memberIds(org, group, asked.after)) {
      const user = org.users.view(id, 'list');
      if (user) yield [id, user];
    }
  }
  return page(request, asked, rows(), (user) => userJson(request.origin, org.schema, user));
}

function listGroups({ org, request }: Call): ReturnType<typeof ok> {
  const asked = pageRequest(request, 10_000);
  const q = request.query.get('q')?.toLowerCase();
  const expression = request.query.get('search') ?? request.query.get('filter');
  const test = expression === null ? undefined : parseFilter(expression);
  const wanted = (group: GroupRecord): boolean =>
    (q === undefined || String(group.profile['name']).toLowerCase().startsWith(q)) && (test?.((path) => valueAt(group, path)) ?? true);
  const readClass = request.query.has('search') || q !== undefined ? 'search' : 'list';
  function* rows(): Generator<[string, GroupRecord]> {
    for (const row of org.groups.scan(readClass, asked.after)) if (wanted(row[1])) yield row;
  }
  return page(request, asked, rows(), (group) => groupJson(request.origin, group));
}

function addRuleRoutes(add: AddRoute): void {
  const find = ({ org, request }: Call): RuleRecord => need(org.rules.get(param(request, 'rule')), param(request, 'rule'), 'GroupRule');
  add('GET', '/api/v1/groups/rules', ({ org, request }) => {
    const asked = pageRequest(request, 50, 200);
    return page(request, asked, org.rules.scan('list', asked.after), (rule) => ruleJson(request.origin, rule));
  });
  add('POST', '/api/v1/groups/rules', ({ org, request }) => {
    const rule = ruleFrom(org, objectBody(request.body));
    org.rules.put(rule.id, rule);
    return ok(ruleJson(request.origin, rule));
  });
  add('GET', '/api/v1/groups/rules/:rule', (call) => ok(ruleJson(call.request.origin, find(call))));
  add('PUT', '/api/v1/groups/rules/:rule', (call) => {
    const rule = ruleFrom(call.org, objectBody(call.request.body), find(call));
    call.org.rules.put(rule.id, rule);
    return ok(ruleJson(call.request.origin, rule));
  });
  add('DELETE', '/api/v1/groups/rules/:rule', (call) => {
    call.org.rules.delete(find(call).id);
    return { status: 202 };
  });
  add('POST', '/api/v1/groups/rules/:rule/lifecycle/activate', (call) => {
    const rule = { ...find(call), status: 'ACTIVE' as const, lastUpdated: call.org.now() };
    call.org.rules.put(rule.id, rule);
    evaluateRules(call.org, call.org.users.values(), [rule]);
    return done();
  });
  add('POST', '/api/v1/groups/rules/:rule/lifecycle/deactivate', (call) => {
    const rule = { ...find(call), status: 'INACTIVE' as const, lastUpdated: call.org.now() };
    call.org.rules.put(rule.id, rule);
    return done();
  });
}
