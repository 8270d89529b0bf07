// SPDX-License-Identifier: Apache-2.0
export type { BindAddress } from './bind.ts';
export { nodeClock } from './clock.ts';
export { ConnectError, type ConnectPhase } from './connect-error.ts';
export { type ConnectTarget, type ParsedTarget, parseTarget } from './connect-target.ts';
export type { ConnectionLimits } from './connection-count.ts';
export { type ConnectProgress, connectChannel } from './connector.ts';
export type { DialTls } from './dial.ts';
export { NodeHttp1Port } from './http1.ts';
export { type ConnectionRefusal, Listener, type ListenerTls } from './listener.ts';
export { SetupError, type SetupErrorCode } from './setup-error.ts';
export { SocketChannel } from './socket-channel.ts';
export { loadTlsPem, type PemOrFile, type TlsIdentity } from './tls-files.ts';
