import { Transform } from 'node:stream';
import type { TransformCallback } from 'node:stream';

/** Hands bytes on while it is open. Shut, it takes no more, and whoever writes into it has to wait. */
export class Gate extends Transform {
  #isOpen = true;
  #pass: (() => void) | undefined;

  open(): void {
    this.#isOpen = true;
    this.#pass?.();
    this.#pass = undefined;
  }

  shut(): void {
    this.#isOpen = false;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    const pass = (): void => {
      done(null, chunk);
    };
    if (this.#isOpen) pass();
    else this.#pass = pass;
  }
}
