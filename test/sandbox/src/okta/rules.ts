import { invalid, malformed } from './errors.ts';
import { valueAt } from './filter.ts';
import type { Org } from './org.ts';
import { SYSTEM, type RuleRecord, type UserRecord } from './records.ts';
import { groupTarget, userTarget } from './targets.ts';

const COMPARISON = /^\s*user\.(\w+)\s*(==|!=)\s*(?:"([^"]*)"|'([^']*)')\s*$/;

/** A useful corner of the expression language: `user.department=="Sales" AND user.city!="Berlin" OR ...`; undefined if it is not that. */
function parse(expression: string): ((user: UserRecord) => boolean) | undefined {
  const alternatives = expression
    .split(/\s+(?:OR|\|\|)\s+/i)
    .map((part) => part.split(/\s+(?:AND|&&)\s+/i).map((comparison) => COMPARISON.exec(comparison)));
  if (alternatives.flat().includes(null)) return undefined;
  return (user) =>
    alternatives.some((all) =>
      all.every((match) => {
        const [, name = '', operator, double, single] = match ?? [];
        return (user.profile[name] === (double ?? single)) === (operator === '==');
      }),
    );
}

/** What the body of a rule asks for; malformed and unsupported rules are refused. */
function asked(body: Record<string, unknown>): Pick<RuleRecord, 'name' | 'expression' | 'groupIds'> {
  const name = body['name'];
  const expression = valueAt(body, 'conditions.expression.value');
  const groupIds = valueAt(body, 'actions.assignUserToGroups.groupIds');
  if (typeof name !== 'string' || typeof expression !== 'string' || !Array.isArray(groupIds)) throw malformed();
  if (!parse(expression)) throw invalid('expression', 'expression: The expression is not supported');
  return { name, expression, groupIds: groupIds.map(String) };
}

export function ruleFrom(org: Org, body: Record<string, unknown>, before?: RuleRecord): RuleRecord {
  const now = org.now();
  const kept = before ?? { id: org.newId('0pr'), status: 'INACTIVE' as const, created: now, excluded: [] };
  return { ...kept, ...asked(body), lastUpdated: now };
}

/** Whether the rule would put that person into its groups. */
export const applyRulesTo = (rule: RuleRecord, user: UserRecord): boolean =>
  !rule.excluded.includes(user.id) && (parse(rule.expression)?.(user) ?? false);

/** Rules act later, on their own; the membership is the system's doing. */
export function evaluateRules(org: Org, users: Iterable<UserRecord>, rules: Iterable<RuleRecord>): void {
  const active = [...rules].filter((rule) => rule.status === 'ACTIVE');
  if (active.length === 0) return;
  const ids = Array.from(users, (user) => user.id);
  org.kit.clock.after(org.settings.rulesMs, () => {
    for (const id of ids) for (const rule of active) evaluate(org, id, rule.id);
    org.state.commit();
  });
}

function evaluate(org: Org, userId: string, ruleId: string): void {
  const user = org.users.get(userId);
  const rule = org.rules.get(ruleId);
  if (!user || rule?.status !== 'ACTIVE' || user.status === 'DEPROVISIONED' || !applyRulesTo(rule, user)) return;
  for (const groupId of rule.groupIds) {
    const group = org.groups.get(groupId);
    if (!group || !org.members.put(groupId, userId, true)) continue;
    org.groups.put(groupId, { ...group, lastMembershipUpdated: org.now() });
    org.log.write({ caller: SYSTEM, requestId: `rule${ruleId}` }, 'group.user_membership.add', [userTarget(user), groupTarget(group)]);
  }
}
