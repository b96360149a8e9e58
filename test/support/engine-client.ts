import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { ClosedError } from '../../src/errors/session-errors.ts';
import { encodeHello } from '../../src/protocol/hello.ts';
import { DEFAULT_TERMS } from '../../src/protocol/limits.ts';
import { decodePacket } from '../../src/protocol/packet.ts';
import type { Terms } from '../../src/protocol/terms.ts';
import { offeredProtocols } from '../../src/protocol/version.ts';
import { decodeWelcome } from '../../src/protocol/welcome.ts';
import type { EstablishedWelcome } from '../../src/protocol/welcome.ts';
import type { MessageEvent, SessionEvents } from '../../src/runtime/events.ts';
import { DEFAULT_WHOLE_BYTES } from '../../src/runtime/port-owner.ts';
import { SafeEmitter } from '../../src/runtime/safe-emitter.ts';
import { SessionPort } from '../../src/runtime/session-port.ts';
import type { TransportClose } from '../../src/runtime/transport.ts';
import { nodeClock } from '../../src/server/node-clock.ts';
import { WsTransport } from '../../src/server/ws-transport.ts';
import type { Effect } from '../../src/session/effect.ts';
import { Session } from '../../src/session/session.ts';
import { Inbox } from './inbox.ts';
import { newSession } from './raw-peer.ts';

const clock = nodeClock(false);

/** The engine on the initiator's side, with connections that come and go when the test says so. */
export class EngineClient {
  readonly port: SessionPort;
  readonly messages = new Inbox<MessageEvent>();
  readonly effects = new Inbox<Effect>();
  readonly closes = new Inbox<TransportClose>();
  readonly #secret: string;
  #socket: WebSocket | undefined;
  #connectionCount = 0;

  constructor(terms: Partial<Terms> = {}) {
    const { session: id, secret } = newSession();
    this.#secret = secret;
    const emitter = new SafeEmitter<SessionEvents>((error) => {
      throw error;
    });
    emitter.on('message', (message) => {
      this.messages.push(message);
    });
    const owner = {
      emitter,
      clock,
      maxBufferedBytes: Infinity,
      maxMessageBytes: DEFAULT_WHOLE_BYTES,
      binaryType: 'uint8array' as const,
      handleEffect: (effect: Effect) => {
        this.effects.push(effect);
      },
    };
    this.port = new SessionPort(
      owner,
      (wake) =>
        new Session({
          id,
          isAcceptor: false,
          terms: { ...DEFAULT_TERMS, ...terms },
          maxWholeBytes: DEFAULT_WHOLE_BYTES,
          maxPacketBytes: DEFAULT_TERMS.maxPacketBytes,
          startPacketBytes: 16_384,
          remembered: undefined,
          heartbeatMs: 0,
          wake,
        }),
    );
    onTestFinished(() => {
      this.#socket?.terminate();
      this.port.end(new ClosedError(1000, 'over'));
    });
  }

  /** Opens the next connection and goes on where the last one ended. */
  async connect(url: string): Promise<EstablishedWelcome> {
    const { port } = this;
    const socket = new WebSocket(url, offeredProtocols([]));
    this.#socket = socket;
    const welcomed = new Inbox<EstablishedWelcome>();
    let isUp = false;
    const transport: WsTransport = new WsTransport(
      socket,
      {
        opened: () => {
          const { session } = port;
          const expected = session.isExpected;
          transport.send(
            encodeHello({
              version: 1,
              session: session.id,
              secret: this.#secret,
              connection: ++this.#connectionCount,
              expected,
              protocols: [],
              ...session.counts(),
              ...session.terms,
            }),
          );
        },
        received: (bytes) => {
          if (isUp) {
            port.receive(bytes);
            return;
          }
          const packet = decodePacket(bytes);
          if (typeof packet === 'string' || packet.kind !== 'welcome') throw new Error('no WELCOME');
          const welcome = decodeWelcome(packet.body) as EstablishedWelcome;
          isUp = true;
          port.connect(transport, welcome);
          welcomed.push(welcome);
        },
        receivedText: () => undefined,
        closed: (close) => {
          if (this.#socket === socket) port.disconnect(close.code);
          this.closes.push(close);
        },
      },
      { clock, maxPacketBytes: Infinity },
    );
    return welcomed.next();
  }

  /** Ends the connection without a word, and returns when it is over. */
  async cut(): Promise<void> {
    this.#socket?.terminate();
    await this.closes.next();
  }
}
