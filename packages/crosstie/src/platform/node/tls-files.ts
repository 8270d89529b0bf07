// SPDX-License-Identifier: Apache-2.0
// Certificates and keys: given as PEM text or as the path of a file, read and checked before anything listens, so that
// a mistake is one sentence at the start and not a failed handshake later.

import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { SecureContextOptions } from 'node:tls';
import { SetupError } from './setup-error.ts';

/** PEM text, or the path of a PEM file. */
export type PemOrFile = string | Uint8Array;

export interface TlsIdentity {
  /** The certificate, followed by its intermediates. */
  readonly cert?: PemOrFile;
  /** Its private key, unencrypted. */
  readonly key?: PemOrFile;
  /** Who is trusted to sign the peer's certificate. Default: the authorities Node ships. */
  readonly ca?: PemOrFile;
}

/**
 * RFC 9113 §9.2.2 and Appendix A: over TLS 1.2 only ephemeral keys with AEAD. TLS 1.3 has no other suites. Elliptic curves
 * only: finite-field Diffie-Hellman costs ten times as much for the same strength.
 */
export const HTTP2_CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');

/** The PEM text of each, read from its file where a path was given. */
export interface TlsPem {
  readonly cert?: string;
  readonly key?: string;
  readonly ca?: string;
}

export function loadTlsPem(identity: TlsIdentity): TlsPem {
  const pem: { cert?: string; key?: string; ca?: string } = {};
  if (identity.cert !== undefined) pem.cert = ensureCertificate('certificate', identity.cert);
  if (identity.key !== undefined) pem.key = ensureKey(identity.key);
  if (identity.ca !== undefined) pem.ca = ensureCertificate('CA certificate', identity.ca);
  if (pem.cert !== undefined && pem.key !== undefined) ensurePair(pem.cert, pem.key, identity);
  if ((pem.cert === undefined) !== (pem.key === undefined)) {
    const [have, lack] = pem.cert === undefined ? ['key', 'cert'] : ['cert', 'key'];
    throw new SetupError('TLS_INCOMPLETE', `tls.${have} is given without tls.${lack}; give both`);
  }
  return pem;
}

/** For `tls.createServer` and `tls.connect`. */
export function tlsContextOptions({ cert, key, ca }: TlsPem): SecureContextOptions {
  const options: SecureContextOptions = { minVersion: 'TLSv1.2', ciphers: HTTP2_CIPHERS };
  if (cert !== undefined) options.cert = cert;
  if (key !== undefined) options.key = key;
  if (ca !== undefined) options.ca = ca;
  return options;
}

function ensureCertificate(what: string, given: PemOrFile): string {
  const text = readPem(what, given);
  try {
    new X509Certificate(text);
  } catch {
    throw new SetupError(
      'TLS_FILE',
      `${describe(what, given)} holds no certificate in PEM form ("-----BEGIN CERTIFICATE-----")`,
    );
  }
  return text;
}

function ensureKey(given: PemOrFile): string {
  const text = readPem('private key', given);
  try {
    createPrivateKey(text);
  } catch (error) {
    const isLocked = error instanceof Error && /passphrase|encrypted|interrupted/i.test(error.message);
    const remedy = isLocked
      ? 'is encrypted; remove the passphrase (openssl pkey -in key.pem -out plain.pem)'
      : 'holds no private key in PEM form ("-----BEGIN PRIVATE KEY-----")';
    throw new SetupError('TLS_FILE', `${describe('private key', given)} ${remedy}`);
  }
  return text;
}

function ensurePair(cert: string, key: string, identity: TlsIdentity): void {
  if (new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) return;
  const files = `${describe('certificate', identity.cert)} and ${describe('private key', identity.key)}`;
  throw new SetupError(
    'TLS_FILE',
    `${files} do not belong together; the leaf certificate must stand first in its file`,
  );
}

function readPem(what: string, given: PemOrFile): string {
  const text = typeof given === 'string' ? given : new TextDecoder().decode(given);
  if (text.includes('-----BEGIN ')) return text;
  if (text.includes('\n') || text === '' || text.includes('\0')) {
    throw new SetupError('TLS_FILE', `${what} is neither PEM text nor the path of a file`);
  }
  try {
    return readFileSync(text, 'utf8');
  } catch (error) {
    throw new SetupError('TLS_FILE', `${what} file ${text} cannot be read: ${fileProblem(error)}`);
  }
}

function fileProblem(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT') return 'there is no such file; check the path';
  if (code === 'EACCES') return 'this user may not read it; check its permissions';
  if (code === 'EISDIR') return 'it is a directory; name the file in it';
  return code ?? String(error);
}

function describe(what: string, given: PemOrFile | undefined): string {
  const isPath = typeof given === 'string' && !given.includes('-----BEGIN ');
  return isPath ? `${what} file ${given}` : what;
}
