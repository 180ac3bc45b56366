import type { Command, EntitlementRef } from '@muster/contracts';

interface Named {
  readonly connection?: string;
  readonly entitlement?: EntitlementRef;
  readonly commands?: readonly Command[];
}

/** Every group, app, role or licence that an event speaks of. */
export const entitlementsOf = ({ data }: { readonly data: object }): (EntitlementRef & { connection: string })[] => {
  const { connection, entitlement, commands = [] } = data as Named;
  const own = connection !== undefined && entitlement ? [{ connection, ...entitlement }] : [];
  return [
    ...own,
    ...commands.flatMap((command) => (command.entitlement ? [{ connection: command.connection, ...command.entitlement }] : [])),
  ];
};
