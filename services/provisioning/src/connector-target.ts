import type {
  CallOptions,
  Connection,
  DisablementTrace,
  EntitlementWriter,
  HolderRef,
  Outcome,
  WriteOptions,
  Writers,
} from '@muster/connector';
import type { Command } from '@muster/contracts';
import { GatheredChanges, GatheredEntitlements, type Target } from '@muster/effects';
import type { Probe } from '@muster/identity';
import { arrange, isReference } from './arrange.ts';
import { probeCreate, probeEffect } from './probe.ts';
import { type KeyAttributes, keyAttributes, managerOf, matchKeyOf, newAccountOf, type TargetConfig, valuesOf } from './translate.ts';

const firstOf = ([outcome]: readonly Outcome[]): Outcome => {
  if (outcome === undefined) throw new TypeError('a connector gave no outcome for an item');
  return outcome;
};

const accountOf = (command: Command | undefined, accountId: string | undefined): string => {
  if (accountId === undefined) throw new TypeError(`no account is known for the command ${command?.commandId}`);
  return accountId;
};

/** Commands as calls of a connector that may write. */
export class ConnectorTarget implements Target {
  readonly connection: string;
  readonly settleMs: number;
  readonly logLagMs: number;
  readonly #readers: Connection['readers'];
  readonly #writers: Writers;
  /** Shared by everybody who sends on this connection. */
  readonly #entitlements: EntitlementWriter;
  readonly #changes: GatheredChanges;
  readonly #attributes: KeyAttributes;
  readonly #now: () => Date;

  /** Throws for a connection without writers: nothing may be sent to it. */
  constructor(connection: Connection, { config, logLagMs, now }: { config: TargetConfig; logLagMs: number; now: () => Date }) {
    if (connection.writers === undefined) throw new TypeError(`${connection.name} has no writers`);
    this.connection = connection.name;
    this.settleMs = config.settleMs;
    this.logLagMs = logLagMs;
    this.#readers = connection.readers;
    this.#writers = connection.writers;
    this.#entitlements = new GatheredEntitlements(connection.writers.entitlements);
    this.#changes = new GatheredChanges(connection.writers.accounts);
    this.#attributes = keyAttributes(config);
    this.#now = now;
  }

  get #managerByReference(): boolean {
    return this.#writers.accounts.setManager !== undefined;
  }

  arrange(commands: readonly Command[]): Command[][][] {
    return arrange(commands, { managerByReference: this.#managerByReference });
  }

  matchKeyOf(command: Command): string | undefined {
    return matchKeyOf(command, this.#attributes);
  }

  referenceOf(command: Command): string | undefined {
    return isReference(command, this.#managerByReference) ? (managerOf(command) ?? undefined) : undefined;
  }

  async send(commands: readonly Command[], accountId: string | undefined, options: WriteOptions): Promise<Outcome> {
    const { accounts } = this.#writers;
    const [command] = commands;
    const id = (): string => accountOf(command, accountId);
    switch (command?.action) {
      case undefined:
        throw new TypeError('nothing to send');
      case 'create':
        return firstOf(await accounts.create([newAccountOf(command, this.#attributes)], options));
      case 'set':
        return this.#set(commands, id(), options);
      case 'enable':
      case 'disable':
      case 'revokeSessions':
        return firstOf(await accounts[command.action]([id()], options));
      case 'grant':
      case 'revoke':
        return firstOf(await this.#give(command, { kind: 'account', id: id() }, options));
    }
  }

  async probe(command: Command, accountId: string | undefined, options: CallOptions): Promise<Probe> {
    const startedAt = this.#now().toISOString();
    const attributes = this.#attributes;
    const found =
      command.action === 'create'
        ? await probeCreate(command, { accounts: this.#readers.accounts, attributes }, options)
        : await probeEffect(
            command,
            accountOf(command, accountId),
            { readers: this.#readers, managerByReference: this.#managerByReference },
            options,
          );
    return { startedAt, ...found };
  }

  trace(accountId: string, since: string | undefined, options: CallOptions): Promise<DisablementTrace> {
    return this.#readers.disablements.traceDisablement(accountId, since, options);
  }

  async #set(commands: readonly Command[], accountId: string, options: WriteOptions): Promise<Outcome> {
    const { accounts } = this.#writers;
    const [command] = commands;
    if (command && accounts.setManager && isReference(command, true))
      return firstOf(await accounts.setManager([{ accountId, managerAccountId: managerOf(command) }], options));
    return this.#changes.set({ accountId, values: valuesOf(commands) }, options);
  }

  #give({ action, entitlement, commandId }: Command, holder: HolderRef, options: WriteOptions): Promise<Outcome[]> {
    if (entitlement === undefined) throw new TypeError(`the command ${commandId} names no entitlement`);
    const entitlements = this.#entitlements;
    return action === 'grant' ? entitlements.grant(entitlement, [holder], options) : entitlements.revoke(entitlement, [holder], options);
  }
}
