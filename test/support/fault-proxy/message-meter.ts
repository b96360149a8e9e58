import { FIRST_CONTROL_OPCODE, type FrameHeader } from './frame-scanner.ts';

/** The message that a frame belongs to, as far as it is known at the head of that frame. */
export interface MessageSoFar {
  /** Number of the message in its direction, counted from 1. */
  readonly message: number;
  /** Bytes of all fragments up to and with this frame. */
  readonly bytes: number;
  /** True on the first frame of the message. */
  readonly isFirstFrame: boolean;
}

/** Adds frames up to messages: fragments are one message, and control frames between them belong to none. */
export class MessageMeter {
  #messages = 0;
  #bytes = 0;
  #isMidMessage = false;
  #largestBytes = 0;
  #complete = 0;

  /** Messages of which the last byte was seen. */
  get completeMessages(): number {
    return this.#complete;
  }

  /** Size of the biggest message so far, complete or not. */
  get largestMessageBytes(): number {
    return this.#largestBytes;
  }

  /** Counts the head of a frame; undefined for a control frame. */
  header(header: FrameHeader): MessageSoFar | undefined {
    if (header.opcode >= FIRST_CONTROL_OPCODE) return undefined;
    const isFirstFrame = !this.#isMidMessage;
    if (isFirstFrame) {
      this.#messages++;
      this.#bytes = 0;
    }
    this.#isMidMessage = !header.isFinal;
    this.#bytes += header.payloadBytes;
    this.#largestBytes = Math.max(this.#largestBytes, this.#bytes);
    return { message: this.#messages, bytes: this.#bytes, isFirstFrame };
  }

  /** Counts the end of a frame; returns the number of the message that is complete with it. */
  frameEnd(header: FrameHeader): number | undefined {
    if (header.opcode >= FIRST_CONTROL_OPCODE || !header.isFinal) return undefined;
    this.#complete++;
    return this.#messages;
  }
}
