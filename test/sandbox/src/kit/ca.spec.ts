import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { localCertificates } from './ca.ts';

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'sandbox-ca-'))));
afterAll(() => rmSync(folder, { recursive: true }));

describe('the local authority', () => {
  it('issues a certificate for localhost that verifies under it', () => {
    const { ca, cert } = localCertificates(folder);
    const leaf = new X509Certificate(cert);
    const authority = new X509Certificate(ca);
    expect(authority.ca).toBe(true);
    expect(leaf.ca).toBe(false);
    expect(leaf.verify(authority.publicKey)).toBe(true);
    expect(leaf.checkHost('localhost')).toBe('localhost');
    expect(leaf.checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect(leaf.checkHost('example.com')).toBeUndefined();
  });

  it('is kept, with keys that only the owner reads, and made anew when a part is missing or foreign', () => {
    const first = localCertificates(folder);
    expect(localCertificates(folder)).toEqual(first);
    for (const file of ['ca.key', 'localhost.key']) expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600);
    const other = mkdtempSync(join(tmpdir(), 'sandbox-ca-'));
    writeFileSync(join(folder, 'localhost.pem'), localCertificates(other).cert);
    rmSync(other, { recursive: true });
    const again = localCertificates(folder);
    expect(again.ca).not.toBe(first.ca);
    expect(readFileSync(again.caFile, 'utf8')).toBe(again.ca);
  });
});
