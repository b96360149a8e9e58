import { encodeControl } from '../../protocol/frame-encoder.ts';
import { FrameType } from '../../protocol/frame.ts';
import type { ControlFrame } from '../../protocol/frame.ts';

/**
 * What goes into the stream before any DATA frame: control frames, and the rest of a frame that was cut by the end of a
 * packet. Bounded: of a channel's CREDIT only the latest waits, and the others answer something that is bounded.
 */
export class ControlQueue {
  /** Oldest first; CREDIT by its channel. Made for the first. */
  #frames: Map<number, Uint8Array> | undefined;
  #count = 0;
  #frameBytes = 0;
  #carry: Uint8Array | undefined;
  /** RETIRED frames that wait. */
  retiredCount = 0;

  get bytes(): number {
    return this.#frameBytes + (this.#carry?.length ?? 0);
  }

  /** A frame is half in the stream. */
  get isCutting(): boolean {
    return this.#carry !== undefined;
  }

  push(frame: ControlFrame): void {
    const bytes = encodeControl(frame);
    const frames = (this.#frames ??= new Map<number, Uint8Array>());
    const key = frame.type === 'credit' ? frame.channel : -++this.#count;
    // A later CREDIT stands for the one before it, but goes to the end: whoever counts on what is in front of it may
    // wait a little too long, never too short.
    this.#frameBytes += bytes.length - (frames.get(key)?.length ?? 0);
    frames.delete(key);
    frames.set(key, bytes);
    if (frame.type === 'retired') this.retiredCount++;
  }

  /** Puts a frame that does not fit its packet before all others. */
  cut(frame: Uint8Array): void {
    this.#carry = frame;
  }

  /** Writes what fits into `target` from `at`; returns the index behind it. */
  fill(target: Uint8Array, at: number): number {
    while (at < target.length) {
      if (this.#carry === undefined) {
        const [next] = this.#frames ?? [];
        if (next === undefined) break;
        const [key, bytes] = next;
        this.#carry = bytes;
        this.#frames?.delete(key);
        this.#frameBytes -= bytes.length;
        if (bytes[0] === FrameType.retired) this.retiredCount--;
      }
      const part = this.#carry.subarray(0, target.length - at);
      target.set(part, at);
      at += part.length;
      this.#carry = part.length < this.#carry.length ? this.#carry.subarray(part.length) : undefined;
    }
    return at;
  }
}
