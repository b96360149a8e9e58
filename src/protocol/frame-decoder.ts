import type { ControlFrame, DataHead } from './frame.ts';
import { readHead } from './head-reader.ts';
import { MAX_CONTROL_BYTES } from './limits.ts';
import { joinBytes, noBytes } from './varint.ts';
import type { ViolationName } from './violation.ts';

/** Bytes of the longest head: type and length, and the body of a control frame (that of DATA is shorter). */
const MAX_HEAD_BYTES = 9 + MAX_CONTROL_BYTES;

/** What a {@link FrameDecoder} tells, in the order of the stream. An answer other than `undefined` ends the decoding. */
export interface FrameSink {
  /** A DATA frame begins. */
  dataStart(head: DataHead): ViolationName | undefined;
  /** At least one byte of its payload: a view of what was pushed. */
  dataPayload(bytes: Uint8Array): ViolationName | undefined;
  /** All of its payload was handed on. */
  dataEnd(): ViolationName | undefined;
  /** A control frame. */
  control(frame: ControlFrame): ViolationName | undefined;
}

/**
 * Turns a byte stream that comes in pieces of any size into frames. Payload is handed on as it comes; only a head or a
 * control frame that is cut is copied and kept, at most {@link MAX_HEAD_BYTES} of it.
 */
export class FrameDecoder {
  readonly #sink: FrameSink;
  #violation: ViolationName | undefined;
  /** The beginning of a head whose end has not come. */
  #kept = noBytes;
  /** What is still to come of the payload of a DATA frame, or of a frame that is skipped. */
  #restBytes = 0;
  #isData = false;

  /** Tells `sink` what the stream holds. */
  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** Takes the next bytes of the stream. The first violation is the answer to every later push, too. */
  push(bytes: Uint8Array): ViolationName | undefined {
    let at = 0;
    while (at < bytes.length && !this.#violation) {
      if (this.#restBytes) {
        const piece = bytes.subarray(at, at + this.#restBytes);
        at += piece.length;
        this.#restBytes -= piece.length;
        if (this.#isData) this.#violation = this.#sink.dataPayload(piece) ?? this.#endOfPayload();
      } else {
        at = this.#takeHead(bytes, at);
      }
    }
    return this.#violation;
  }

  /** Takes the head of a frame, or keeps what is there of it, and returns the next index. */
  #takeHead(bytes: Uint8Array, at: number): number {
    const kept = this.#kept;
    // something is kept only where a push begins: `at` is 0 then
    const source = kept.length ? joinBytes(kept, [], bytes.subarray(0, MAX_HEAD_BYTES)) : bytes;
    const head = readHead(source, at);
    if (head === '') {
      this.#kept = source.slice(at);
      return bytes.length;
    }
    this.#kept = noBytes;
    if (typeof head === 'string') {
      this.#violation = head;
      return at;
    }
    const { data, control, next, restBytes } = head;
    this.#restBytes = restBytes;
    this.#isData = data !== undefined;
    if (data) this.#violation = this.#sink.dataStart(data) ?? this.#endOfPayload();
    else if (control) this.#violation = this.#sink.control(control);
    return next - kept.length;
  }

  #endOfPayload(): ViolationName | undefined {
    return this.#restBytes ? undefined : this.#sink.dataEnd();
  }
}
