import { type BudgetLimits, type Cost, timeFor } from '@muster/connector';
import { type Command, streamOf } from '@muster/contracts';
import type { EventStore } from '@muster/event-store';
import { hasEnded, planCategory, provisioningCategory } from '@muster/identity';
import type { Database } from '@muster/read-store';
import { sql } from 'kysely';
import { isReference } from './arrange.ts';
import { SEND, sendKeyParts } from './rows.ts';
import type { TargetConfig } from './translate.ts';

const SAMPLE = 40;
const MEMBERS_IN_A_PATCH = 20;

const oktaCost = (command: Command): Cost => {
  switch (command.action) {
    case 'create':
      return { users: 1 };
    case 'set':
      return { userWrite: 1 };
    case 'enable':
    case 'disable':
    case 'revokeSessions':
      return { other: 1 };
    case 'grant':
    case 'revoke':
      return command.entitlement?.kind === 'app' ? { apps: 1 } : { other: 1 };
  }
};

const entraCost = ({ action, entitlement }: Command): Cost => {
  if (action === 'create') return { units: 2, writes: 1 };
  const calls = action === 'grant' && entitlement?.kind === 'group' ? 1 / MEMBERS_IN_A_PATCH : 1;
  return { units: calls, writes: calls };
};

/** What commands of one person cost in the buckets of their connection, where members of groups travel in full company. */
export const costOfCommands = (kind: TargetConfig['kind'], commands: readonly Command[]): Cost => {
  const sum: Record<string, number> = {};
  const byReference = kind === 'entra';
  const [together, alone] = [
    commands.filter((command) => command.action === 'set' && !isReference(command, byReference)).slice(0, 1),
    commands.filter((command) => command.action !== 'set' || isReference(command, byReference)),
  ];
  for (const command of [...together, ...alone])
    for (const [bucket, units] of Object.entries(kind === 'okta' ? oktaCost(command) : entraCost(command)))
      sum[bucket] = (sum[bucket] ?? 0) + units;
  return sum;
};

/**
 * How long the limits of a connection let what is queued take, in milliseconds: by a sample of the rows, whose plans are read from the store. Nothing queued:
 * 0.
 */
export async function timeLeft(
  { db, store }: { db: Database; store: EventStore },
  { name, kind, budget }: { name: string; kind: TargetConfig['kind']; budget: BudgetLimits },
  queued: number,
): Promise<number> {
  if (queued === 0) return 0;
  const { rows } = await sql<{ key: string }>`
    select key from work where kind = ${SEND} and connection = ${name} order by lane, due limit ${SAMPLE}`.execute(db);
  const costs = await Promise.all(rows.map(async ({ key }) => costOfCommands(kind, await openCommands(store, sendKeyParts(key)))));
  const sum: Record<string, number> = {};
  const scale = queued / Math.max(rows.length, 1);
  for (const cost of costs) for (const [bucket, units] of Object.entries(cost)) sum[bucket] = (sum[bucket] ?? 0) + units * scale;
  return Math.round(timeFor(budget, sum));
}

async function openCommands(store: EventStore, { identityId, connection }: { identityId: string; connection: string }): Promise<Command[]> {
  const [plan, results] = await Promise.all([
    store.load(planCategory, streamOf.plan(identityId)),
    store.load(provisioningCategory, streamOf.provisioning(identityId)),
  ]);
  const wanted = plan.state.released?.commands ?? [];
  return wanted.filter((command) => command.connection === connection && !hasEnded(results.state, command));
}
