import { createHash, randomBytes } from 'node:crypto';
import { calculateJwkThumbprint, decodeJwt, decodeProtectedHeader, importJWK, jwtVerify, type JWTPayload } from 'jose';
import type { VirtualClock } from '../kit/clock.ts';
import type { VendorReply, VendorRequest } from '../kit/server.ts';
import type { Credentials, ServiceApp } from './credentials.ts';
import { isRecord, OktaError, unauthorised } from './errors.ts';
import type { Caller } from './records.ts';

interface AccessToken {
  id: string;
  app: ServiceApp;
  scopes: ReadonlySet<string>;
  expiresAt: number;
  /** Thumbprint of the key that the token is bound to. */
  boundTo?: string;
}

const LIFE_S = 3600;
const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

class TokenRefusal extends Error {
  constructor(
    readonly status: number,
    readonly error: string,
    readonly description: string,
    readonly headers: Record<string, string> = {},
  ) {
    super(error);
  }
}

/** The org's authorization server: private_key_jwt for client credentials, scopes, DPoP with a nonce. Access tokens do not outlive the process. */
export class AuthorizationServer {
  #tokens = new Map<string, AccessToken>();
  #nonce = randomBytes(12).toString('base64url');
  #made = 0;

  constructor(
    readonly credentials: Credentials,
    readonly clock: VirtualClock,
  ) {}

  /** POST /oauth2/v1/token */
  async grant(request: VendorRequest): Promise<VendorReply> {
    try {
      return await this.#grant(request);
    } catch (error) {
      if (!(error instanceof TokenRefusal)) throw error;
      return { status: error.status, headers: error.headers, body: { error: error.error, error_description: error.description } };
    }
  }

  /** The client that a bearer token belongs to, without checking it: for faults and the journal. */
  clientOf(token: string): string | undefined {
    return this.#tokens.get(token)?.app.clientId;
  }

  /** Ends every access token, as a real one that ran out of time. */
  expireAll(): void {
    this.#tokens.clear();
  }

  /** The caller behind an `Authorization: Bearer` or `DPoP`; 401 E0000011 if the token or its proof is not good. */
  async caller(scheme: string, token: string, request: VendorRequest): Promise<Caller> {
    const known = this.#tokens.get(token);
    if (!known || known.expiresAt <= this.clock.now()) {
      this.#tokens.delete(token);
      throw unauthorised({
        'www-authenticate':
          'Bearer authorization_uri="/oauth2/v1/authorize", realm="okta", error="invalid_token", error_description="The access token is invalid or has expired"',
      });
    }
    if (known.boundTo !== undefined) await this.#checkBound(scheme, token, known.boundTo, request);
    const { clientId, name, role } = known.app;
    return {
      id: clientId,
      tokenId: known.id,
      role,
      scopes: known.scopes,
      actor: { id: clientId, type: 'PublicClientApp', alternateId: 'unknown', displayName: name },
    };
  }

  async #grant(request: VendorRequest): Promise<VendorReply> {
    const form = isRecord(request.body) ? request.body : {};
    if (form['grant_type'] !== 'client_credentials')
      throw new TokenRefusal(400, 'unsupported_grant_type', 'The authorization grant type is not supported by the authorization server.');
    const app = await this.#authenticate(form, request.origin);
    request.actor = app.clientId;
    const scopes = typeof form['scope'] === 'string' ? form['scope'].split(' ').filter(Boolean) : [];
    if (scopes.length === 0)
      throw new TokenRefusal(
        400,
        'invalid_scope',
        "The authorization server resource does not have any configured default scopes, 'scope' must be provided.",
      );
    const foreign = scopes.filter((scope) => !app.scopes.includes(scope));
    if (foreign.length > 0)
      throw new TokenRefusal(400, 'invalid_scope', 'One or more scopes are not configured for the authorization server resource.');
    const boundTo = app.dpop ? await this.#demandProof(request) : undefined;
    const token = randomBytes(32).toString('base64url');
    const id = `AT.${randomBytes(12).toString('base64url')}${this.#made++}`;
    this.#tokens.set(token, {
      id,
      app,
      scopes: new Set(scopes),
      expiresAt: this.clock.now() + this.clock.scale(LIFE_S * 1000),
      ...(boundTo === undefined ? {} : { boundTo }),
    });
    return {
      status: 200,
      headers: { 'cache-control': 'no-cache, no-store', pragma: 'no-cache' },
      body: { token_type: app.dpop ? 'DPoP' : 'Bearer', expires_in: LIFE_S, access_token: token, scope: scopes.join(' ') },
    };
  }

  async #authenticate(form: Record<string, unknown>, origin: string): Promise<ServiceApp> {
    const assertion = form['client_assertion'];
    if (form['client_assertion_type'] !== ASSERTION_TYPE || typeof assertion !== 'string') {
      throw new TokenRefusal(
        401,
        'invalid_client',
        'Client authentication failed. Either the client or the client credentials are invalid.',
      );
    }
    try {
      const app = this.credentials.appOf(String(decodeJwt(assertion).sub));
      if (!app) throw new TokenRefusal(401, 'invalid_client', "Invalid value for 'client_id' parameter.");
      const audience = [origin, origin.replace('localhost', '127.0.0.1'), origin.replace('127.0.0.1', 'localhost')].map(
        (base) => `${base}/oauth2/v1/token`,
      );
      await jwtVerify(assertion, await importJWK(app.publicKey, 'RS256'), {
        algorithms: ['RS256'],
        audience,
        issuer: app.clientId,
        subject: app.clientId,
        maxTokenAge: '1h',
        clockTolerance: 60,
      });
      return app;
    } catch (error) {
      if (error instanceof TokenRefusal) throw error;
      throw new TokenRefusal(
        401,
        'invalid_client',
        `The client_assertion is not valid: ${error instanceof Error ? error.message : 'unreadable'}`,
      );
    }
  }

  async #demandProof(request: VendorRequest): Promise<string> {
    const proof = request.headers['dpop'];
    if (proof === undefined) throw new TokenRefusal(400, 'invalid_dpop_proof', 'The DPoP proof JWT header is missing.');
    const { claims, thumbprint } = await openProof(proof).catch((): never => {
      throw new TokenRefusal(400, 'invalid_dpop_proof', 'The DPoP proof JWT is invalid.');
    });
    if (claims['nonce'] !== this.#nonce) {
      throw new TokenRefusal(400, 'use_dpop_nonce', 'Authorization server requires nonce in DPoP proof.', { 'dpop-nonce': this.#nonce });
    }
    if (claims['htm'] !== 'POST' || !sameUrl(claims['htu'], request))
      throw new TokenRefusal(400, 'invalid_dpop_proof', 'The DPoP proof JWT does not fit the request.');
    return thumbprint;
  }

  async #checkBound(scheme: string, token: string, boundTo: string, request: VendorRequest): Promise<void> {
    const refusal = unauthorised({
      'www-authenticate': 'DPoP algs="RS256 ES256", error="invalid_dpop_proof", error_description="The DPoP proof JWT is invalid"',
    });
    const proof = request.headers['dpop'];
    if (scheme !== 'dpop' || proof === undefined) throw refusal;
    const { claims, thumbprint } = await openProof(proof).catch((): never => {
      throw refusal;
    });
    const ath = createHash('sha256').update(token).digest('base64url');
    if (
      thumbprint !== boundTo ||
      claims['ath'] !== ath ||
      String(claims['htm']).toUpperCase() !== request.method ||
      !sameUrl(claims['htu'], request)
    )
      throw refusal;
  }
}

async function openProof(proof: string): Promise<{ claims: JWTPayload; thumbprint: string }> {
  const { jwk, alg, typ } = decodeProtectedHeader(proof);
  if (!jwk || !alg || typ !== 'dpop+jwt') throw new OktaError(400, 'E0000011', 'no DPoP proof');
  const { payload } = await jwtVerify(proof, await importJWK(jwk, alg));
  return { claims: payload, thumbprint: await calculateJwkThumbprint(jwk) };
}

function sameUrl(htu: unknown, request: VendorRequest): boolean {
  return typeof htu === 'string' && URL.canParse(htu) && new URL(htu).pathname === request.path;
}
