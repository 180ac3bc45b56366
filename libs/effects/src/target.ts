import type { CallOptions, DisablementTrace, Outcome, WriteOptions } from '@muster/connector';
import type { Command } from '@muster/contracts';
import type { Probe } from '@muster/identity';

/** Commands that go to one object and travel in one call. */
export type Together = readonly Command[];

/** How commands become calls on one connection. Everything here throws Fault for what the other side did, and anything else for defects of ours. */
export interface Target {
  readonly connection: string;
  /** How long a replica may lag behind a write. */
  readonly settleMs: number;
  /** How long the vendor's own log may lag. */
  readonly logLagMs: number;
  /** In the order in which they are to leave, stage by stage; the calls of one stage do not wait for each other. */
  arrange(commands: readonly Command[]): readonly (readonly Together[])[];
  /** The correlation key that an account made by this create carries. */
  matchKeyOf(command: Command): string | undefined;
  /** Another account of the connection that this command points to, such as a manager's. */
  referenceOf(command: Command): string | undefined;
  /** One call for commands that `arrange` put together. `accountId` is absent for a create only. */
  send(commands: readonly Command[], accountId: string | undefined, options: WriteOptions): Promise<Outcome>;
  /** Looks for the effect of a command. */
  probe(command: Command, accountId: string | undefined, options: CallOptions): Promise<Probe>;
  /** Asks the vendor's own log who disabled an account that was created at `since`. */
  trace(accountId: string, since: string | undefined, options: CallOptions): Promise<DisablementTrace>;
}
