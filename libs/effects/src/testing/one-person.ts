import { randomUUID } from 'node:crypto';
import { type Command, schemaOf, streamOf } from '@muster/contracts';
import type { EventStore } from '@muster/event-store';
import { type Provisioning, provisioningCategory } from '@muster/identity';
import { openReadStore, type ReadStore } from '@muster/read-store';
import { sql } from 'kysely';
import { type PassEnd, sendCommands, SendingRows, StoreTail } from '../index.ts';
import type { Sender } from '../sender.ts';
import type { Holder } from '../sending-rows.ts';
import { effectsTables } from '../tables.ts';
import type { ToyVendor } from './toy-vendor.ts';

const OCCURRED = '2026-03-02T09:00:00.000Z';
const CORRELATION = randomUUID();

type Wanted = Pick<Command, 'action'> & Partial<Command>;

let named = 0;

/** A command with everything that it must have; names are fresh. */
export const command = (wanted: Wanted): Command => {
  named += 1;
  return {
    commandId: `command-${named}`,
    connection: 'toy-main',
    object: { kind: 'account' },
    valueHmac: `hmac-${named}`,
    generation: 0,
    lane: 'live',
    provenance: {},
    ...wanted,
  };
};

export const create = (more: Partial<Command> = {}): Command =>
  command({
    action: 'create',
    value: true,
    profile: { login: 'ada.byron@example.com', employeeNumber: '1001', title: 'Engineer' },
    ...more,
  });

/** One person on one connection, from plans in the store to calls at a vendor: everything real but the vendor. */
export class OnePerson {
  readonly identityId = randomUUID();
  /** The claim on this person's row; tests take it away. */
  claim: { lost: AbortController; stands: boolean } = { lost: new AbortController(), stands: true };

  private constructor(
    readonly store: EventStore,
    readonly database: ReadStore,
    readonly vendor: ToyVendor,
  ) {}

  /** Opens the rows in a schema of its own. */
  static async begin(store: EventStore, databaseUrl: string, vendor: ToyVendor): Promise<OnePerson> {
    const database = await openReadStore({
      url: databaseUrl,
      schema: `s${randomUUID().replaceAll('-', '').slice(0, 12)}`,
      migrations: effectsTables,
    });
    const person = new OnePerson(store, database, vendor);
    await new SendingRows(database).since(store);
    await person.live('active');
    return person;
  }

  /** Appends a lifecycle event and gives its revision: the fence. */
  async live(state: 'active' | 'left'): Promise<number> {
    const data = {
      identityId: this.identityId,
      state,
      startsOn: '2026-03-01',
      timeZone: 'UTC',
      cause: { stream: 'worker-hr-main.x', revision: 0 },
      recordVersion: 1,
    };
    const { revision } = await this.store.append(
      streamOf.identity(this.identityId),
      [{ type: 'IdentityLifecycleChanged', data, metadata: this.#metadata('IdentityLifecycleChanged') }],
      'any',
    );
    return revision;
  }

  /** Records what a read saw of an account some while ago. */
  async observe(accountId: string, enabled: boolean, startedAt = '2026-03-02T09:30:00.000Z'): Promise<void> {
    const { connection } = this.vendor;
    const read = { readId: randomUUID(), kind: 'fetch', startedAt };
    const data = {
      connection,
      accountId,
      profile: {},
      status: enabled ? 'ACTIVE' : 'DISABLED',
      enabled,
      createdAt: startedAt,
      aspects: ['status'],
      read,
    };
    await this.store.append(
      streamOf.account(connection, accountId),
      [{ type: 'AccountObserved', data, metadata: this.#metadata('AccountObserved') }],
      'any',
    );
  }

  /** Releases a plan under the lifecycle of that revision. */
  async release(commands: readonly Command[], lifecycleRevision = 0): Promise<void> {
    const planId = randomUUID();
    const data = {
      planId,
      identityId: this.identityId,
      asOf: OCCURRED,
      inputs: [],
      flows: [],
      lifecycleRevision,
      commands,
      commandIds: commands.map(({ commandId }) => commandId),
      blocked: [],
    };
    await this.store.append(
      streamOf.plan(this.identityId),
      [{ type: 'PlanReleased', data, metadata: this.#metadata('PlanReleased') }],
      'any',
    );
  }

  /** One pass of a sender that remembers nothing but what is in store and database. */
  async pass(more: { rows?: SendingRows; live?: boolean } = {}): Promise<PassEnd> {
    const { store, database, vendor } = this;
    const rows = more.rows ?? new SendingRows(database);
    const { claim } = this;
    const holder: Holder = { token: 1, lost: claim.lost.signal, holds: () => Promise.resolve(claim.stands) };
    const sender: Sender = {
      store,
      tail: new StoreTail(store),
      rows,
      since: await rows.since(store),
      target: vendor,
      actor: 'service:test',
      live: () => more.live ?? true,
      now: vendor.now,
    };
    return sendCommands(sender, this.identityId, holder);
  }

  /** Another worker takes the row. */
  takeClaim(): void {
    this.claim.stands = false;
    this.claim.lost.abort();
    this.claim = { lost: new AbortController(), stands: true };
  }

  async provisioning(): Promise<Provisioning> {
    return (await this.store.load(provisioningCategory, streamOf.provisioning(this.identityId))).state;
  }

  /** Results in the order recorded: `create done`, `set title refused`, `create sent`. */
  async results(): Promise<string[]> {
    const lines: string[] = [];
    for await (const { type, data } of this.store.readStream(streamOf.provisioning(this.identityId))) {
      const { action, field, result } = data as { action: string; field?: string; result?: string };
      lines.push([action, field, type === 'CommandSent' ? 'sent' : result].filter((word) => word !== undefined).join(' '));
    }
    return lines;
  }

  async rows(): Promise<{ command_id: string; attempts: number; lost_at: Date | null }[]> {
    const { rows } = await sql<{
      command_id: string;
      attempts: number;
      lost_at: Date | null;
    }>`select command_id, attempts, lost_at from sending order by command_id`.execute(this.database.db);
    return rows;
  }

  close(): Promise<void> {
    return this.database.close();
  }

  #metadata(type: 'PlanReleased' | 'IdentityLifecycleChanged' | 'AccountObserved') {
    return { correlationId: CORRELATION, occurredAt: OCCURRED, schema: schemaOf(type), actor: 'test' };
  }
}
