import { Budget } from './budget.ts';
import type { BudgetLimits } from './ledger.ts';

interface Shared {
  budget: Budget;
  users: number;
}

const shared = new Map<string, Shared>();

/**
 * The one budget of a connection in this process: whoever opens the same connection (by name and address) shares it, as the target counts them
 * together. `release` is to be called once by each; the last one closes the budget. Processes know nothing of each other: among several, only what
 * answers say about the limits keeps them in bounds.
 */
export const shareBudget = ({
  name,
  url,
  budget: limits,
}: {
  name: string;
  url: string;
  budget: BudgetLimits;
}): { budget: Budget; release: () => void } => {
  const key = `${name} ${url}`;
  const entry = shared.get(key) ?? { budget: new Budget(name, limits), users: 0 };
  entry.users += 1;
  shared.set(key, entry);
  let released = false;
  return {
    budget: entry.budget,
    release: () => {
      if (released) return;
      released = true;
      entry.users -= 1;
      if (entry.users > 0) return;
      shared.delete(key);
      entry.budget.close();
    },
  };
};
