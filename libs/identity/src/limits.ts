import type { AllowanceDrawn, Command } from '@muster/contracts';

/** Whose limit a change counts against: its action's, or `leaver` for what people lose who left by their own HR record. */
export type LimitName = AllowanceDrawn['limit'];

/** How many people one action may touch on one connection, in one run and in any such time, before a person has to say. */
export interface Limit {
  readonly people: number;
  /** Of the people linked on the connection; the larger of the two counts. */
  readonly share: number;
  readonly perMs: number;
}

/** The limits of one connection. What has none leaves as soon as it is planned. */
export type ConnectionLimits = Readonly<Partial<Record<LimitName, Limit>>>;

const never: Limit = { people: 0, share: 0, perMs: 0 };

/** Whatever takes something away waits for a person. */
export const holdEverything = (): ConnectionLimits => ({ revoke: never, leaver: never, disable: never, revokeSessions: never });

/** Nothing waits. */
export const sendEverything = (): ConnectionLimits => ({});

/** The limit that a change counts against, for a person who left (`left`) or not. */
export const limitNameOf = ({ action }: Pick<Command, 'action'>, left: boolean): LimitName =>
  left && action === 'revoke' ? 'leaver' : action;

/** How many people a limit lets through where so many are linked. */
export const allowedBy = ({ people, share }: Limit, linked: number): number => Math.max(people, Math.floor(share * linked));
