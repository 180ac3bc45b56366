import { record, Refused } from '../kit/admin.ts';
import type { Kit } from '../kit/kit.ts';
import type { Okta } from './okta-parts.ts';
import { outsideEdit } from './outside-edit.ts';
import { clickActivation, findUser } from './users.ts';

/** What a test may do to the org that no API caller can: read it raw, play the person, be another admin, change its settings. */
export function addAdminRoutes(kit: Kit, okta: Okta): void {
  const { org } = okta;
  kit.stateReaders.set('okta', (query) => rawState(okta, query));
  kit.admin.route('GET', '/okta/mails', ({ query }) => org.mails.filter((mail) => query.get('to') === null || mail.to === query.get('to')));
  kit.admin.route('POST', '/okta/users/:id/click-activation', ({ params }) => {
    const user = findUser(org, params['id'] ?? '');
    if (!user) throw new Refused(404, 'no such user');
    if (user.status !== 'PROVISIONED') throw new Refused(409, `the user is ${user.status}, not PROVISIONED`);
    const after = clickActivation(org, user);
    return { id: after.id, status: after.status };
  });
  kit.admin.route('POST', '/okta/outside-edit', ({ body }) => outsideEdit(okta, record(body)));
  kit.admin.route('POST', '/okta/settings', ({ body }) => {
    const { lifecycleMs, rulesMs, buckets, share, concurrency } = record(body);
    if (typeof lifecycleMs === 'number') org.settings.lifecycleMs = lifecycleMs;
    if (typeof rulesMs === 'number') org.settings.rulesMs = rulesMs;
    if (typeof buckets === 'object' && buckets !== null) Object.assign(okta.rates.buckets, buckets);
    if (typeof share === 'number') okta.rates.share = share;
    if (typeof concurrency === 'number') okta.rates.concurrency = concurrency;
    return { ...org.settings, ...okta.rates };
  });
  kit.admin.route('POST', '/okta/expire-tokens', () => okta.authorization.expireAll());
}

function rawState({ org }: Okta, query: URLSearchParams): object {
  const kind = query.get('kind') ?? 'all';
  const parts: Record<string, () => unknown> = {
    users: () => [...org.users.values()],
    groups: () => [...org.groups.values()].map((group) => ({ ...group, members: [...org.members.of(group.id).keys()] })),
    apps: () =>
      [...org.apps.values()].map((app) => ({
        ...app,
        users: [...org.appUsers.of(app.id).keys()],
        groups: [...org.appGroups.of(app.id).keys()],
      })),
    rules: () => [...org.rules.values()],
    hooks: () => [...org.hooks.table.values()].map(({ auth: _secret, ...hook }) => hook),
    log: () => org.log.poll(Number(query.get('after') ?? 0), 0, 10_000),
  };
  if (kind === 'all') return { users: parts['users']?.(), groups: parts['groups']?.(), apps: parts['apps']?.() };
  const part = Object.hasOwn(parts, kind) ? parts[kind] : undefined;
  if (!part) throw new Refused(404, `no such kind: ${kind}`);
  return { [kind]: part() };
}
