import type { CoreEvents, WebSocketCore } from './core.ts';

/** The platform's own WebSocket: nothing is added to it. */
export class NativeCore implements WebSocketCore {
  readonly #socket: WebSocket;

  constructor(socket: WebSocket, events: CoreEvents) {
    this.#socket = socket;
    socket.addEventListener('open', () => {
      events.opened();
    });
    socket.addEventListener('message', ({ data, origin }: MessageEvent<string | ArrayBuffer | Blob>) => {
      events.message(data, origin);
    });
    socket.addEventListener('error', () => {
      events.failed();
    });
    socket.addEventListener('close', (event) => {
      events.closed(event);
    });
  }

  get url(): string {
    return this.#socket.url;
  }

  get protocol(): string {
    return this.#socket.protocol;
  }

  get extensions(): string {
    return this.#socket.extensions;
  }

  get readyState(): WebSocket['readyState'] {
    return this.#socket.readyState;
  }

  get bufferedAmount(): number {
    return this.#socket.bufferedAmount;
  }

  get binaryType(): BinaryType {
    return this.#socket.binaryType;
  }

  set binaryType(value: BinaryType) {
    this.#socket.binaryType = value;
  }

  send(args: readonly unknown[]): void {
    this.#socket.send(...(args as [string]));
  }

  close(args: readonly unknown[]): void {
    this.#socket.close(...(args as []));
  }
}
