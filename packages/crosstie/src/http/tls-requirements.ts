// SPDX-License-Identifier: Apache-2.0
// What HTTP/2 asks of TLS (RFC 9113 §9.2). The listener and the connector configure it so; this checks the outcome,
// once per connection, because a context may have been made elsewhere.

import type { ChannelTls } from '../core/index.ts';

/** TLS 1.2 suites with ephemeral keys and AEAD, by OpenSSL's names: what remains outside RFC 9113 Appendix A. */
const ADEQUATE_TLS12 = /^(?:ECDHE|DHE)-.*(?:GCM|CCM8?|CHACHA20-POLY1305)/;

/** What is wrong with the handshake's outcome for HTTP/2, as a sentence; undefined when nothing is. */
export function findTlsFault(tls: ChannelTls): string | undefined {
  // §9.2: implementations of HTTP/2 MUST use TLS version 1.2 or higher. §9.2.3: TLS 1.3 has no suite to avoid.
  if (tls.protocol === 'TLSv1.3') return undefined;
  if (tls.protocol !== 'TLSv1.2') return `HTTP/2 needs TLS 1.2 or later, the handshake settled on ${tls.protocol}`;
  // §9.2.2: any suite on the list of Appendix A may be treated as INADEQUATE_SECURITY.
  if (ADEQUATE_TLS12.test(tls.cipher)) return undefined;
  return `HTTP/2 forbids the cipher suite ${tls.cipher}: TLS 1.2 needs ephemeral keys and AEAD`;
}

/**
 * An empty SETTINGS frame, our preface (RFC 9113 §3.4), and GOAWAY with last stream 0 and INADEQUATE_SECURITY (0xc).
 */
export const INADEQUATE_SECURITY_BYTES: Uint8Array = Uint8Array.of(
  ...[0, 0, 0, 4, 0, 0, 0, 0, 0],
  ...[0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xc],
);
