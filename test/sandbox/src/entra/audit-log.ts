import type { Applied, ModifiedProperty } from './apply-mutation.ts';
import type { Directory } from './directory.ts';
import type { DirectoryObject } from './directory-object.ts';
import type { Json } from './errors.ts';
import type { Mutation } from './mutation.ts';
import { RESOURCE_NAMES, type Kind } from './schema.ts';

/** What the audit log holds of one change; `describeAudit` makes the vendor's shape of it. */
export interface AuditEntry {
  readonly sequence: number;
  readonly at: number;
  readonly by: string;
  readonly correlation: string;
  readonly activity: string;
  readonly operation: 'Add' | 'Update' | 'Delete' | 'Assign' | 'Unassign';
  readonly targets: readonly AuditTarget[];
  readonly modified: readonly ModifiedProperty[];
}

interface AuditTarget {
  readonly id: string;
  readonly kind: Kind;
  readonly name: Json;
  readonly userPrincipalName: Json;
}

const MOST_ENTRIES = 400_000;

/** Directory audits in the order of the changes; the oldest are dropped when there are too many. */
export class AuditLog {
  #entries: AuditEntry[] = [];
  #next = 0;

  /** Notes an applied mutation; several entries where the vendor writes several. Call it before objects are purged. */
  note(directory: Directory, mutation: Mutation, applied: Applied): void {
    for (const line of linesOf(directory, mutation, applied)) {
      const { at, by, correlation } = mutation;
      this.#entries.push({ sequence: this.#next++, at, by, correlation, ...line });
    }
    if (this.#entries.length > MOST_ENTRIES * 1.25) this.#entries = this.#entries.slice(-MOST_ENTRIES);
  }

  /** Entries at or after an instant, newest first, up to `max` looked at. */
  *newestFirst(from = 0): Generator<AuditEntry> {
    for (let index = this.#entries.length - 1; index >= 0; index--) {
      const entry = this.#entries[index]!;
      if (entry.at < from) return;
      yield entry;
    }
  }
}

type Line = Omit<AuditEntry, 'sequence' | 'at' | 'by' | 'correlation'>;

const KIND_WORDS: Record<Kind, string> = { user: 'user', group: 'group', servicePrincipal: 'service principal' };

const targetOf = (object: DirectoryObject): AuditTarget => ({
  id: object.id,
  kind: object.kind,
  name: object.current.properties['displayName'] ?? null,
  userPrincipalName: object.current.properties['userPrincipalName'] ?? null,
});

function linesOf(directory: Directory, mutation: Mutation, applied: Applied): Line[] {
  if (mutation.op === 'assign') {
    return assignmentLines(directory.objects.get(mutation.principal), directory.objects.get(mutation.resource), mutation.appRoleId, true);
  }
  if (mutation.op === 'unassign') {
    const assignment = directory.assignments.get(mutation.id);
    return assignmentLines(assignment?.principal, assignment?.resource, assignment?.appRoleId ?? '', false);
  }
  const object = directory.objects.get(mutation.id);
  if (!object) return [];
  return objectLines(directory, object, mutation, applied);
}

function objectLines(
  directory: Directory,
  object: DirectoryObject,
  mutation: Exclude<Mutation, { op: 'assign' | 'unassign' }>,
  applied: Applied,
): Line[] {
  if (mutation.op === 'join' || mutation.op === 'leave') return memberLines(directory, object, mutation.members, mutation.op === 'join');
  const modified = applied.modified ?? [];
  const targets = [targetOf(object)];
  if (mutation.op === 'update') return updateLines(mutation.activity ?? `Update ${KIND_WORDS[object.kind]}`, targets, modified);
  if (mutation.op === 'manager' && modified.length === 0) return [];
  return [{ ...actOf(KIND_WORDS[object.kind], mutation), targets, modified }];
}

type Act = Exclude<Mutation, { op: 'assign' | 'unassign' | 'join' | 'leave' | 'update' }>;

function actOf(word: string, mutation: Act): Pick<Line, 'activity' | 'operation'> {
  switch (mutation.op) {
    case 'create':
      return { activity: `Add ${word}`, operation: 'Add' };
    case 'manager':
      return { activity: 'Set user manager', operation: 'Update' };
    case 'delete':
      return { activity: mutation.soft ? `Delete ${word}` : `Hard Delete ${word}`, operation: 'Delete' };
    case 'restore':
      return { activity: `Restore ${word}`, operation: 'Update' };
    case 'own':
      return { activity: mutation.remove ? 'Remove owner from group' : 'Add owner to group', operation: 'Assign' };
  }
}

/** An update of accountEnabled has an entry of its own beside the general one. */
function updateLines(activity: string, targets: AuditTarget[], modified: readonly ModifiedProperty[]): Line[] {
  if (modified.length === 0) return [];
  const lines: Line[] = [{ activity, operation: 'Update', targets, modified }];
  const enabled = modified.find((change) => change.name === 'accountEnabled');
  if (enabled) {
    lines.push({ activity: enabled.after ? 'Enable account' : 'Disable account', operation: 'Update', targets, modified: [enabled] });
  }
  return lines;
}

function memberLines(directory: Directory, group: DirectoryObject, ids: readonly string[], added: boolean): Line[] {
  const modified: ModifiedProperty[] = [
    { name: 'Group.ObjectID', before: added ? null : group.id, after: added ? group.id : null },
    { name: 'Group.DisplayName', before: null, after: added ? (group.current.properties['displayName'] ?? null) : null },
  ];
  const members = ids.map((id) => directory.objects.get(id)).filter((member) => member !== undefined);
  return members.map((member) => ({
    activity: added ? 'Add member to group' : 'Remove member from group',
    operation: added ? 'Assign' : 'Unassign',
    targets: [targetOf(member), targetOf(group)],
    modified,
  }));
}

function assignmentLines(
  principal: DirectoryObject | undefined,
  resource: DirectoryObject | undefined,
  appRoleId: string,
  added: boolean,
): Line[] {
  if (!principal || !resource) return [];
  const to = KIND_WORDS[principal.kind];
  const grant = to === 'user' ? 'grant to user' : `to ${to}`;
  return [
    {
      activity: added ? `Add app role assignment ${grant}` : `Remove app role assignment from ${to}`,
      operation: added ? 'Assign' : 'Unassign',
      targets: [targetOf(resource), targetOf(principal)],
      modified: [{ name: 'AppRole.Id', before: added ? null : appRoleId, after: added ? appRoleId : null }],
    },
  ];
}

const CATEGORIES: Record<Kind, string> = { user: 'UserManagement', group: 'GroupManagement', servicePrincipal: 'ApplicationManagement' };

/** Who acted, as Graph names it. */
export type DescribeActor = (by: string) => Json;

/** The entry as `directoryAudit` of Graph v1.0; old and new values are JSON texts of lists, as there. */
export function describeAudit(entry: AuditEntry, describeActor: DescribeActor): { [name: string]: Json } {
  const group = entry.targets.find((target) => target.kind === 'group');
  const category = CATEGORIES[(group ?? entry.targets[0])?.kind ?? 'user'];
  return {
    id: `Directory_${entry.correlation}_${entry.sequence.toString(36).toUpperCase().padStart(5, '0')}`,
    category,
    correlationId: entry.correlation,
    result: 'success',
    resultReason: '',
    activityDisplayName: entry.activity,
    activityDateTime: new Date(entry.at).toISOString(),
    loggedByService: 'Core Directory',
    operationType: entry.operation,
    initiatedBy: describeActor(entry.by),
    targetResources: entry.targets.map((target, index) => describeTarget(target, index === 0 ? entry.modified : [])),
    additionalDetails: [],
  };
}

function describeTarget(target: AuditTarget, modified: readonly ModifiedProperty[]): Json {
  return {
    id: target.id,
    displayName: target.name,
    type: RESOURCE_NAMES[target.kind],
    userPrincipalName: target.userPrincipalName,
    groupType: target.kind === 'group' ? 'azureAD' : null,
    modifiedProperties: modified.map(({ name, before, after }) => ({
      displayName: name[0]!.toUpperCase() + name.slice(1),
      oldValue: before === null ? null : JSON.stringify([before]),
      newValue: after === null ? null : JSON.stringify([after]),
    })),
  };
}
