// SPDX-License-Identifier: Apache-2.0
// One address, one attempt: socket, then TLS if it is wanted, then a channel. The socket has its error listener in the
// turn it is made, and is destroyed when the attempt is called off.

import { connect as connectTcp, type NetConnectOpts, type Socket } from 'node:net';
import { type ConnectionOptions, checkServerIdentity, connect as connectTls } from 'node:tls';
import type { ChannelTls } from '../../core/index.ts';
import { findTlsFault } from '../../http/index.ts';
import { ClientChannel, ClientReads } from './client-channel.ts';
import { socketPeer } from './socket-channel.ts';
import { type TlsPem, tlsContextOptions } from './tls-files.ts';

export type DialAddress = { readonly host: string; readonly port: number } | { readonly path: string };

export interface DialTls extends TlsPem {
  /** Sent as SNI and looked for in the certificate: a name, or an IP address, which is only looked for. */
  readonly serverName: string;
  readonly isIpAddress: boolean;
}

export interface DialOptions {
  readonly tls: DialTls | undefined;
  readonly signal: AbortSignal;
  /** TCP is up; called before TLS begins. */
  readonly onReached: () => void;
}

export function dial(address: DialAddress, options: DialOptions): Promise<ClientChannel> {
  const { tls, signal, onReached } = options;
  return new Promise((resolve, reject) => {
    const reads = new ClientReads();
    const socket = openSocket(address, tls, reads);
    let lastError: Error | undefined;
    const onError = (error: Error): void => {
      lastError = error;
    };
    const onClose = (): void => {
      signal.removeEventListener('abort', onAbort);
      reject(lastError ?? new Error('the server closed the connection'));
    };
    const onAbort = (): void => {
      socket.destroy();
    };
    const onOpen = (): void => {
      const peer = 'path' in address ? { ...socketPeer(socket), address: address.path } : socketPeer(socket);
      const fault = peer.tls === undefined ? undefined : findOutcomeFault(peer.tls);
      if (fault !== undefined) {
        socket.destroy(new Error(fault));
        return;
      }
      // The channel has its own listeners before ours go.
      const channel = new ClientChannel(socket, peer, reads);
      signal.removeEventListener('abort', onAbort);
      socket.off('error', onError).off('close', onClose);
      resolve(channel);
    };
    socket.on('error', onError).on('close', onClose).once('connect', onReached);
    socket.once(tls === undefined ? 'connect' : 'secureConnect', onOpen);
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
  });
}

function openSocket(address: DialAddress, tls: DialTls | undefined, { onread }: ClientReads): Socket {
  const common: NetConnectOpts = { ...address, onread, noDelay: true, allowHalfOpen: true };
  if (tls === undefined) return connectTcp(common);
  const options: ConnectionOptions = {
    ...common,
    ...tlsContextOptions(tls),
    // RFC 9113 §3.2: HTTP/2 over TLS is negotiated by ALPN, and nothing else is of use here.
    ALPNProtocols: ['h2'],
    checkServerIdentity: (_host, certificate) => checkServerIdentity(tls.serverName, certificate),
  };
  // RFC 6066 §3: SNI holds names only, no addresses.
  if (!tls.isIpAddress) options.servername = tls.serverName;
  return connectTls(options);
}

function findOutcomeFault(tls: ChannelTls): string | undefined {
  // RFC 9113 §3.2: without `h2` in the server's ALPN answer there is no HTTP/2 here.
  return tls.alpn === 'h2' ? findTlsFault(tls) : 'the server does not offer HTTP/2 (ALPN h2)';
}
