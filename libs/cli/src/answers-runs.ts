import type { PlanAnswer } from './answers.ts';

/** A run as the console shows it. */
export interface RunAnswer {
  runId: string;
  kind: string;
  cause: { flow?: string; version?: number; retired?: boolean; connection?: string; readId?: string; by?: string };
  state: string;
  openedAt: string;
  people: number;
  commands: number;
  planHash?: string;
  counts: { connection: string; limit: string; people: number; commands: number; linked: number; share: number; seconds?: number }[];
  heldBecause: { code: string; connection: string; limit: string; people: number; share: number; allowed: number; left: number }[];
  outcome?: string;
}

export interface RunsAnswer {
  runs: RunAnswer[];
}

export interface RunDetailAnswer extends RunAnswer {
  members: {
    identityId: string;
    changes: { connection: string; action: string; limit: string; commands: number; standing: string }[];
  }[];
  /** True: there are more people than are shown. */
  cut: boolean;
}

/** A run that was opened. */
export interface OpenedRunAnswer {
  runId: string;
}

/** What a run would do, in the order in which the people were named. */
export interface DryRunAnswer {
  plans: PlanAnswer[];
}
