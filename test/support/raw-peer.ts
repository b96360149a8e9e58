import { once } from 'node:events';
import { nanoid } from 'nanoid';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import type { ClientOptions } from 'ws';
import { FrameDecoder } from '../../src/protocol/frame-decoder.ts';
import { dataHeadBytes, encodeControl, encodeFields, writeDataHead } from '../../src/protocol/frame-encoder.ts';
import { DataFlag } from '../../src/protocol/frame.ts';
import type { ControlFrame, DataHead, MessageFields } from '../../src/protocol/frame.ts';
import { encodeHello } from '../../src/protocol/hello.ts';
import type { Hello } from '../../src/protocol/hello.ts';
import { DEFAULT_TERMS } from '../../src/protocol/limits.ts';
import { decodePacket, encodeAck, streamHeaderBytes, writeStreamHeader } from '../../src/protocol/packet.ts';
import { offeredProtocols } from '../../src/protocol/version.ts';
import { decodeWelcome } from '../../src/protocol/welcome.ts';
import type { EndedWelcome, EstablishedWelcome, Welcome } from '../../src/protocol/welcome.ts';
import { Inbox } from './inbox.ts';

type Loose<T> = { [Name in keyof T]?: T[Name] | undefined };

/** WELCOME with every member that any result may have. */
export type AnyWelcome = Pick<Welcome, 'version' | 'result'> &
  Loose<Omit<EstablishedWelcome & Pick<EndedWelcome, 'close'>, 'version' | 'result'>>;

/** The end of a connection as the peer sees it. */
export interface PeerClose {
  readonly code: number;
  readonly reason: string;
}

/** What a {@link RawPeer} says of a session, on as many connections as it likes. */
export interface PeerSession {
  readonly session: string;
  readonly secret: string;
}

/** A new id and secret. */
export function newSession(): PeerSession {
  return { session: nanoid(22), secret: nanoid(22) };
}

/**
 * A client of one connection that does only what a test tells it, well or badly, and speaks packets through the codec.
 * It acknowledges what comes, unless told not to.
 */
export class RawPeer {
  readonly socket: WebSocket;
  readonly closed: Promise<PeerClose>;
  readonly welcomes = new Inbox<Welcome | string>();
  readonly messages = new Inbox<string | Uint8Array>();
  readonly controls = new Inbox<ControlFrame>();
  /** Acks of the packets that came. */
  readonly acks = new Inbox<number>();
  isAcking = true;
  /** Bytes of the server's stream that came. */
  received = 0;
  /** End of our own stream as sent. */
  sent = 0;
  readonly #decoder: FrameDecoder;
  #head: DataHead | undefined;
  readonly #parts = new Map<number, { readonly isText: boolean; readonly blocks: Uint8Array[] }>();

  private constructor(socket: WebSocket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => {
      socket.on('close', (code, reason) => {
        resolve({ code, reason: reason.toString() });
      });
    });
    socket.on('error', () => undefined);
    socket.on('message', (data) => {
      this.#received(new Uint8Array(data as Buffer));
    });
    this.#decoder = new FrameDecoder({
      dataStart: (head) => {
        if (head.first) this.#parts.set(head.channel, { isText: head.text, blocks: [] });
        this.#head = head;
        return undefined;
      },
      dataPayload: (bytes) => {
        this.#parts.get(this.#head?.channel ?? 0)?.blocks.push(bytes.slice());
        return undefined;
      },
      dataEnd: () => {
        this.#frameEnded();
        return undefined;
      },
      control: (frame) => {
        this.controls.push(frame);
        return undefined;
      },
    });
    onTestFinished(() => {
      socket.terminate();
    });
  }

  /** Opens a connection that offers the protocol. */
  static async open(url: string, options: ClientOptions = {}, protocols = offeredProtocols([])): Promise<RawPeer> {
    const socket = new WebSocket(url, protocols, options);
    const peer = new RawPeer(socket);
    await once(socket, 'open');
    return peer;
  }

  /** Opens a connection, makes or resumes a session, and waits for the answer. */
  static async join(url: string, session: PeerSession = newSession(), more: Partial<Hello> = {}): Promise<RawPeer> {
    const peer = await RawPeer.open(url);
    peer.hello({ ...session, ...more });
    peer.received = more.received ?? 0;
    const welcome = await peer.welcome();
    peer.sent = welcome.received ?? 0;
    return peer;
  }

  hello(more: Partial<Hello> & PeerSession): void {
    this.send(helloPacket(more));
  }

  /** The next WELCOME. */
  async welcome(): Promise<AnyWelcome> {
    const welcome = await Promise.race([this.welcomes.next(), this.closed]);
    if (typeof welcome === 'string') throw new Error(welcome);
    if ('reason' in welcome) throw new Error(`closed with ${welcome.code} ${welcome.reason}`);
    return welcome;
  }

  send(bytes: Uint8Array): void {
    this.socket.send(bytes);
  }

  /** Sends bytes of our stream behind those that went before, in one packet. */
  stream(...frames: readonly Uint8Array[]): void {
    const slice = Buffer.concat(frames);
    this.send(streamPacket(this.sent, slice, this.received));
    this.sent += slice.length;
  }

  /** Acknowledges all that came. */
  ack(): void {
    this.send(encodeAck(false, this.received));
  }

  /** Ends the connection without a word. */
  cut(): void {
    this.socket.terminate();
  }

  #received(bytes: Uint8Array): void {
    const packet = decodePacket(bytes);
    if (typeof packet === 'string') throw new Error(`The server sent ${packet}.`);
    if (packet.kind !== 'stream') {
      if (packet.kind === 'hello') throw new Error('The server sent HELLO.');
      this.welcomes.push(decodeWelcome(packet.body));
      return;
    }
    this.acks.push(packet.ack);
    if (packet.slice.length > 0) {
      this.received += packet.slice.length;
      this.#read(packet.slice);
    }
    if (this.isAcking && (packet.slice.length > 0 || packet.ackNow)) this.ack();
  }

  #read(slice: Uint8Array): void {
    const violation = this.#decoder.push(slice);
    if (violation !== undefined) throw new Error(`The server sent ${violation}.`);
  }

  #frameEnded(): void {
    const { channel = 0, fin = false } = this.#head ?? {};
    const message = this.#parts.get(channel);
    if (!fin || message === undefined) return;
    const data = Buffer.concat(message.blocks);
    this.messages.push(message.isText ? data.toString() : new Uint8Array(data));
  }
}

/** A whole HELLO packet: of a session's first connection, unless `more` says otherwise. */
export function helloPacket(more: Partial<Hello> & PeerSession): Uint8Array {
  return encodeHello({
    version: 1,
    connection: 1,
    expected: false,
    received: 0,
    streamEnd: 0,
    protocols: [],
    ...DEFAULT_TERMS,
    ...more,
  });
}

/** A whole STREAM packet. */
export function streamPacket(offset: number, slice: Uint8Array, ack = 0): Uint8Array {
  const packet = new Uint8Array(streamHeaderBytes(ack, offset) + slice.length);
  packet.set(slice, writeStreamHeader(packet, true, ack, offset));
  return packet;
}

/** A message in one frame. */
export function messageFrame(data: string | Uint8Array, channel = 0, fields: MessageFields = {}): Uint8Array {
  const isText = typeof data === 'string';
  return dataFrame(
    isText ? new TextEncoder().encode(data) : data,
    DataFlag.first | DataFlag.fin | (isText ? DataFlag.text : 0),
    { channel, fields: encodeFields(fields) },
  );
}

/** A DATA frame with any flags. */
export function dataFrame(
  payload: Uint8Array,
  flags: number,
  more: { channel?: number; total?: number; fields?: Uint8Array } = {},
): Uint8Array {
  const { channel = 0, total, fields } = more;
  const frame = new Uint8Array(dataHeadBytes(channel, payload.length, total, fields?.length ?? 0) + payload.length);
  frame.set(payload, writeDataHead(frame, 0, channel, flags, payload.length, total, fields));
  return frame;
}

/** CLOSE. */
export function closeFrame(code = 1000, reason = '', drainMs = 30_000): Uint8Array {
  return encodeControl({ type: 'close', code, drainMs, reason });
}
