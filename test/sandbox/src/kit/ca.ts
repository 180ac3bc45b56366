import { createHash, createPrivateKey, generateKeyPairSync, randomBytes, sign, X509Certificate, type KeyObject } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bits, implicit, integer, octets, oid, sequence, set, tagged, time, utf8, yes } from './der.ts';

export interface Certificates {
  /** The authority's certificate, PEM: what callers must trust. */
  ca: string;
  caFile: string;
  /** Certificate and key of localhost and 127.0.0.1, PEM. */
  cert: string;
  key: string;
}

interface Files {
  ca: string;
  cert: string;
  key: string;
}

const YEAR = 365 * 24 * 3600 * 1000;

/**
 * A local certificate authority with one leaf for localhost, 127.0.0.1 and ::1, kept in `folder` (keys readable by the owner only) and used again
 * on the next start as long as the leaf is good for another month. P-256: made in a millisecond, and cheap at every handshake.
 */
export function localCertificates(folder: string): Certificates {
  mkdirSync(folder, { recursive: true });
  const files: Files = { ca: join(folder, 'ca.pem'), cert: join(folder, 'localhost.pem'), key: join(folder, 'localhost.key') };
  if (!usable(files)) make(files);
  return {
    ca: readFileSync(files.ca, 'utf8'),
    caFile: files.ca,
    cert: readFileSync(files.cert, 'utf8'),
    key: readFileSync(files.key, 'utf8'),
  };
}

function usable(files: Files): boolean {
  if (!Object.values(files).every((file: string) => existsSync(file))) return false;
  const leaf = new X509Certificate(readFileSync(files.cert));
  const authority = new X509Certificate(readFileSync(files.ca));
  return (
    leaf.checkIssued(authority) &&
    leaf.checkPrivateKey(createPrivateKey(readFileSync(files.key))) &&
    Date.parse(leaf.validTo) > Date.now() + YEAR / 12
  );
}

function make(files: Files): void {
  const authority = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const leaf = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issuer = `Sandbox local CA ${randomBytes(4).toString('hex')}`;
  const issued = { issuer, signer: authority.privateKey, authority: authority.publicKey };
  const ca = certificate({
    ...issued,
    subject: issuer,
    publicKey: authority.publicKey,
    lifeMs: 10 * YEAR,
    extensions: authorityExtensions,
  });
  const cert = certificate({ ...issued, subject: 'localhost', publicKey: leaf.publicKey, lifeMs: 2 * YEAR, extensions: leafExtensions });
  writeSecret(files.key, pemOf(leaf.privateKey));
  writeSecret(files.ca.replace(/\.pem$/, '.key'), pemOf(authority.privateKey));
  writeFileSync(files.cert, cert);
  writeFileSync(files.ca, ca);
}

const pemOf = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();

interface Request {
  subject: string;
  issuer: string;
  publicKey: KeyObject;
  signer: KeyObject;
  authority: KeyObject;
  lifeMs: number;
  extensions: (subject: KeyObject, authority: KeyObject) => Buffer[];
}

const ECDSA_SHA256 = sequence(oid('1.2.840.10045.4.3.2'));
const name = (text: string): Buffer => sequence(set(sequence(oid('2.5.4.3'), utf8(text))));
const spkiOf = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' });
/** SHA-1 over the public key, as RFC 5280 suggests for key identifiers. */
const keyId = (key: KeyObject): Buffer => createHash('sha1').update(spkiOf(key).subarray(-65)).digest();

/** An X.509 version 3 certificate, PEM. */
function certificate({ subject, issuer, publicKey, signer, authority, lifeMs, extensions }: Request): string {
  const content = sequence(
    tagged(0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([0x4d]), randomBytes(15)])),
    ECDSA_SHA256,
    name(issuer),
    sequence(time(new Date(Date.now() - 24 * 3600 * 1000)), time(new Date(Date.now() + lifeMs))),
    name(subject),
    spkiOf(publicKey),
    tagged(3, sequence(...extensions(publicKey, authority))),
  );
  const der = sequence(content, ECDSA_SHA256, bits(sign('sha256', content, signer)));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

const extension = (id: string, critical: boolean, value: Buffer): Buffer => sequence(oid(id), ...(critical ? [yes()] : []), octets(value));
const keyIds = (subject: KeyObject, authority: KeyObject): Buffer[] => [
  extension('2.5.29.14', false, octets(keyId(subject))),
  extension('2.5.29.35', false, sequence(implicit(0, keyId(authority)))),
];

/** Signs certificates and lists of revoked ones. */
const authorityExtensions = (subject: KeyObject, authority: KeyObject): Buffer[] => [
  extension('2.5.29.19', true, sequence(yes())),
  extension('2.5.29.15', true, bits(Buffer.from([0x06]), 1)),
  ...keyIds(subject, authority),
];

const IPV6_LOCAL = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);

/** A server on this machine. */
const leafExtensions = (subject: KeyObject, authority: KeyObject): Buffer[] => [
  extension('2.5.29.19', false, sequence()),
  extension('2.5.29.15', true, bits(Buffer.from([0x80]), 7)),
  extension('2.5.29.37', false, sequence(oid('1.3.6.1.5.5.7.3.1'))),
  extension(
    '2.5.29.17',
    false,
    sequence(implicit(2, Buffer.from('localhost')), implicit(7, Buffer.from([127, 0, 0, 1])), implicit(7, IPV6_LOCAL)),
  ),
  ...keyIds(subject, authority),
];

/** Writes a file that only its owner can read, whatever it was before. */
export function writeSecret(file: string, text: string): void {
  writeFileSync(file, text, { mode: 0o600 });
  chmodSync(file, 0o600);
}
