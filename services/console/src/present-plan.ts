import type { Command, PlanReleased } from '@muster/contracts';
import type { Services } from './ask-services.ts';

interface Draft {
  readonly asOf: string;
  readonly identityId: string;
  readonly commands: readonly Command[];
  readonly held: readonly Command[];
  readonly observed: readonly Command[];
  readonly heldBecause: readonly { code: string; message: string }[];
  readonly blocked: PlanReleased['blocked'];
}

const whatOf = ({ field, entitlement, profile }: Command): string => {
  if (entitlement) return `${entitlement.kind}:${entitlement.id}`;
  return field ?? (profile ? `account with ${Object.keys(profile).length} attributes` : 'account');
};

const shown = (command: Command, held: boolean) => ({
  connection: command.connection,
  action: command.action,
  what: whatOf(command),
  ...('before' in command ? { before: command.before } : {}),
  after: command.profile ?? command.value,
  ...(held ? { held } : {}),
  ...(command.notBefore === undefined ? {} : { notBefore: command.notBefore }),
});

/** The dry run of one person: what would be sent, what would wait, what cannot be. Nothing is written anywhere. */
export async function presentPlan(services: Services, person: string): Promise<object> {
  const known = await services.json<{ identityId: string; upTo: object; person?: object }>(
    'audit-projection',
    `/people/${encodeURIComponent(person)}`,
  );
  const draft = await services.json<Draft>('reconciliation', `/plan/${known.identityId}`);
  const { upTo, ...about } = known;
  return {
    upTo,
    person: about,
    asOf: draft.asOf,
    commands: [
      ...draft.commands.map((command) => shown(command, false)),
      ...[...draft.held, ...draft.observed].map((command) => shown(command, true)),
    ],
    blocked: draft.blocked,
    held: draft.heldBecause,
  };
}
