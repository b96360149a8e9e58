import { decodeText, encodeText } from '../protocol/text.ts';
import * as CloseCode from '../protocol/close-code.ts';
import { bytesOf } from '../runtime/buffer-bytes.ts';
import type { BufferData } from '../runtime/buffer-bytes.ts';
import type { ConnectionEnd, MemoryConnection, MessageData } from './memory-connection.ts';
import type { MessageBytes, TestServerSocket, TestServerSocketEvents } from './test-server-socket.ts';

/** What is made of them is plain. */
class TextBytes extends Uint8Array<ArrayBuffer> implements MessageBytes {
  static get [Symbol.species](): Uint8ArrayConstructor {
    return Uint8Array;
  }

  override toString(): string {
    return decodeText(this) ?? '';
  }
}

/** The inside of a {@link TestServerSocket}. */
export class MemoryServerSocket implements TestServerSocket, ConnectionEnd {
  readonly protocol: string;
  binaryType = 'nodebuffer';
  #readyState: 1 | 2 | 3 = 1;
  readonly #connection: MemoryConnection;
  readonly #listeners = new Map<string, Set<(...args: never[]) => unknown>>();

  constructor(connection: MemoryConnection, protocol: string) {
    this.#connection = connection;
    this.protocol = protocol;
  }

  get readyState(): 1 | 2 | 3 {
    return this.#readyState;
  }

  get bufferedAmount(): number {
    return this.#connection.heldBytes('server');
  }

  on<Name extends keyof TestServerSocketEvents>(name: Name, listener: TestServerSocketEvents[Name]): this {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
    return this;
  }

  off<Name extends keyof TestServerSocketEvents>(name: Name, listener: TestServerSocketEvents[Name]): this {
    this.#listeners.get(name)?.delete(listener);
    return this;
  }

  send(data: string | BufferData, { binary = typeof data !== 'string' }: { readonly binary?: boolean } = {}): void {
    if (this.#readyState !== 1) return;
    const bytes = typeof data === 'string' ? encodeText(data) : (bytesOf(data) ?? new Uint8Array());
    this.#connection.send('server', binary ? new Uint8Array(bytes) : new TextDecoder().decode(bytes));
  }

  close(code: number = CloseCode.noStatus, reason = ''): void {
    if (this.#readyState !== 1) return;
    this.#readyState = 2;
    this.#connection.close('server', code, reason);
  }

  terminate(): void {
    if (this.#readyState !== 3) this.#connection.cut();
  }

  received(data: MessageData): void {
    if (this.#readyState === 3) return;
    const bytes = typeof data === 'string' ? new Uint8Array(encodeText(data)) : data;
    this.#emit('message', new TextBytes(bytes.buffer), typeof data !== 'string');
  }

  closed(code: number, reason: string): void {
    if (this.#readyState === 1) this.#connection.close('server', code, reason);
    this.#finish(code, reason);
  }

  lost(): void {
    this.#finish(CloseCode.abnormal, '');
  }

  #finish(code: number, reason: string): void {
    if (this.#readyState === 3) return;
    this.#readyState = 3;
    this.#emit('close', code, new TextBytes(new Uint8Array(encodeText(reason)).buffer));
  }

  #emit<Name extends keyof TestServerSocketEvents>(
    name: Name,
    ...args: Parameters<TestServerSocketEvents[Name]>
  ): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) listener(...(args as never[]));
  }
}
