import { generateKeyPairSync, randomUUID, sign, type KeyObject } from 'node:crypto';

import type { Caller } from './call.ts';
import { unauthenticated } from './errors.ts';
import type { AppRegistration } from './permissions.ts';
import type { Tenant } from './tenant.ts';

/** What Entra gives by default: a lifetime between 60 and 90 minutes; the token response says 3599. */
const DEFAULT_LIFETIME_SECONDS = 3_599;
const MOST_TOKENS = 10_000;

interface Issued {
  caller: Caller;
  /** Virtual milliseconds. */
  expires: number;
}

export interface IssuedToken {
  token: string;
  /** Seconds on the client's own clock. */
  expiresIn: number;
}

/** One pair for all tenants of a process: making one is slow. */
let keys: { privateKey: KeyObject; publicKey: KeyObject } | undefined;

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Access tokens for Graph: signed JWTs with the permissions in `roles`. A restart forgets them: callers meet a 401 once. */
export class AccessTokens {
  readonly #tenant: Tenant;
  readonly #issued = new Map<string, Issued>();
  readonly #key: KeyObject;
  readonly #keyId = randomUUID();
  readonly publicKey: KeyObject;
  /** In seconds, not scaled by the time factor: clients renew minutes ahead, so a scaled life would end before it began. */
  lifetime = DEFAULT_LIFETIME_SECONDS;

  constructor(tenant: Tenant) {
    this.#tenant = tenant;
    keys ??= generateKeyPairSync('rsa', { modulusLength: 2048 });
    this.#key = keys.privateKey;
    this.publicKey = keys.publicKey;
  }

  issue(registration: AppRegistration, issuer: string): IssuedToken {
    const { tenantId } = this.#tenant.settings;
    const now = this.#tenant.now();
    const expires = now + this.lifetime * 1_000;
    const servicePrincipalId = this.#tenant.servicePrincipalIdOf(registration.clientId);
    const seconds = (instant: number) => Math.floor(instant / 1_000);
    const token = this.#sign({
      aud: 'https://graph.microsoft.com',
      iss: issuer,
      iat: seconds(now),
      nbf: seconds(now),
      exp: seconds(expires),
      app_displayname: registration.displayName,
      appid: registration.clientId,
      appidacr: '1',
      idtyp: 'app',
      oid: servicePrincipalId,
      roles: registration.permissions,
      sub: servicePrincipalId,
      tid: tenantId,
      uti: randomUUID(),
      ver: '1.0',
    });
    const caller: Caller = {
      clientId: registration.clientId,
      servicePrincipalId,
      permissions: new Set(registration.permissions),
      directoryRoles: registration.directoryRoles ?? [],
    };
    this.#issued.set(token, { caller, expires });
    if (this.#issued.size > MOST_TOKENS) this.#issued.delete(this.#issued.keys().next().value!);
    return { token, expiresIn: this.lifetime };
  }

  /** Who calls, from the Authorization header; throws Graph's 401. */
  callerOf(authorization: string | undefined): Caller {
    const token = /^Bearer\s+(.+)$/i.exec(authorization ?? '')?.[1];
    if (!token) throw unauthenticated('Access token is empty.');
    const issued = this.#issued.get(token);
    if (!issued) {
      const looksRight = token.split('.').length === 3;
      throw unauthenticated(
        looksRight ? 'Access token validation failure. Invalid signature.' : 'IDX14100: JWT is not well formed, there are no dots (.).',
      );
    }
    if (issued.expires <= this.#tenant.now()) throw unauthenticated('Lifetime validation failed, the token is expired.');
    return issued.caller;
  }

  /** The client id behind a header, whether the token still counts or not. */
  clientOf(authorization: string | undefined): string | undefined {
    return authorization === undefined ? undefined : this.#issued.get(authorization.slice('Bearer '.length))?.caller.clientId;
  }

  /** Makes every token issued so far an expired one. */
  expireAll(): void {
    for (const issued of this.#issued.values()) issued.expires = 0;
  }

  #sign(claims: object): string {
    const input = `${encode({ typ: 'JWT', alg: 'RS256', kid: this.#keyId })}.${encode(claims)}`;
    return `${input}.${sign('sha256', Buffer.from(input), this.#key).toString('base64url')}`;
  }

  /** The key set for the login host's discovery document. */
  keySet(): { keys: object[] } {
    return { keys: [{ ...this.publicKey.export({ format: 'jwk' }), kid: this.#keyId, use: 'sig' }] };
  }
}
