import { type EventData, type EventType, schemaOf, streamOf, validateEvent } from '@muster/contracts';
import type { EventStore } from '@muster/event-store';

/** An event as a test states it. */
export type Stated = {
  [T in EventType]: { stream: string; type: T; data: EventData[T]; occurredAt: string };
}[EventType];

/** Writes what is stated, one event after the other, each as schemas want it. Answers the ids in order. */
export async function record(store: EventStore, stated: readonly Stated[]): Promise<string[]> {
  const ids: string[] = [];
  for (const { stream, type, data, occurredAt } of stated) {
    const problems = validateEvent(type, data);
    if (problems.length > 0) throw new Error(`${type} is not as its schema says: ${JSON.stringify(problems)}`);
    const id = crypto.randomUUID();
    const metadata = {
      correlationId: 'hire',
      occurredAt,
      schema: schemaOf(type),
      actor: 'test',
      ...(ids.length > 0 ? { causationId: ids.at(-1) as string } : {}),
    };
    await store.append(stream, [{ id, type, data, metadata }], 'any');
    ids.push(id);
  }
  return ids;
}

const WORKER = 'urn:muster:scim:schemas:extension:worker:1.0:User';
export const HMAC = 'q2mF0d7XbJ6yV9tR1sLkPzNwQeUcHaGi3oTf8xYvB5A';

/** One person with an Okta account, as the services would have recorded them. */
export class Hire {
  readonly identityId: string;
  readonly key: string;
  readonly accountId: string;
  readonly worker: string;
  readonly identity: string;
  readonly plan: string;
  readonly provisioning: string;
  readonly account: string;
  readonly login: string;

  constructor(number: number) {
    const digits = String(number).padStart(4, '0');
    this.identityId = `7d1f3c52-9a44-5b0e-8f6d-2c1e0a9b${digits}`;
    this.key = `emp-${digits}`;
    this.accountId = `00u${digits}`;
    this.login = `ada.byron${digits}`;
    this.worker = streamOf.worker('hr-main', `opaque-${digits}`);
    this.identity = streamOf.identity(this.identityId);
    this.plan = streamOf.plan(this.identityId);
    this.provisioning = streamOf.provisioning(this.identityId);
    this.account = streamOf.account('okta-main', this.accountId);
  }

  get displayName(): string {
    return `Ada Byron ${this.key}`;
  }

  /** HR states a title from a date on. */
  stated(title: string, effectiveFrom: string, version: number): Stated {
    const record: EventData['WorkerRecorded']['record'] = {
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
      externalId: this.key,
      name: { givenName: 'Ada', familyName: 'Byron' },
      displayName: this.displayName,
      title,
      emails: [{ value: `${this.login}@mail.example`, type: 'work' }],
      [WORKER]: { hireDate: '2026-03-02', status: 'active', recordVersion: version },
    };
    const data = {
      connection: 'hr-main',
      workerKey: this.key,
      sourceKey: `source-${version}`,
      recordVersion: version,
      effectiveFrom,
      record,
    };
    return { stream: this.worker, type: 'WorkerRecorded', data, occurredAt: `${effectiveFrom}T00:00:00.000Z` };
  }

  decided(title: string, at: string, record = 0): Stated {
    const from = (field: string) => ({ stream: this.worker, revision: record, field });
    const data: EventData['IdentityAttributesChanged'] = {
      identityId: this.identityId,
      attributes: { title, employeeNumber: this.key, displayName: this.displayName, email: `${this.login}@mail.example` },
      changed: record === 0 ? ['title', 'employeeNumber', 'displayName', 'email'] : ['title'],
      provenance: {
        title: from('title'),
        employeeNumber: from('externalId'),
        displayName: from('displayName'),
        email: from('emails[work].value'),
      },
    };
    return { stream: this.identity, type: 'IdentityAttributesChanged', data, occurredAt: at };
  }

  joined(title: string, at: string): Stated[] {
    const { identityId } = this;
    return [
      {
        stream: this.identity,
        type: 'IdentityCreated',
        data: { identityId, source: { connection: 'hr-main', stream: this.worker } },
        occurredAt: at,
      },
      {
        stream: this.identity,
        type: 'IdentityLifecycleChanged',
        data: { identityId, state: 'active', startsOn: '2026-03-02', timeZone: 'UTC', cause: { stream: this.worker, revision: 0 } },
        occurredAt: at,
      },
      this.decided(title, at),
      { stream: this.identity, type: 'LoginAssigned', data: { identityId, login: this.login, attempt: 1 }, occurredAt: at },
    ];
  }

  #command(id: string, more: Partial<EventData['PlanReleased']['commands'][number]>): EventData['PlanReleased']['commands'][number] {
    return {
      commandId: `${id}-${this.key}`,
      connection: 'okta-main',
      object: { kind: 'account', ...(id === 'create' ? {} : { id: this.accountId }) },
      action: 'create',
      valueHmac: HMAC,
      generation: 0,
      lane: 'live',
      provenance: {},
      ...more,
    };
  }

  commands(title: string) {
    const why = (expression?: string) => ({
      flow: 'joiner',
      version: 1,
      step: 'okta-account',
      ...(expression === undefined ? {} : { expression }),
    });
    return {
      create: this.#command('create', {
        value: true,
        profile: { login: `${this.login}@example.com`, employeeNumber: this.key, title },
        provenance: { title: why('identity.title'), status: why("identity.lifecycle == 'active'") },
      }),
      grant: this.#command('grant', { action: 'grant', entitlement: { kind: 'group', id: '00g1' }, provenance: { entitlement: why() } }),
      set: this.#command('set', { action: 'set', field: 'title', value: title, provenance: { title: why('identity.title') } }),
    };
  }

  planned(commands: EventData['PlanReleased']['commands'], at: string, planId: string): Stated {
    const data: EventData['PlanReleased'] = {
      planId,
      identityId: this.identityId,
      asOf: at,
      inputs: [{ stream: this.identity, revision: 3 }],
      flows: [{ flow: 'joiner', version: 1 }],
      lifecycleRevision: 1,
      commands,
      commandIds: commands.map(({ commandId }) => commandId),
      blocked: [],
    };
    return { stream: this.plan, type: 'PlanReleased', data, occurredAt: at };
  }

  ended(
    { lane: _lane, provenance: _provenance, ...command }: EventData['PlanReleased']['commands'][number],
    at: string,
    planId: string,
  ): Stated {
    const data: EventData['CommandEnded'] = {
      ...command,
      identityId: this.identityId,
      planId,
      object: { kind: 'account', id: this.accountId },
      result: 'done',
      sentAt: at,
      answeredAt: at,
      attempts: 1,
      probed: false,
    };
    return { stream: this.provisioning, type: 'CommandEnded', data, occurredAt: at };
  }

  linked(at: string): Stated {
    const data = { identityId: this.identityId, connection: 'okta-main', accountId: this.accountId, by: 'created' as const };
    return { stream: this.identity, type: 'AccountLinked', data, occurredAt: at };
  }

  seen(title: string, at: string): Stated {
    const data: EventData['AccountObserved'] = {
      connection: 'okta-main',
      accountId: this.accountId,
      profile: { login: `${this.login}@example.com`, employeeNumber: this.key, title },
      status: 'ACTIVE',
      enabled: true,
      aspects: ['profile', 'status', 'groups'],
      read: { readId: `read-${at}`, kind: 'fetch', startedAt: at },
    };
    return { stream: this.account, type: 'AccountObserved', data, occurredAt: at };
  }

  seenMember(at: string): Stated {
    const data: EventData['EntitlementObserved'] = {
      connection: 'okta-main',
      holder: { kind: 'account', id: this.accountId },
      entitlement: { kind: 'group', id: '00g1' },
      via: 'direct',
      read: { readId: `read-${at}`, kind: 'fetch', startedAt: at },
    };
    return { stream: this.account, type: 'EntitlementObserved', data, occurredAt: at };
  }

  confirmed(at: string): Stated {
    const data: EventData['AccountConfirmed'] = {
      connection: 'okta-main',
      accountId: this.accountId,
      aspects: ['profile', 'status', 'groups'],
      read: { readId: `read-${at}`, kind: 'fetch', startedAt: at },
    };
    return { stream: this.account, type: 'AccountConfirmed', data, occurredAt: at };
  }

  gone(at: string): Stated[] {
    const read = { readId: `read-${at}`, kind: 'fetch' as const, startedAt: at };
    const { identityId, accountId } = this;
    return [
      { stream: this.account, type: 'AccountDeleted', data: { connection: 'okta-main', accountId, evidence: 'log', read }, occurredAt: at },
      {
        stream: this.identity,
        type: 'AccountUnlinked',
        data: { identityId, connection: 'okta-main', accountId, reason: 'deleted' },
        occurredAt: at,
      },
    ];
  }

  /** From the HR record to the read that confirms the account and its group. */
  wholeRoad(): Stated[] {
    const { create, grant } = this.commands('Engineer');
    const planId = '5f0c7b9e-1d2a-5e3f-8a4b-6c7d8e9f0a1b';
    return [
      this.stated('Engineer', '2026-03-02', 1),
      ...this.joined('Engineer', '2026-03-02T08:00:01.000Z'),
      this.planned([create, grant], '2026-03-02T08:00:02.000Z', planId),
      this.ended(create, '2026-03-02T08:00:03.000Z', planId),
      this.linked('2026-03-02T08:00:04.000Z'),
      this.ended(grant, '2026-03-02T08:00:05.000Z', planId),
      this.seen('Engineer', '2026-03-02T08:00:40.000Z'),
      this.seenMember('2026-03-02T08:00:40.000Z'),
      this.confirmed('2026-03-02T08:01:20.000Z'),
    ];
  }

  /** A new title, to the read that sees it. */
  promotion(title: string, date: string, version: number): Stated[] {
    const { set } = this.commands(title);
    const planId = '6f0c7b9e-1d2a-5e3f-8a4b-6c7d8e9f0a1b';
    return [
      this.stated(title, date, version),
      this.decided(title, `${date}T09:00:01.000Z`, version - 1),
      this.planned([set], `${date}T09:00:02.000Z`, planId),
      this.ended(set, `${date}T09:00:03.000Z`, planId),
      this.seen(title, `${date}T09:00:40.000Z`),
    ];
  }
}
