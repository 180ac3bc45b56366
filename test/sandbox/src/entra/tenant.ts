import { randomUUID } from 'node:crypto';

import { guid } from '../kit/random.ts';
import { applyMutation } from './apply-mutation.ts';
import { AuditLog } from './audit-log.ts';
import type { Call } from './call.ts';
import { Directory, NO_LAG, type ViewLag } from './directory.ts';
import type { Json } from './errors.ts';
import type { Mutation } from './mutation.ts';
import type { AppRegistration } from './permissions.ts';
import type { Subscriptions } from './subscriptions.ts';

export interface TenantSettings {
  tenantId: string;
  displayName: string;
  /** Verified domains; the first is the default one. */
  domains: readonly string[];
  /** Domains whose sign-in another directory does: new users need an onPremisesImmutableId. */
  federatedDomains?: readonly string[];
  registrations: readonly AppRegistration[];
  /** Products that the company bought. */
  skus: readonly Sku[];
}

export interface Sku {
  skuId: string;
  skuPartNumber: string;
  enabled: number;
}

/** Where mutations are kept over a restart. */
export interface MutationJournal {
  append(mutation: Mutation): void;
}

interface TenantParts {
  settings: TenantSettings;
  /** Virtual milliseconds since the epoch. */
  now: () => number;
  /** How long a documented duration lasts here. */
  scale?: (ms: number) => number;
  lag?: ViewLag;
  /** Whether anybody ever read the tenant. */
  everAsked?: () => boolean;
  journal?: MutationJournal;
}

type Bare<M> = M extends Mutation ? Omit<M, 'at' | 'by' | 'correlation'> : never;

/** A mutation without when and who. */
export type Wish = Bare<Mutation>;

/** One Entra tenant: its objects, its audit log and the journal that keeps both. Every change goes through `commit`. */
export class Tenant {
  readonly settings: TenantSettings;
  readonly directory: Directory;
  readonly audits = new AuditLog();
  /** Who wants to be told of changes; without it nobody is. */
  subscriptions: Subscriptions | undefined;
  /** Delta tokens issued before this instant count as expired. */
  deltaTokensFrom = 0;
  readonly scale: (ms: number) => number;
  readonly everAsked: () => boolean;
  readonly #journal: MutationJournal | undefined;

  constructor(parts: TenantParts) {
    this.settings = parts.settings;
    this.directory = new Directory(parts.now, parts.lag ?? NO_LAG);
    this.scale = parts.scale ?? ((ms) => ms);
    this.everAsked = parts.everAsked ?? (() => false);
    this.#journal = parts.journal;
  }

  now(): number {
    return this.directory.now();
  }

  timestamp(): string {
    return new Date(this.now()).toISOString().replace(/\.\d{3}Z$/, 'Z');
  }

  /** Applies a judged change now and keeps it. */
  commit(wish: Wish, by: string, correlation: string = randomUUID()): void {
    const mutation = { at: this.now(), by, correlation, ...wish } as Mutation;
    const kind = this.directory.find(wish.id)?.kind;
    this.replay(mutation);
    this.#journal?.append(mutation);
    this.subscriptions?.tell(mutation, kind ?? this.directory.find(wish.id)?.kind);
  }

  /** `commit` for what a request asks. */
  commitFor(call: Call, wish: Wish): void {
    this.commit(wish, `app:${call.caller.clientId}`, call.requestId);
    call.effects.push(`${wish.op} ${wish.id}${'members' in wish ? ` ${wish.members.join(' ')}` : ''}`);
  }

  /** Applies a change without keeping it: one from the journal. */
  replay(mutation: Mutation): void {
    // what a change takes away must be described while it is still there
    const early = mutation.op === 'delete' || mutation.op === 'unassign';
    if (early && !mutation.quiet) this.audits.note(this.directory, mutation, {});
    const applied = applyMutation(this.directory, mutation);
    if (mutation.quiet) return;
    if (!early) this.audits.note(this.directory, mutation, applied);
  }

  /** The service principal of an app registration. */
  servicePrincipalIdOf(clientId: string): string {
    return guid(`${this.settings.tenantId}/servicePrincipal/${clientId}`);
  }

  /** `initiatedBy` of an audit entry. The directory leaves appId empty and names the service principal. */
  describeActor(by: string): Json {
    const id = by.slice(by.indexOf(':') + 1);
    if (by.startsWith('app:')) {
      const registration = this.settings.registrations.find((one) => one.clientId === id);
      const app = {
        appId: null,
        displayName: registration?.displayName ?? id,
        servicePrincipalId: this.servicePrincipalIdOf(id),
        servicePrincipalName: null,
      };
      return { app, user: null };
    }
    const properties = this.directory.find(id)?.current.properties;
    const user = {
      id,
      displayName: properties?.['displayName'] ?? null,
      userPrincipalName: properties?.['userPrincipalName'] ?? id,
      ipAddress: null,
      roles: [],
    };
    return { user, app: null };
  }
}
