// SPDX-License-Identifier: Apache-2.0
// The byte channel port: a connected, ordered, two-way stream of bytes. TCP, TLS and unix sockets implement it in
// `platform/node`, an in-memory pair in `testing`. The HTTP/2 engine knows the network by this file alone.

/** Who is at the other end, as far as the transport knows. */
export interface ChannelPeer {
  /** IP address, or the path of a unix socket; empty when unknown. */
  readonly address: string;
  /** TCP port; 0 where there is none. */
  readonly port: number;
  /** Present when the channel is encrypted. */
  readonly tls?: ChannelTls;
}

/** What the TLS handshake settled. */
export interface ChannelTls {
  /** `TLSv1.2` or `TLSv1.3`. */
  readonly protocol: string;
  /** OpenSSL's name of the cipher suite. */
  readonly cipher: string;
  /** The protocol chosen by ALPN; empty when none was. */
  readonly alpn: string;
  /** The name the client asked for (SNI), in lower case; empty when none. */
  readonly serverName: string;
}

/**
 * What a channel calls. Calls never overlap. After `onClose` there is none.
 */
export interface ByteReceiver {
  /** Bytes in order. They are the channel's again when this returns: copy what is kept. */
  onBytes(bytes: Uint8Array): void;
  /** The channel takes bytes again after `write` returned false. */
  onWritable(): void;
  /** The peer will send no more (FIN). Our side may still write. */
  onEnd(): void;
  /** The channel is gone, once and last; with the error when it did not end in good order. */
  onClose(error: Error | undefined): void;
}

export interface ByteChannel {
  readonly peer: ChannelPeer;
  /** Bytes given to `write` that the kernel has not taken yet. */
  readonly bufferedBytes: number;
  /** Names the receiver, once. Bytes flow from then on, never before this returns. */
  open(receiver: ByteReceiver): void;
  /**
   * Sends the segments in order, in one system call where possible. They belong to the channel until `onReleased` is
   * called, once: when the kernel has taken them or the channel is closed; possibly before `write` returns.
   * Returns false when the peer reads too slowly: stop, `onWritable` follows.
   */
  write(segments: readonly Uint8Array[], onReleased: () => void): boolean;
  /** Stops and restarts `onBytes` (TCP backpressure). A call of `onBytes` may still follow a `pause`. */
  pause(): void;
  resume(): void;
  /** Sends FIN after everything written. */
  end(): void;
  /** Ends at once; unsent bytes are dropped. `onClose` follows. */
  destroy(error?: Error): void;
}
