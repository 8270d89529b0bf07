// SPDX-License-Identifier: Apache-2.0
// What went wrong while connecting, in words: the fact and the remedy. The codes are Node's and OpenSSL's.

const PROBLEMS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'the name is unknown; check its spelling and the DNS search path',
  EAI_AGAIN: 'the name server does not answer; check the network and /etc/resolv.conf',
  ECONNREFUSED: 'nothing listens there; check that the server runs and that the port is right',
  ECONNRESET: 'the server closed the connection; check that the port speaks what the target says (http:// or https://)',
  EHOSTUNREACH: 'there is no route to the host; check the network',
  ENETUNREACH: 'there is no route to the network; check the network',
  ETIMEDOUT: 'the host does not answer; check the address and the firewall',
  EACCES: 'this user may not open the socket; check its permissions',
  ENOENT: 'there is no such socket; check the path and that the server runs',
  ERR_SSL_WRONG_VERSION_NUMBER: 'the server does not speak TLS there; use http:// or the TLS port',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'the server does not speak TLS there; use http:// or the TLS port',
  ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: 'the server does not offer HTTP/2 (ALPN h2)',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'the server wants a client certificate; give tls.cert and tls.key',
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: 'the server does not trust our certificate; have it signed by an authority it knows',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is signed by itself; give it as tls.ca to trust it',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate comes from an unknown authority; give that as tls.ca to trust it',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate comes from an unknown authority; give that as tls.ca to trust it',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate comes from an unknown authority; give that as tls.ca to trust it',
  CERT_HAS_EXPIRED: 'its certificate has expired; renew it',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet; check both clocks',
};

export function describeProblem(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return `${altNameProblem(error)}; set tls.serverName to a name it has`;
  const known = PROBLEMS[code];
  return known === undefined ? error.message.split('\n', 1)[0] : `${known} (${code})`;
}

function altNameProblem(error: Error): string {
  const { reason } = error as Error & { reason?: string };
  return `its certificate is for another name: ${(reason ?? error.message).replace(/\.$/, '')}`;
}
