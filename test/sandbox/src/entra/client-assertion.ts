import { constants, createHash, createPublicKey, verify, X509Certificate, type KeyObject } from 'node:crypto';

import type { AppRegistration } from './permissions.ts';

interface Assertion {
  header: Record<string, unknown>;
  claims: Record<string, unknown>;
  signed: Buffer;
  signature: Buffer;
}

/** Why an assertion does not count: the AADSTS code and its text. */
export interface AssertionFault {
  code: number;
  text: string;
}

const SKEW_SECONDS = 300;

/**
 * Checks a client assertion (RFC 7523) against the registration's keys. `audiences`: token endpoint and issuer. `now`: seconds of
 * the real clock, by which clients sign.
 */
export function checkAssertion(
  text: string,
  registration: AppRegistration,
  { audiences, now }: { audiences: readonly string[]; now: number },
): AssertionFault | undefined {
  const assertion = parse(text);
  if (!assertion) return { code: 50027, text: 'JWT token is invalid or malformed.' };
  return checkClaims(assertion, registration, { audiences, now }) ?? checkSignature(assertion, registration);
}

/** The client that an assertion claims to be, for requests without `client_id`. */
export const subjectOf = (text: string): string | undefined => {
  const subject = parse(text)?.claims['sub'];
  return typeof subject === 'string' ? subject : undefined;
};

function parse(text: string): Assertion | undefined {
  const parts = text.split('.');
  if (parts.length !== 3) return undefined;
  const [header = '', claims = '', signature = ''] = parts;
  try {
    return {
      header: JSON.parse(Buffer.from(header, 'base64url').toString()) as Record<string, unknown>,
      claims: JSON.parse(Buffer.from(claims, 'base64url').toString()) as Record<string, unknown>,
      signed: Buffer.from(`${header}.${claims}`),
      signature: Buffer.from(signature, 'base64url'),
    };
  } catch {
    return undefined;
  }
}

function checkClaims(
  { claims }: Assertion,
  registration: AppRegistration,
  { audiences, now }: { audiences: readonly string[]; now: number },
): AssertionFault | undefined {
  const { iss, sub, aud, exp, nbf } = claims;
  if (iss !== registration.clientId || sub !== registration.clientId) {
    return { code: 700021, text: "Client assertion application identifier doesn't match 'client_id' parameter." };
  }
  if (!audiences.includes(String(aud))) {
    return { code: 700212, text: 'No matching federated identity record found for presented assertion audience.' };
  }
  const inTime = typeof exp === 'number' && exp > now - SKEW_SECONDS && (typeof nbf !== 'number' || nbf < now + SKEW_SECONDS);
  return inTime ? undefined : { code: 700024, text: 'Client assertion is not within its valid time range.' };
}

function checkSignature({ header, signed, signature }: Assertion, registration: AppRegistration): AssertionFault | undefined {
  if (!['kid', 'x5t', 'x5t#S256'].some((name) => typeof header[name] === 'string')) {
    return { code: 700027, text: 'Client assertion failed signature validation: no key identifier in its header.' };
  }
  for (const pem of registration.publicKeys ?? []) {
    if (!thumbprintFits(header, pem)) continue;
    if (verifies(String(header['alg']), createPublicKey(pem), { signed, signature })) return undefined;
  }
  return { code: 700027, text: 'The certificate with identifier used to sign the client assertion is not registered on application.' };
}

function thumbprintFits(header: Record<string, unknown>, pem: string): boolean {
  if (!pem.includes('BEGIN CERTIFICATE')) return true;
  const raw = new X509Certificate(pem).raw;
  const digest = (algorithm: string) => createHash(algorithm).update(raw).digest('base64url');
  if (typeof header['x5t#S256'] === 'string') return header['x5t#S256'] === digest('sha256');
  return typeof header['x5t'] !== 'string' || header['x5t'] === digest('sha1');
}

function verifies(algorithm: string, key: KeyObject, { signed, signature }: { signed: Buffer; signature: Buffer }): boolean {
  switch (algorithm) {
    case 'RS256':
      return key.asymmetricKeyType === 'rsa' && verify('sha256', signed, key, signature);
    case 'PS256':
      return key.asymmetricKeyType === 'rsa' && verify('sha256', signed, { key, padding: constants.RSA_PKCS1_PSS_PADDING }, signature);
    case 'ES256':
      return key.asymmetricKeyType === 'ec' && verify('sha256', signed, { key, dsaEncoding: 'ieee-p1363' }, signature);
    default:
      return false;
  }
}
