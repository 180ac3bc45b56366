import type { Database } from '@muster/read-store';
import { type Lane, upsertWork } from '@muster/work';

/** Look at a person again. Key: the identity. */
export const RECONCILE = 'reconcile';
/** Collect, seal and judge a run. Key: the run. */
export const JUDGE_RUN = 'judge-run';
/** Put a question that the end of a command left. Key: identity and revision of that end. */
export const OPEN_CASE = 'open-case';

export async function markDirty(transaction: Database, identities: readonly string[], lane: Lane = 'live'): Promise<void> {
  await upsertWork(
    transaction,
    identities.map((key) => ({ kind: RECONCILE, key, lane })),
  );
}

export const caseKey = (identityId: string, revision: number): string => `${identityId}@${revision}`;

export function parseCaseKey(key: string): { identityId: string; revision: number } {
  const [identityId = '', revision = ''] = key.split('@');
  return { identityId, revision: Number(revision) };
}
