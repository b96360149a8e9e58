import { applyMask } from './close-frame.ts';

/** The head of a WebSocket frame (RFC 6455 5.2). */
export interface FrameHeader {
  readonly isFinal: boolean;
  readonly opcode: number;
  readonly isMasked: boolean;
  readonly payloadBytes: number;
}

/** What becomes of a frame: forwarded as it comes, thrown away, or collected and handed to `held`. */
export type FrameVerdict = 'pass' | 'drop' | 'hold';

/** Decides about frames while they pass. */
export interface FrameVisitor {
  /** Called when a header is complete, before any byte of it was forwarded. */
  header(header: FrameHeader): FrameVerdict;
  /** Called with the unmasked payload of a frame that was held; returns what to forward in its place. */
  held(header: FrameHeader, payload: Buffer, raw: Buffer): Buffer | undefined;
  /** Called when the last byte of a frame was seen. */
  frameEnd(header: FrameHeader): void;
}

/** Opcodes from here on are control frames (RFC 6455 5.5). */
export const FIRST_CONTROL_OPCODE = 8;
/** The opcode of a Close frame. */
export const CLOSE_OPCODE = 8;

const MAX_HEADER_BYTES = 14;
const MAX_HELD_BYTES = 125;

/**
 * Finds the frames in a byte stream that comes in arbitrary pieces, without copying or collecting payloads.
 *
 * Only headers (at most 14 bytes) and held control frames (at most 139) are kept back; everything else that passes is
 * returned as views on the chunk it came in.
 */
export class FrameScanner {
  readonly #visitor: FrameVisitor;
  readonly #partial: Buffer = Buffer.alloc(MAX_HEADER_BYTES);
  #partialBytes = 0;
  #header: FrameHeader | undefined;
  #verdict: FrameVerdict = 'pass';
  #payloadLeftBytes = 0;
  #held: Buffer[] = [];

  constructor(visitor: FrameVisitor) {
    this.#visitor = visitor;
  }

  /** True while a frame of which bytes were forwarded is not complete: nothing may be put in between. */
  get isMidFrame(): boolean {
    return this.#header !== undefined && this.#verdict === 'pass';
  }

  /** Takes the next bytes; returns what is to be forwarded of them, in order. */
  scan(chunk: Buffer): Buffer[] {
    const pieces: Buffer[] = [];
    let at = 0;
    let passFrom = 0;
    const flush = (end: number): void => {
      if (end > passFrom) pieces.push(passFrom === 0 && end === chunk.length ? chunk : chunk.subarray(passFrom, end));
    };
    while (at < chunk.length) {
      if (this.#header === undefined) {
        const headerAt = at;
        const earlierBytes = this.#partialBytes;
        at = this.#readHeader(chunk, at);
        const header = this.#parseHeader();
        if (header === undefined) {
          flush(headerAt);
          return pieces;
        }
        this.#begin(header);
        if (this.#verdict === 'pass') {
          if (earlierBytes > 0) pieces.push(Buffer.from(this.#partial.subarray(0, earlierBytes)));
        } else {
          flush(headerAt);
          passFrom = at;
        }
      }
      const end = Math.min(chunk.length, at + this.#payloadLeftBytes);
      if (this.#verdict === 'hold') this.#held.push(chunk.subarray(at, end));
      this.#payloadLeftBytes -= end - at;
      at = end;
      if (this.#verdict !== 'pass') passFrom = at;
      if (this.#payloadLeftBytes === 0) this.#end(pieces);
    }
    flush(chunk.length);
    return pieces;
  }

  #readHeader(chunk: Buffer, from: number): number {
    let at = from;
    while (at < chunk.length && this.#partialBytes < this.#headerSize()) {
      this.#partial[this.#partialBytes++] = chunk[at++] ?? 0;
    }
    return at;
  }

  #headerSize(): number {
    if (this.#partialBytes < 2) return 2;
    const second = this.#partial[1] ?? 0;
    const length = second & 0x7f;
    return 2 + (length === 127 ? 8 : length === 126 ? 2 : 0) + (second & 0x80 ? 4 : 0);
  }

  #parseHeader(): FrameHeader | undefined {
    if (this.#partialBytes < 2 || this.#partialBytes < this.#headerSize()) return undefined;
    const first = this.#partial[0] ?? 0;
    const second = this.#partial[1] ?? 0;
    const length = second & 0x7f;
    return {
      isFinal: (first & 0x80) !== 0,
      opcode: first & 0x0f,
      isMasked: (second & 0x80) !== 0,
      payloadBytes:
        length === 127
          ? Number(this.#partial.readBigUInt64BE(2))
          : length === 126
            ? this.#partial.readUInt16BE(2)
            : length,
    };
  }

  #begin(header: FrameHeader): void {
    const verdict = this.#visitor.header(header);
    this.#header = header;
    this.#payloadLeftBytes = header.payloadBytes;
    this.#verdict = verdict === 'hold' && header.payloadBytes > MAX_HELD_BYTES ? 'pass' : verdict;
    if (this.#verdict === 'hold') this.#held = [Buffer.from(this.#partial.subarray(0, this.#partialBytes))];
  }

  #end(pieces: Buffer[]): void {
    const header = this.#header;
    if (header === undefined) return;
    this.#header = undefined;
    if (this.#verdict === 'hold') {
      const raw = Buffer.concat(this.#held);
      this.#held = [];
      const body = raw.subarray(this.#partialBytes);
      const key = this.#partial.subarray(this.#partialBytes - 4, this.#partialBytes);
      const replacement = this.#visitor.held(header, header.isMasked ? applyMask(body, key) : body, raw);
      if (replacement !== undefined) pieces.push(replacement);
    }
    this.#partialBytes = 0;
    this.#visitor.frameEnd(header);
  }
}
