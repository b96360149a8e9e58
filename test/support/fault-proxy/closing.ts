import type { Socket } from 'node:net';

import type { CloseStatus } from './close-frame.ts';
import { type Direction, directionTo, type Leg, otherLegThan } from './direction.ts';
import type { Pipe } from './pipe.ts';
import type { CloseManner } from './rules.ts';
import { cutSocket } from './socket-ending.ts';

/** What a closing needs of its connection. */
export interface ClosingParts {
  readonly sockets: Readonly<Record<Leg, Socket>>;
  readonly pipes: Readonly<Record<Direction, Pipe>>;
  readonly lingerMs: number;
  readonly log: (what: 'close-sent' | 'cut', detail: string) => void;
}

/**
 * The end of a connection by a Close frame that the proxy itself sends to one leg, in the order in which a server does
 * it: Close frame, then reading on (so that the endpoint reads the Close before it can fail in writing), then FIN.
 */
export class Closing {
  readonly #parts: ClosingParts;
  readonly #told: Leg;
  readonly #status: CloseStatus;
  readonly #manner: CloseManner;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: ClosingParts, told: Leg, status: CloseStatus, manner: CloseManner) {
    this.#parts = parts;
    this.#told = told;
    this.#status = status;
    this.#manner = manner;
  }

  /** Sends the Close frame at the next frame boundary, and does the rest behind it. */
  start(): void {
    const { log, lingerMs } = this.#parts;
    const other = otherLegThan(this.#told);
    this.#timer = setTimeout(() => {
      log('cut', `no end within ${lingerMs} ms of the Close frame`);
      this.#parts.sockets.client.destroy();
      this.#parts.sockets.server.destroy();
    }, lingerMs);
    this.#pipeTo(this.#told).finishWithClose(this.#status, () => {
      log('close-sent', `${this.#status.code} to the ${this.#told}`);
      if (this.#manner.otherLeg !== 'close') this.#cut(other);
      this.#endTold();
    });
    if (this.#manner.otherLeg !== 'close') {
      this.#pipeTo(other).finish(() => undefined);
      return;
    }
    this.#pipeTo(other).finishWithClose(this.#status, () => {
      log('close-sent', `${this.#status.code} to the ${other}`);
    });
  }

  /** An endpoint answered the Close frame, or ended its side: now it gets its FIN. */
  handleReply(from: Leg): void {
    if (from === this.#told && this.#manner.afterClose === 'stop-reading') return;
    this.#pipeTo(from).outlet.end('fin');
  }

  /** Forgets the deadline. */
  dispose(): void {
    clearTimeout(this.#timer);
  }

  #pipeTo(leg: Leg): Pipe {
    return this.#parts.pipes[directionTo(leg)];
  }

  #endTold(): void {
    switch (this.#manner.afterClose ?? 'drain') {
      case 'drain':
        return;
      case 'fin':
      case 'rst':
        this.#pipeTo(this.#told).outlet.end(this.#manner.afterClose === 'rst' ? 'rst' : 'fin');
        return;
      case 'stop-reading':
        this.#pipeTo(otherLegThan(this.#told)).stopReading();
        return;
    }
  }

  #cut(leg: Leg): void {
    this.#pipeTo(leg).mute();
    cutSocket(this.#parts.sockets[leg], this.#manner.otherLeg === 'rst' ? 'rst' : 'fin');
  }
}
