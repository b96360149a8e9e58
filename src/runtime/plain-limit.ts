import { MessageTooBigError } from '../errors/transfer-errors.ts';
import { MIN_PACKET_BYTES } from '../protocol/limits.ts';

/** What a server takes in one message of WebSocket, learned from what it took and what it refused. */
export class PlainLimit {
  /** Largest message known to have been accepted, in bytes; the smallest packet of the protocol is assumed to be. */
  knownBytes: number = MIN_PACKET_BYTES;
  /** Smallest message that was refused, in bytes; `Infinity` for none. */
  refusedBytes: number = Infinity;
  /** Size of the one that was under way when the last connection was lost without a word. */
  #suspectBytes = Infinity;

  accepted(bytes: number): void {
    this.knownBytes = Math.max(this.knownBytes, bytes);
    if (bytes >= this.#suspectBytes) this.#suspectBytes = Infinity;
  }

  /** The server closed with 1009 because of a message of this size. */
  refused(bytes: number): void {
    this.refusedBytes = Math.min(this.refusedBytes, bytes);
    this.knownBytes = Math.min(this.knownBytes, Math.max(0, bytes - 1));
    this.#suspectBytes = Infinity;
  }

  /**
   * The server closed with 1009 while no message larger than those it was thought to take was under way: one of these
   * was refused after it had counted as accepted, or the limit has fallen. None is known to pass any more, beyond what
   * is assumed of all servers, and where that is what was wrong, nothing is.
   *
   * @returns what to tell of it
   */
  contradicted(): MessageTooBigError {
    const { knownBytes } = this;
    this.refusedBytes = Math.min(this.refusedBytes, Math.max(1, knownBytes));
    this.knownBytes = knownBytes > MIN_PACKET_BYTES ? MIN_PACKET_BYTES : 0;
    this.#suspectBytes = Infinity;
    const hint = `The server closed with 1009 on a message of at most ${knownBytes} bytes that had counted as accepted, or lowered its limit: which one is not known. What it closed on, and what followed, is lost.`;
    return new MessageTooBigError(undefined, this.refusedBytes - 1, 'the learned limit', hint);
  }

  /**
   * Why a message of which so many bytes are there cannot be sent; undefined when it may be tried.
   *
   * @param sizeBytes - of the whole, where it is known
   */
  refusal(bytes: number, sizeBytes: number | undefined): MessageTooBigError | undefined {
    if (bytes < this.refusedBytes) return undefined;
    const hint = `The server closed with 1009 on ${this.refusedBytes} bytes; ${this.knownBytes} are known to pass. Send less at once, or serve the socket with chunksocket/server, which takes any size.`;
    return new MessageTooBigError(sizeBytes, Math.max(0, this.refusedBytes - 1), 'the learned limit', hint);
  }

  /**
   * A connection was lost; `bytes` is the size of a message above all known ones that was under way, where it was lost
   * without a word.
   *
   * @returns why that message fails, when this is the second time in a row: some servers refuse without 1009
   */
  lost(bytes: number = Infinity): MessageTooBigError | undefined {
    const isSuspect = bytes < Infinity && bytes >= this.#suspectBytes;
    this.#suspectBytes = bytes;
    if (!isSuspect) return undefined;
    const hint =
      'This is a guess: two connections in a row were lost without a word while such a message was under way.';
    return new MessageTooBigError(bytes, this.knownBytes, 'all that is known to pass:', hint);
  }
}
