import type { ChunkSocketOptions } from '../options.ts';
import { resolveOptions } from '../options.ts';
import { makeCloseEvent } from './close-event.ts';
import type { CoreEvents, WebSocketCore } from './core.ts';
import { callOwn } from './event-target.ts';
import { EventHandlers } from './event-handlers.ts';
import { NativeCore } from './native-core.ts';
import { SessionCore } from './session-core.ts';

/** Options of a `ChunkWebSocket`: those of `ChunkSocket`, without what the standard's interface has its own ways for. */
export type ChunkWebSocketOptions = Omit<
  ChunkSocketOptions,
  'protocols' | 'binaryType' | 'onSessionLost' | 'maxStreamBytes'
>;

/** A WebSocket with the standard's interface, and a session beneath. */
export type ChunkWebSocket = WebSocket;

/** The class of them. */
export interface ChunkWebSocketConstructor {
  /**
   * @throws DOMException SyntaxError for a URL or subprotocols that the standard does not allow
   */
  new (url: string | URL, protocols?: string | string[]): ChunkWebSocket;
  readonly prototype: ChunkWebSocket;
  readonly CONNECTING: 0;
  readonly OPEN: 1;
  readonly CLOSING: 2;
  readonly CLOSED: 3;
  /**
   * A class of its own with options bound, for libraries that take a class: `webSocketImpl: ChunkWebSocket.with({...})`.
   *
   * @throws OptionError for an option out of its range
   */
  with(options: ChunkWebSocketOptions): ChunkWebSocketConstructor;
}

const STATES = { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 } as const;

/** Makes a class whose members are as WebIDL has them: enumerable, on the prototype, for its own instances only. */
function makeClass(options: ChunkWebSocketOptions): ChunkWebSocketConstructor {
  const resolved = resolveOptions({ ...options, binaryType: 'arraybuffer' });

  class DropIn extends EventTarget implements WebSocket {
    declare readonly CONNECTING: 0;
    declare readonly OPEN: 1;
    declare readonly CLOSING: 2;
    declare readonly CLOSED: 3;

    static with(more: ChunkWebSocketOptions): ChunkWebSocketConstructor {
      return makeClass({ ...options, ...more });
    }

    readonly #handlers = new EventHandlers(this);
    readonly #core: WebSocketCore;

    constructor(...args: unknown[]) {
      super();
      if (args.length === 0) {
        throw new TypeError("Failed to construct 'WebSocket': 1 argument required, but only 0 present.");
      }
      const events: CoreEvents = {
        opened: () => {
          callOwn(this, 'dispatchEvent', new Event('open'));
        },
        message: (data, origin) => {
          callOwn(this, 'dispatchEvent', new MessageEvent('message', { data, origin }));
        },
        failed: () => {
          callOwn(this, 'dispatchEvent', new Event('error'));
        },
        closed: (close) => {
          callOwn(this, 'dispatchEvent', makeCloseEvent(close));
        },
      };
      if (resolved.mode === 'plain') {
        const Native = (options.WebSocket ?? globalThis.WebSocket) as new (...given: unknown[]) => WebSocket;
        this.#core = new NativeCore(new Native(...args), events);
      } else {
        this.#core = new SessionCore(args[0], args[1], resolved, events);
      }
    }

    get url(): string {
      return this.#core.url;
    }

    get readyState(): WebSocket['readyState'] {
      return this.#core.readyState;
    }

    get bufferedAmount(): number {
      return this.#core.bufferedAmount;
    }

    get onopen(): WebSocket['onopen'] {
      return this.#handlers.get('open') as WebSocket['onopen'];
    }

    set onopen(value: WebSocket['onopen']) {
      this.#handlers.set('open', value);
    }

    get onerror(): WebSocket['onerror'] {
      return this.#handlers.get('error') as WebSocket['onerror'];
    }

    set onerror(value: WebSocket['onerror']) {
      this.#handlers.set('error', value);
    }

    get onclose(): WebSocket['onclose'] {
      return this.#handlers.get('close') as WebSocket['onclose'];
    }

    set onclose(value: WebSocket['onclose']) {
      this.#handlers.set('close', value);
    }

    get extensions(): string {
      return this.#core.extensions;
    }

    get protocol(): string {
      return this.#core.protocol;
    }

    get onmessage(): WebSocket['onmessage'] {
      return this.#handlers.get('message') as WebSocket['onmessage'];
    }

    set onmessage(value: WebSocket['onmessage']) {
      this.#handlers.set('message', value);
    }

    get binaryType(): BinaryType {
      return this.#core.binaryType;
    }

    set binaryType(value: BinaryType) {
      this.#core.binaryType = value;
    }

    close(...args: unknown[]): void {
      this.#core.close(args);
    }

    send(...args: unknown[]): void {
      this.#core.send(args);
    }
  }

  const { prototype } = DropIn;
  for (const name of Object.getOwnPropertyNames(prototype)) {
    if (name !== 'constructor') Object.defineProperty(prototype, name, { enumerable: true });
  }
  for (const [name, value] of Object.entries(STATES)) {
    for (const holder of [DropIn, prototype]) Object.defineProperty(holder, name, { value, enumerable: true });
  }
  Object.defineProperty(prototype, Symbol.toStringTag, { value: 'WebSocket', configurable: true });
  const { value: send } = Object.getOwnPropertyDescriptor(prototype, 'send') as { value: object };
  Object.defineProperty(send, 'length', { value: 1 });
  Object.defineProperty(DropIn, 'length', { value: 1 });
  Object.defineProperty(DropIn, 'name', { value: 'WebSocket' });
  return DropIn as unknown as ChunkWebSocketConstructor;
}

/**
 * A drop-in for `WebSocket`: change one import, and a library gets messages of any size, and connections that are lost
 * and come back under it. It needs a server that speaks the protocol (`chunksocket/server`), or `mode: 'plain'`, which
 * is the platform's own WebSocket; see {@link ChunkWebSocketConstructor.with}.
 *
 * It lives once, as the standard says: `close` is told when the session is over, or could not be resumed in time.
 */
export const ChunkWebSocket: ChunkWebSocketConstructor = /* @__PURE__ */ makeClass({});
