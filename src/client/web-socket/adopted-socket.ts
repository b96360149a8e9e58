import { PLAIN_SUBPROTOCOL } from '../../protocol/version.ts';
import type { MessageTransport } from '../../runtime/message-transport.ts';
import type { TransportClose } from '../../runtime/transport.ts';
import type { HeldConnection } from '../held-connection.ts';
import type { WebSocketData } from './arguments.ts';
import { postTask } from './post-task.ts';

/** What comes of an {@link AdoptedSocket}. */
export interface AdoptedEvents {
  opened(): void;
  message(data: string | Uint8Array): void;
  closed(close: TransportClose): void;
}

/** A plain connection that was opened before anybody knew that it would be one. */
export class AdoptedSocket {
  readonly #transport: MessageTransport;
  /** What came before it was adopted, and what came behind that: a task for each. */
  readonly #waiting: (() => void)[] = [];

  constructor(connection: HeldConnection, events: AdoptedEvents) {
    this.#transport = connection.transport as MessageTransport;
    let isAdopting = true;
    const tell = (task: () => void): void => {
      if (!isAdopting && this.#waiting.length === 0) {
        task();
        return;
      }
      this.#waiting.push(task);
      postTask(() => this.#waiting.shift()?.());
    };
    connection.handOver({
      opened: () => {
        tell(() => {
          events.opened();
        });
      },
      received: (bytes) => {
        tell(() => {
          events.message(bytes);
        });
      },
      receivedText: (text) => {
        tell(() => {
          events.message(text);
        });
      },
      closed: (close) => {
        tell(() => {
          events.closed(close);
        });
      },
    });
    isAdopting = false;
  }

  /** The name that stands for none is none. */
  get protocol(): string {
    const { protocol } = this.#transport;
    return protocol === PLAIN_SUBPROTOCOL ? '' : protocol;
  }

  get bufferedAmount(): number {
    return this.#transport.bufferedBytes;
  }

  send(data: WebSocketData): void {
    if (typeof data === 'string') this.#transport.sendText(data);
    // The platform's socket takes all kinds.
    else this.#transport.send(data as Uint8Array);
  }

  close(code: number, reason: string): void {
    this.#transport.finish(code, reason);
  }
}
