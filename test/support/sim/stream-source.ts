import type { Source } from '../../../src/session/mux/source.ts';

/** A source whose bytes come in time: pushed by the test, of unknown or known length, able to fail at any byte. */
export class StreamSource implements Source {
  readonly isText: boolean;
  readonly totalBytes: number | undefined;
  state: 'open' | 'ended' | 'failed' = 'open';
  error: unknown;
  onReady: (() => void) | undefined;
  isReleased = false;
  #ready: Uint8Array = new Uint8Array();

  constructor(totalBytes?: number, isText = false) {
    this.isText = isText;
    this.totalBytes = totalBytes;
  }

  get heldBytes(): number {
    return this.#ready.length;
  }

  get readyBytes(): number {
    return this.#ready.length;
  }

  push(bytes: Uint8Array): void {
    if (this.isReleased) return;
    const joined = new Uint8Array(this.#ready.length + bytes.length);
    joined.set(this.#ready);
    joined.set(bytes, this.#ready.length);
    this.#ready = joined;
    this.onReady?.();
  }

  end(): void {
    this.state = 'ended';
    this.onReady?.();
  }

  fail(error: unknown): void {
    this.state = 'failed';
    this.error = error;
    this.onReady?.();
  }

  pull(): void {
    // The test pushes when it likes.
  }

  copy(target: Uint8Array, at: number, count: number): void {
    if (count > this.#ready.length) throw new Error('More was asked for than is ready.');
    target.set(this.#ready.subarray(0, count), at);
    this.#ready = this.#ready.subarray(count);
  }

  restart(): boolean {
    return false;
  }

  release(): void {
    this.isReleased = true;
    this.#ready = new Uint8Array();
  }
}
