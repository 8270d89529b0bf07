// SPDX-License-Identifier: Apache-2.0
// The application of a fuzz program. It does what its behaviour says, within the contract of Exchange, and holds the
// engine to its own half: calls in order, none after the last.

import {
  type BodyReceiver,
  type Exchange,
  type ExchangeClient,
  type HeaderFields,
  outgoingHeaders,
  prepareHeaders,
  type ResponseReceiver,
  type ServerExchange,
} from '../../packages/crosstie/src/exchange/index.ts';
import { PEER_BODY_BYTE } from './peer-writer.ts';
import type { Action, Behaviour, Program } from './program.ts';
import { bodyByte } from './referee.ts';

const REQUEST = prepareHeaders([
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', '/crosstie.echo.v1.EchoService/Echo'],
  [':authority', 'a.test'],
  ['te', 'trailers'],
]);
const RESPONSE = prepareHeaders([
  [':status', '200'],
  ['content-type', 'application/grpc'],
]);
const TRAILERS = prepareHeaders([['grpc-status', '0']]);
const INFORMATION = outgoingHeaders([[':status', '103']]);
const PIECE_BYTES = 9_000;
const CANCEL = 8;

/** Our side of an exchange. */
type Sent = 'nothing' | 'head' | 'end' | 'reset';

export class Application {
  readonly exchanges: FuzzExchange[] = [];
  readonly #behaviours: readonly Behaviour[];
  readonly #checksBytes: boolean;

  constructor({ behaviours, lawful }: Program) {
    this.#behaviours = behaviours;
    this.#checksBytes = lawful;
  }

  serve(exchange: ServerExchange): BodyReceiver {
    const behaviour = this.#behaviours[this.exchanges.length % this.#behaviours.length];
    const served = new FuzzExchange(behaviour, 'nothing', this.#checksBytes);
    this.exchanges.push(served);
    served.begin(exchange, exchange);
    return served;
  }

  open(client: ExchangeClient, behaviour: Behaviour, bodyBytes: number | undefined): void {
    const opened = new FuzzExchange(behaviour, bodyBytes === undefined ? 'head' : 'end', this.#checksBytes);
    this.exchanges.push(opened);
    const head = REQUEST.with(['x-call', String(this.exchanges.length)]);
    const exchange =
      bodyBytes === undefined
        ? client.open(head, opened)
        : client.request(head, bodyBytes === 0 ? undefined : opened.nextBytes(bodyBytes), opened);
    opened.begin(exchange, undefined);
  }

  act(index: number, action: Action): void {
    this.exchanges[index]?.act(action);
  }

  /** What the engine did against the contract. */
  get violations(): string[] {
    return this.exchanges.flatMap(({ violations }, index) => violations.map((text) => `exchange ${index}: ${text}`));
  }
}

export class FuzzExchange implements ResponseReceiver {
  readonly violations: string[] = [];
  #exchange: Exchange | undefined;
  #server: ServerExchange | undefined;
  readonly #behaviour: Behaviour;
  readonly #checksBytes: boolean;
  #sent: Sent;
  #received: 'nothing' | 'head' | 'end' | 'failure' = 'nothing';
  #offset = 0;
  #toStream = 0;
  #isBlocked = false;
  #heldBytes = 0;
  #grantedBytes = 0;

  constructor(behaviour: Behaviour, sent: Sent, checksBytes: boolean) {
    this.#behaviour = behaviour;
    this.#checksBytes = checksBytes;
    this.#sent = sent;
  }

  /** Nothing is expected of either side any more. */
  get isOver(): boolean {
    if (this.#received === 'failure' || this.#sent === 'reset') return true;
    // A server whose response is complete hears no more: the rest of the request is refused (RFC 9113 §8.1).
    return this.#sent === 'end' && (this.#received === 'end' || this.#server !== undefined);
  }

  /** Our side has ended: whatever remains is up to the peer and the engine. */
  get hasSentEnd(): boolean {
    return this.#sent === 'end' || this.#sent === 'reset';
  }

  /** The handler says its last word, for which its slot is held even after a failure. */
  leave(): void {
    if (this.#received === 'failure') this.#exchange?.reset(CANCEL);
  }

  begin(exchange: Exchange, server: ServerExchange | undefined): void {
    this.#exchange = exchange;
    this.#server = server;
    for (const action of this.#behaviour.onHead) this.act(action);
  }

  act(action: Action): void {
    const exchange = this.#exchange;
    if (exchange === undefined) return;
    switch (action.do) {
      case 'reply':
        this.#reply(action.bytes, action.trailers);
        break;
      case 'inform':
        if (this.#sent === 'nothing') this.#server?.sendInformation(INFORMATION);
        break;
      case 'head':
        this.#sendHead();
        break;
      case 'data':
        this.#sendData(action.bytes);
        break;
      case 'stream':
        this.#toStream = action.bytes;
        this.#streamOn();
        break;
      case 'end':
        this.#sendEnd(action.trailers);
        break;
      case 'reset':
        this.#sent = 'reset';
        exchange.reset(action.code);
        break;
      case 'grant': {
        const bytes = Math.min(action.bytes, this.#heldBytes - this.#grantedBytes);
        this.#grantedBytes += bytes;
        if (bytes > 0) exchange.grant(bytes);
        break;
      }
      case 'release':
        exchange.release(this.#heldBytes);
        this.#heldBytes = 0;
        this.#grantedBytes = 0;
    }
  }

  nextBytes(count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    for (let i = 0; i < count; i++) bytes[i] = bodyByte(this.#offset + i);
    this.#offset += count;
    return bytes;
  }

  // ── what the engine calls ──

  onInformation(): void {
    this.#expect(this.#received === 'nothing', 'onInformation after the head');
  }

  onHead(): void {
    this.#expect(this.#received === 'nothing', 'onHead twice');
    this.#received = 'head';
  }

  onData(bytes: Uint8Array): void {
    this.#expectAlive('onData');
    this.#expect(this.#received !== 'end', 'onData after onEnd');
    this.#expect(bytes.length > 0, 'onData without data');
    if (this.#checksBytes)
      this.#expect(
        bytes.every((byte) => byte === PEER_BODY_BYTE),
        'bytes that were not sent',
      );
    if (this.#behaviour.releases) this.#exchange?.release(bytes.length);
    else this.#heldBytes += bytes.length;
  }

  onEnd(_trailers: HeaderFields | undefined): void {
    this.#expectAlive('onEnd');
    this.#expect(this.#received !== 'end', 'onEnd twice');
    this.#received = 'end';
    for (const action of this.#behaviour.onEnd) this.act(action);
  }

  onFailure(): void {
    this.#expectAlive('onFailure');
    this.#received = 'failure';
  }

  onWritable(): void {
    this.#expectAlive('onWritable');
    this.#expect(!this.hasSentEnd, 'onWritable after our end');
    this.#expect(this.#isBlocked, 'onWritable without need');
    this.#isBlocked = false;
    this.#streamOn();
  }

  // ── what we send ──

  #reply(bytes: number, trailers: boolean): void {
    if (this.#server !== undefined && this.#sent === 'nothing') {
      this.#sent = 'end';
      this.#server.reply(RESPONSE, bytes === 0 ? undefined : this.nextBytes(bytes), trailers ? TRAILERS : undefined);
      return;
    }
    this.#sendData(bytes);
    this.#sendEnd(trailers);
  }

  #sendHead(): void {
    if (this.#sent !== 'nothing') return;
    this.#sent = 'head';
    this.#server?.sendHead(RESPONSE);
  }

  #sendData(bytes: number): void {
    this.#sendHead();
    if (this.#sent !== 'head') return;
    if (this.#exchange?.sendData(this.nextBytes(bytes)) === false) this.#isBlocked = true;
  }

  #streamOn(): void {
    while (this.#toStream > 0 && !this.#isBlocked && !this.hasSentEnd) {
      const piece = Math.min(this.#toStream, PIECE_BYTES);
      this.#toStream -= piece;
      this.#sendData(piece);
    }
  }

  #sendEnd(trailers: boolean): void {
    this.#sendHead();
    if (this.#sent !== 'head') return;
    this.#sent = 'end';
    this.#exchange?.sendEnd(trailers ? TRAILERS : undefined);
  }

  #expectAlive(what: string): void {
    this.#expect(this.#received !== 'failure', `${what} after onFailure`);
    this.#expect(this.#sent !== 'reset', `${what} after our reset`);
  }

  #expect(condition: boolean, fault: string): void {
    if (!condition) this.violations.push(fault);
  }
}
