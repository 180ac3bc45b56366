import type { Command, PlanReleased } from '@muster/contracts';
import type { Lane, WorkRow } from '@muster/work';

/** The kind of row that has a person's commands on one connection sent. */
export const SEND = 'send';

/** Identity ids hold no bar. */
export const sendKey = (identityId: string, connection: string): string => `${identityId}|${connection}`;

/** Whom a row is about. */
export function sendKeyParts(key: string): { identityId: string; connection: string } {
  const bar = key.indexOf('|');
  if (bar < 1) throw new TypeError(`"${key}" is not the key of a send row`);
  return { identityId: key.slice(0, bar), connection: key.slice(bar + 1) };
}

const LANES: readonly Lane[] = ['leaver', 'live', 'batch'];

const mostUrgent = (commands: readonly Command[]): Lane => LANES[Math.min(...commands.map(({ lane }) => LANES.indexOf(lane)))] ?? 'batch';

/** Due when its first command is; at once if one has no time of its own. */
const dueOf = (commands: readonly Command[]): { due: Date } | undefined => {
  const times = commands.map(({ notBefore }) => (notBefore === undefined ? 0 : Date.parse(notBefore)));
  const first = Math.min(...times);
  return first === 0 ? undefined : { due: new Date(first) };
};

/** What a released plan asks to be sent: one row for each connection, in the lane of its most urgent command. */
export const rowsOf = ({
  identityId,
  commands = [],
}: Pick<PlanReleased, 'identityId'> & Partial<Pick<PlanReleased, 'commands'>>): WorkRow[] =>
  [...Map.groupBy(commands, ({ connection }) => connection)].map(([connection, wanted]) => ({
    kind: SEND,
    key: sendKey(identityId, connection),
    connection,
    lane: mostUrgent(wanted),
    ...dueOf(wanted),
  }));
