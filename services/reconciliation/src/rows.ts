/** Look at a person again. Key: the identity. */
export const RECONCILE = 'reconcile';
/** Collect, seal and judge a run. Key: the run. */
export const JUDGE_RUN = 'judge-run';
/** Put a question that the end of a command left. Key: identity and revision of that end. */
export const OPEN_CASE = 'open-case';

export const caseKey = (identityId: string, revision: number): string => `${identityId}@${revision}`;

export function parseCaseKey(key: string): { identityId: string; revision: number } {
  const [identityId = '', revision = ''] = key.split('@');
  return { identityId, revision: Number(revision) };
}
