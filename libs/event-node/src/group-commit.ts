import { sqliteCode } from './database.ts';
import type { EventLog } from './event-log.ts';
import type { AppendRequest, Outcome } from './events.ts';

interface Waiting {
  request: AppendRequest;
  settle: (outcome: Outcome) => void;
}

const GROUP_EVENTS = 5_000;
const SQLITE_FULL = 13;

/**
 * Appends what arrived while the last commit ran as one group: one transaction, one fsync. An append is settled after its fsync, in order of arrival.
 * A full disk refuses the group and the log goes on reading. Any other failure of a commit is fatal: after a failed sync nobody knows what the disk holds.
 */
export class GroupCommit {
  readonly #log: EventLog;
  readonly #committed: () => void;
  readonly #fatal: (error: Error) => void;
  #waiting: Waiting[] = [];
  #scheduled = false;
  #stopped = false;

  constructor(log: EventLog, on: { committed(): void; fatal(error: Error): void }) {
    this.#log = log;
    this.#committed = () => on.committed();
    this.#fatal = (error) => on.fatal(error);
  }

  append(request: AppendRequest, settle: (outcome: Outcome) => void): void {
    if (this.#stopped) return;
    this.#waiting.push({ request, settle });
    this.#schedule();
  }

  /** Runs a write of another kind, behind everything that is waiting. */
  run<T>(write: () => T): T | undefined {
    this.flush();
    if (this.#stopped) return undefined;
    try {
      const result = write();
      this.#committed();
      return result;
    } catch (error) {
      this.#stop(error as Error);
      return undefined;
    }
  }

  /** Commits what is waiting, now. */
  flush(): void {
    while (this.#waiting.length > 0 && !this.#stopped) this.#commit();
  }

  /** Commits what is waiting; nothing is taken any more, and nothing later is answered. */
  end(): void {
    this.flush();
    this.#stopped = true;
  }

  #schedule(): void {
    if (this.#scheduled || this.#stopped) return;
    this.#scheduled = true;
    // Runs after all sockets were read: whatever came in while the last commit blocked this thread is in the group.
    setImmediate(() => {
      this.#scheduled = false;
      this.#commit();
      if (this.#waiting.length > 0) this.#schedule();
    });
  }

  #commit(): void {
    const group = this.#takeGroup();
    if (group.length === 0 || this.#stopped) return;
    let outcomes: Outcome[];
    try {
      outcomes = this.#log.append(group.map(({ request }) => request));
    } catch (error) {
      if (sqliteCode(error) !== SQLITE_FULL) return this.#stop(error as Error);
      outcomes = group.map(() => ({ kind: 'refused', message: 'The disk is full' }));
    }
    for (const [index, { settle }] of group.entries()) settle(outcomes[index] as Outcome);
    this.#committed();
  }

  #takeGroup(): Waiting[] {
    let events = 0;
    let count = 0;
    while (count < this.#waiting.length && events < GROUP_EVENTS) events += (this.#waiting[count++] as Waiting).request.events.length;
    return this.#waiting.splice(0, count);
  }

  #stop(error: Error): void {
    this.#stopped = true;
    this.#waiting = [];
    this.#fatal(error);
  }
}
