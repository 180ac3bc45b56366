import { type Command, type CommandEnded, type FaultRecord, streamOf } from '@muster/contracts';
import { SendingRows, type Sent } from '@muster/effects';
import { hasEnded, planCategory, provisioningCategory, type ProvisioningEvent } from '@muster/identity';
import type { ServiceContext } from '@muster/service-kit';
import { sql } from 'kysely';
import { SEND, sendKey } from './rows.ts';

/**
 * waiting: not sent yet. retrying: sent, and the answer asks for another try. unanswered: sent, and nobody knows what became of it. ended: see its result.
 */
export type CommandState = 'waiting' | 'retrying' | 'unanswered' | 'ended';

/** One command as it is shown: what it is about and how it goes, without the values that it carries. */
export interface ShownCommand {
  readonly commandId: string;
  readonly connection: string;
  readonly action: Command['action'];
  /** The attribute, or `group:<id>` and the like. */
  readonly what: string;
  readonly state: CommandState;
  readonly attempts: number;
  readonly result?: CommandEnded['result'];
  readonly accountId?: string;
  readonly sentAt?: string;
  readonly lastAnswer?: { readonly at: string; readonly code?: string; readonly message?: string; readonly remedy?: string };
  /** When it is looked at again. */
  readonly nextAt?: string;
}

export interface CommandsAnswer {
  readonly upTo: { readonly position: string; readonly recordedAt: string | null };
  readonly identityId: string;
  /** What the plan in force wants and has not ended comes first, then what has ended, the newest first. */
  readonly commands: ShownCommand[];
}

const MOST_ENDED = 500;

type Named = Pick<Command, 'commandId' | 'connection' | 'action' | 'field' | 'entitlement'>;

const named = ({ commandId, connection, action, field, entitlement }: Named) => ({
  commandId,
  connection,
  action,
  what: field ?? (entitlement ? `${entitlement.kind}:${entitlement.id}` : action === 'create' ? 'account' : 'status'),
});

const words = ({ code, message, remedy }: Pick<FaultRecord, 'code' | 'message'> & { remedy?: string | undefined }) => ({
  code,
  message,
  ...(remedy === undefined ? {} : { remedy }),
});

const stateOf = ({ attempts, lostAt }: Sent): CommandState => (lostAt !== undefined ? 'unanswered' : attempts > 0 ? 'retrying' : 'waiting');

const showSent = (sent: Sent): Partial<ShownCommand> => ({
  state: stateOf(sent),
  attempts: sent.attempts,
  ...(sent.lostAt === undefined ? {} : { sentAt: sent.lostAt }),
  ...(sent.answeredAt === undefined ? {} : { lastAnswer: { at: sent.answeredAt, ...(sent.fault ? words(sent.fault) : {}) } }),
});

const showOpen = (command: Command, sent: Sent | undefined, nextAt: string | undefined): ShownCommand => ({
  ...named(command),
  state: 'waiting',
  attempts: 0,
  ...(command.object.id === undefined ? {} : { accountId: command.object.id }),
  ...(sent === undefined ? {} : showSent(sent)),
  ...(nextAt === undefined ? {} : { nextAt }),
});

const showEnded = (ended: CommandEnded): ShownCommand => ({
  ...named(ended),
  state: 'ended',
  attempts: ended.attempts,
  result: ended.result,
  ...(ended.object.id === undefined ? {} : { accountId: ended.object.id }),
  ...(ended.sentAt === undefined ? {} : { sentAt: ended.sentAt }),
  lastAnswer: { at: ended.answeredAt, ...(ended.fault ? words(ended.fault) : {}) },
});

/** How a person's commands go: attempts, the last answer, the next time. Read from the store, so it is true at the moment it is asked. */
export async function showCommands({ store, database }: ServiceContext, identityId: string): Promise<CommandsAnswer> {
  const upTo = { position: await store.headPosition(), recordedAt: null };
  const { state: plan } = await store.load(planCategory, streamOf.plan(identityId));
  let provisioning = provisioningCategory.initial;
  const ended: ShownCommand[] = [];
  for await (const event of store.readStream(streamOf.provisioning(identityId))) {
    provisioning = provisioningCategory.evolve(provisioning, event as typeof event & ProvisioningEvent);
    if (event.type === 'CommandEnded') ended.push(showEnded(event.data as unknown as CommandEnded));
  }
  const open = (plan.released?.commands ?? []).filter((command) => !hasEnded(provisioning, command));
  const connections = [...new Set(open.map(({ connection }) => connection))];
  const rows = new SendingRows(database);
  const sent = new Map(
    (await Promise.all(connections.map((connection) => rows.of({ identityId, connection })))).flatMap((one) => [...one]),
  );
  const next = await nextTimes(database, identityId, connections);
  const shown = open.map((command) => showOpen(command, sent.get(command.commandId), next.get(command.connection)));
  return { upTo, identityId, commands: [...shown, ...ended.slice(-MOST_ENDED).toReversed()] };
}

async function nextTimes(
  { db }: ServiceContext['database'],
  identityId: string,
  connections: readonly string[],
): Promise<Map<string, string>> {
  const keys = connections.map((connection) => sendKey(identityId, connection));
  const { rows } = await sql<{ connection: string; due: Date }>`
    select w.connection, greatest(w.due, q.until) as due from work w left join quarantine q on q.connection = w.connection
    where w.kind = ${SEND} and w.key = any(${keys}::text[])`.execute(db);
  return new Map(rows.map(({ connection, due }) => [connection, due.toISOString()]));
}
