import type { WebSocketConstructor, WebSocketLike } from '../../src/index.ts';
import type { Hello } from '../../src/protocol/hello.ts';
import { DEFAULT_TERMS } from '../../src/protocol/limits.ts';
import { decodePacket, encodeAck } from '../../src/protocol/packet.ts';
import { SUBPROTOCOL } from '../../src/protocol/version.ts';
import { encodeWelcome } from '../../src/protocol/welcome.ts';
import type { EstablishedWelcome, Welcome } from '../../src/protocol/welcome.ts';
import { Inbox } from '../support/inbox.ts';
import { streamPacket } from '../support/raw-peer.ts';

/** One WebSocket without a network: the test is its server, and says what happens and when. */
export class ScriptedSocket implements WebSocketLike {
  binaryType = 'blob';
  protocol = '';
  bufferedAmount = 0;
  onopen: ((event: never) => unknown) | null = null;
  onmessage: ((event: never) => unknown) | null = null;
  onclose: ((event: never) => unknown) | null = null;
  onerror: ((event: never) => unknown) | null = null;
  readonly url: string;
  readonly protocols: readonly string[];
  /** What the client sent. */
  readonly packets: Uint8Array[] = [];
  /** As messages, text included. */
  readonly sent: (string | Uint8Array)[] = [];
  /** How the client closed it. */
  closedWith: { readonly code: number | undefined; readonly reason: string | undefined } | undefined;
  readonly #server: ScriptedServer;
  #state: 'connecting' | 'open' | 'over' = 'connecting';
  #isPaused = false;

  constructor(server: ScriptedServer, url: string, protocols: readonly string[]) {
    this.#server = server;
    this.url = url;
    this.protocols = protocols;
  }

  /** What the last HELLO said. */
  get hello(): Hello {
    const [hello] = this.packets
      .map(decodePacket)
      .flatMap((packet) => (typeof packet === 'object' && packet.kind === 'hello' ? [packet.body] : []))
      .reverse();
    if (hello === undefined) throw new Error('There is no HELLO.');
    return JSON.parse(new TextDecoder().decode(hello)) as Hello;
  }

  /** STREAM packets of the client, pure ACKs left out. */
  get slices(): Uint8Array[] {
    return this.packets.filter((bytes) => {
      const packet = decodePacket(bytes);
      return typeof packet === 'object' && packet.kind === 'stream' && packet.slice.length > 0;
    });
  }

  /** Throws and drops where a browser's does. */
  send(data: Uint8Array | string): void {
    if (this.#state === 'connecting') throw new DOMException('It is not open yet.', 'InvalidStateError');
    if (this.#state === 'over' || this.#isPaused) {
      // What is sent too late is counted, too.
      this.bufferedAmount += data.length;
      return;
    }
    this.sent.push(typeof data === 'string' ? data : data.slice());
    if (typeof data === 'string') return;
    const bytes = data.slice();
    this.packets.push(bytes);
    this.#server.took(this, bytes);
  }

  /** Throws where a browser's does. */
  close(code?: number, reason?: string): void {
    if (code !== undefined && code !== 1000 && !(code >= 3000 && code <= 4999)) {
      throw new DOMException(`The code ${code} is not for pages.`, 'InvalidAccessError');
    }
    if (Buffer.byteLength(reason ?? '') > 123) throw new DOMException('The reason is too long.', 'SyntaxError');
    this.#state = 'over';
    this.closedWith ??= { code, reason };
  }

  /** The handshake of WebSocket is done. */
  open(protocol: string = SUBPROTOCOL): void {
    this.protocol = protocol;
    if (this.#state === 'connecting') this.#state = 'open';
    (this.onopen as ((event: object) => void) | null)?.({});
  }

  /** Nothing leaves any more: what is sent stays buffered. */
  pause(): void {
    this.#isPaused = true;
  }

  /** A binary message for the client. */
  deliver(bytes: Uint8Array): void {
    (this.onmessage as ((event: object) => void) | null)?.({ data: bytes.slice().buffer });
  }

  deliverText(data: string): void {
    (this.onmessage as ((event: object) => void) | null)?.({ data });
  }

  welcome(welcome: Welcome): void {
    this.deliver(encodeWelcome(welcome));
  }

  /** Opens it, and answers HELLO as a server does that knows the session. */
  accept(more: Partial<EstablishedWelcome> = {}): this {
    this.open();
    return this.answer(more);
  }

  /** Answers the last HELLO as a server does that knows the session. */
  answer(more: Partial<EstablishedWelcome> = {}): this {
    const { expected } = this.hello;
    this.welcome({
      version: 1,
      result: expected ? 'resumed' : 'new',
      protocol: '',
      received: expected ? this.#server.received : 0,
      streamEnd: this.#server.sent,
      resumeMs: 120_000,
      ...DEFAULT_TERMS,
      // So much that no test of the link has to see to credit.
      initialChannelCredit: 2 ** 40,
      ...more,
    });
    return this;
  }

  /** Opens it, and answers HELLO as a server does that only has the session's tombstone. */
  forget(): this {
    this.open();
    const { received } = this.#server;
    this.#server.received = this.#server.sent = 0;
    this.welcome({ version: 1, result: 'gone', received });
    return this;
  }

  /** Acknowledges all that came. */
  ack(): void {
    this.deliver(encodeAck(false, this.#server.received));
  }

  /** Sends frames, as the next bytes of the server's stream. */
  stream(...frames: readonly Uint8Array[]): void {
    const slice = Buffer.concat(frames);
    this.deliver(streamPacket(this.#server.sent, slice, this.#server.received));
    this.#server.sent += slice.length;
  }

  /** The end of it, as a browser tells it. */
  end(code = 1006, reason = '', wasClean = false): void {
    this.#state = 'over';
    if (code === 1006) (this.onerror as ((event: object) => void) | null)?.({});
    (this.onclose as ((event: object) => void) | null)?.({ code, reason, wasClean });
  }
}

/** A server of one session that is all script, and the WebSocket class that leads to it. */
export class ScriptedServer {
  readonly WebSocket: WebSocketConstructor;
  readonly sockets: ScriptedSocket[] = [];
  readonly #arrivals = new Inbox<ScriptedSocket>();
  /** Bytes of the client's stream taken, in order. */
  received = 0;
  /** Bytes of the server's stream. */
  sent = 0;
  /** Acknowledges each packet at once. */
  isAcking = false;
  /** Packets over it are not processed, as if they had never come. */
  maxPacketBytes = Infinity;

  constructor() {
    const arrived = (socket: ScriptedSocket): void => {
      this.sockets.push(socket);
      this.#arrivals.push(socket);
    };
    const create = (url: string, protocols: string[]): ScriptedSocket => new ScriptedSocket(this, url, protocols);
    this.WebSocket = function WebSocket(url: string, protocols: string[]) {
      const socket = create(url, protocols);
      arrived(socket);
      return socket;
    } as unknown as WebSocketConstructor;
  }

  /** The next connection that the client tries to open. */
  next(): Promise<ScriptedSocket> {
    return this.#arrivals.next();
  }

  /** The next connection, with the session up. */
  async accept(more: Partial<EstablishedWelcome> = {}): Promise<ScriptedSocket> {
    return (await this.next()).accept(more);
  }

  took(socket: ScriptedSocket, bytes: Uint8Array): void {
    const packet = decodePacket(bytes);
    if (typeof packet === 'string' || packet.kind !== 'stream' || packet.slice.length === 0) return;
    if (bytes.length > this.maxPacketBytes || packet.offset > this.received) return;
    this.received = Math.max(this.received, packet.offset + packet.slice.length);
    // A handler is never called from inside `send`.
    if (this.isAcking) {
      queueMicrotask(() => {
        socket.ack();
      });
    }
  }
}
