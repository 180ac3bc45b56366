import type { ChangeLimits } from './change-limits.ts';
import type { BudgetLimits } from './ledger.ts';
import type { ConnectionState } from './reading.ts';
import type { ReportConfig } from './report-config.ts';
import type { Secret } from './secret.ts';

/** How the vendor calls us when something changes. */
export interface HooksConfig {
  /** Where the vendor reaches the console: hooks are received below it, at `/hooks/<connection>`. */
  url: string;
  /** What every call of the vendor carries; 24 characters or more. */
  secret: Secret;
  /** Still taken while the vendor is told the new one. */
  previousSecret?: Secret;
  /** Whether we make the hook at the vendor; if not, a person does. */
  register: boolean;
}

interface CommonConfig {
  name: string;
  state: ConnectionState;
  /** True: its records create identities. */
  authoritative: boolean;
  /** The attribute that carries the correlation key. */
  matchKey: string;
  /** The attributes that are observed: always the login and match key too. */
  attributes: readonly string[];
  /** Attributes that are written here only because the file says so: custom ones, and those that need a permission of their own. */
  writes: readonly string[];
  /** What stands behind the @ of logins. */
  domain?: string;
  /** How long a replica may lag behind a write; divided by the time factor, as the two intervals are. */
  settleMs: number;
  incrementalMs: number;
  fullMs: number;
  /** Of one call; on real time. */
  timeoutMs: number;
  budget: BudgetLimits;
  /** How much may change at once before a person has to say. */
  limits: ChangeLimits;
}

export interface OktaConfig extends CommonConfig {
  kind: 'okta';
  url: string;
  hooks?: HooksConfig;
  /** An OAuth client with an RSA key, as PEM or JWK, or an API token. */
  credential: { clientId: string; privateKey: Secret; keyId?: string } | { token: Secret };
}

export interface EntraConfig extends CommonConfig {
  kind: 'entra';
  /** Of Graph, without version. */
  url: string;
  /** Of the token endpoint, without tenant. */
  loginUrl: string;
  tenant: string;
  hooks?: HooksConfig;
  credential: { clientId: string; clientSecret: Secret };
}

export interface HrConfig extends CommonConfig {
  kind: 'hr';
  url?: string;
  /** What a pusher presents, or what a pull sends. */
  credential?: { token: Secret };
  /** Absent: HR only pushes. */
  report?: ReportConfig;
}

export type ConnectionConfig = OktaConfig | EntraConfig | HrConfig;
