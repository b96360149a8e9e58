import type { CutKind, Direction, Leg } from './direction.ts';

/**
 * What happens to the TCP connection of the endpoint that was sent a Close frame:
 * - `drain`: keep reading and throwing away until its Close reply, then FIN. A well-behaved server.
 * - `fin`: FIN straight behind the Close frame, but keep reading.
 * - `rst`: reset straight behind the Close frame; many clients then report 1006.
 * - `stop-reading`: leave the connection open, read no more, cut it after `lingerMs`.
 */
export type AfterClose = 'drain' | 'fin' | 'rst' | 'stop-reading';

/** What happens to the connection of the endpoint at the other end: cut it, or send it the same Close frame. */
export type OtherLeg = CutKind | 'close';

/** How a connection is ended behind a Close frame. */
export interface CloseManner {
  /** @defaultValue 'drain' */
  readonly afterClose?: AfterClose;
  /** @defaultValue 'fin' */
  readonly otherLeg?: OtherLeg;
}

/**
 * What happens to a message that is too big:
 * - `close-1009`: its sender gets Close 1009.
 * - `close`: its sender gets Close with `code`.
 * - `drop`: its sender's TCP connection is cut without a Close frame, by `cut`.
 * - `swallow`: the message vanishes, later ones pass. (Where fragments of it were forwarded already, it cannot vanish
 *   without harm, and the direction becomes half-open.)
 * - `half-open`: the message and everything after it vanishes, and nobody is told.
 * - `stall`: nothing more is read from its sender.
 */
export type LimitAction = 'close-1009' | 'close' | 'drop' | 'swallow' | 'half-open' | 'stall';

/**
 * A limit on the size of messages. Payload bytes as they are on the wire are counted, over all fragments of a message;
 * a message of exactly `maxBytes` passes. The limit acts as soon as a frame header shows that it will be exceeded.
 */
export interface MessageLimit extends CloseManner {
  readonly direction: Direction;
  readonly maxBytes: number;
  readonly how: LimitAction;
  /** Close code for `how: 'close'`. @defaultValue 1009 */
  readonly code?: number;
  /** @defaultValue '' */
  readonly reason?: string;
  /** For `how: 'drop'`. @defaultValue 'rst' */
  readonly cut?: CutKind;
}

/** Ends the connection at a message, counted from 1 per direction (fragments are not counted one by one). */
export interface CloseAtMessage extends CloseManner {
  readonly direction: Direction;
  readonly message: number;
  readonly code: number;
  /** @defaultValue '' */
  readonly reason?: string;
  /** Whether the message itself is still forwarded. @defaultValue 'before' */
  readonly when?: 'before' | 'after';
  /** Who gets the Close frame. @defaultValue 'client' */
  readonly told?: Leg;
}

/** Changes the code of a Close frame that passes. */
export interface CloseRewrite {
  /** @defaultValue 'toClient' */
  readonly direction?: Direction;
  readonly from: number | 'any';
  /** The new code. 1005 is a Close frame without a code; 1006 is no Close frame at all: the connection is cut. */
  readonly to: number;
  /** @defaultValue the reason that was sent */
  readonly reason?: string;
  /** How the connection is cut for 1006. @defaultValue 'rst' */
  readonly cut?: CutKind;
}

/** How slow a direction is. A member that is left out does not limit. */
export interface Shape {
  /** One-way delay. */
  readonly delayMs?: number;
  readonly bytesPerSecond?: number;
  /** Bytes that wait in the proxy before it stops reading. @defaultValue 262144, and what fits into the delay */
  readonly bufferBytes?: number;
  /** Instead of `bytesPerSecond`: hand on so many bytes at once, one helping in `everyMs`. */
  readonly trickle?: { readonly bytes: number; readonly everyMs: number };
}

/** The faults that every new connection starts with. */
export interface FaultSet {
  limits: MessageLimit[];
  closeRewrites: CloseRewrite[];
  shape: Shape | undefined;
}
