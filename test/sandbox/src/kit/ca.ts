import { createPrivateKey, generateKeyPairSync, randomBytes, X509Certificate } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import forge from 'node-forge';

export interface Certificates {
  /** The authority's certificate, PEM: what callers must trust. */
  ca: string;
  caFile: string;
  /** Certificate and key of localhost and 127.0.0.1, PEM. */
  cert: string;
  key: string;
}

const YEAR = 365 * 24 * 3600 * 1000;

/**
 * A local certificate authority with one leaf for localhost, 127.0.0.1 and ::1, kept in `folder` (keys readable by the owner only) and used again
 * on the next start as long as the leaf is good for another month. RSA, as node-forge signs no other; the keys come from OpenSSL.
 */
export function localCertificates(folder: string): Certificates {
  mkdirSync(folder, { recursive: true });
  const caFile = join(folder, 'ca.pem');
  const files = { ca: caFile, cert: join(folder, 'localhost.pem'), key: join(folder, 'localhost.key') };
  if (!usable(files)) make(files);
  return { ca: readFileSync(files.ca, 'utf8'), caFile, cert: readFileSync(files.cert, 'utf8'), key: readFileSync(files.key, 'utf8') };
}

function usable(files: { ca: string; cert: string; key: string }): boolean {
  if (!Object.values(files).every((file) => existsSync(file))) return false;
  const leaf = new X509Certificate(readFileSync(files.cert));
  const authority = new X509Certificate(readFileSync(files.ca));
  return (
    leaf.checkIssued(authority) &&
    leaf.checkPrivateKey(createPrivateKey(readFileSync(files.key))) &&
    Date.parse(leaf.validTo) > Date.now() + YEAR / 12
  );
}

function make(files: { ca: string; cert: string; key: string }): void {
  const authority = keyPair();
  const leaf = keyPair();
  const issuer = [{ name: 'commonName', value: `Sandbox local CA ${randomBytes(4).toString('hex')}` }];
  const ca = certificate(authority.publicKey, issuer, 10 * YEAR);
  ca.setIssuer(issuer);
  ca.setExtensions([
    { name: 'basicConstraints', cA: true, critical: true },
    { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    { name: 'subjectKeyIdentifier' },
  ]);
  ca.sign(authority.privateKey, forge.md.sha256.create());
  const cert = certificate(leaf.publicKey, [{ name: 'commonName', value: 'localhost' }], 2 * YEAR);
  cert.setIssuer(issuer);
  cert.setExtensions([
    { name: 'basicConstraints', cA: false },
    { name: 'keyUsage', digitalSignature: true, keyEncipherment: true, critical: true },
    { name: 'extKeyUsage', serverAuth: true },
    {
      name: 'subjectAltName',
      altNames: [
        { type: 2, value: 'localhost' },
        { type: 7, ip: '127.0.0.1' },
        { type: 7, ip: '::1' },
      ],
    },
  ]);
  cert.sign(authority.privateKey, forge.md.sha256.create());
  writeSecret(files.key, leaf.privatePem);
  writeSecret(files.ca.replace(/\.pem$/, '.key'), authority.privatePem);
  writeFileSync(files.cert, forge.pki.certificateToPem(cert));
  writeFileSync(files.ca, forge.pki.certificateToPem(ca));
}

function certificate(publicKey: forge.pki.rsa.PublicKey, subject: forge.pki.CertificateField[], lifeMs: number): forge.pki.Certificate {
  const cert = forge.pki.createCertificate();
  cert.publicKey = publicKey;
  cert.serialNumber = `00${randomBytes(16).toString('hex')}`;
  cert.validity.notBefore = new Date(Date.now() - 24 * 3600 * 1000);
  cert.validity.notAfter = new Date(Date.now() + lifeMs);
  cert.setSubject(subject);
  return cert;
}

function keyPair(): { publicKey: forge.pki.rsa.PublicKey; privateKey: forge.pki.rsa.PrivateKey; privatePem: string } {
  const pair = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  });
  return {
    publicKey: forge.pki.publicKeyFromPem(pair.publicKey),
    privateKey: forge.pki.privateKeyFromPem(pair.privateKey),
    privatePem: pair.privateKey,
  };
}

/** Writes a file that only its owner can read, whatever it was before. */
export function writeSecret(file: string, text: string): void {
  writeFileSync(file, text, { mode: 0o600 });
  chmodSync(file, 0o600);
}
