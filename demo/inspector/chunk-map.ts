/** What became of a part of a message. */
export type CellState = 'waiting' | 'sent' | 'acked' | 'resent' | 'refused';

/** A part of a cell, from its start, as fractions of it. */
export interface Cell {
  readonly acked: number;
  /** At least as much. */
  readonly sent: number;
  /** How what is acknowledged got there. */
  readonly ackedAs: CellState;
  /** What became of the rest of what was sent. */
  readonly sentAs: CellState;
}

const MAX_CELLS = 640;
const MIN_CELL_BYTES = 4096;

const Mark = { none: 0, resent: 1, refused: 2 } as const;

/** How a connection was lost, as far as what was under way is concerned. */
export interface MapLoss {
  /** Length of the packet that was refused; 0 where none was. */
  readonly refusedBytes: number;
}

/**
 * A message as cells of equal length. A message goes out in order, so two offsets tell what is sent and acknowledged; what
 * lies between them when a connection is lost is sent again, and its cells remember that.
 */
export class ChunkMap {
  readonly cellBytes: number;
  readonly length: number;
  ackedBytes = 0;
  sentBytes = 0;
  readonly #totalBytes: number;
  readonly #marks: Uint8Array;
  /** To where the last connection had got, and what it was refused, until the next one goes on. */
  #lost: { readonly untilBytes: number; readonly refusedBytes: number } | undefined;

  constructor(totalBytes: number) {
    this.#totalBytes = totalBytes;
    this.cellBytes = Math.max(MIN_CELL_BYTES, 2 ** Math.ceil(Math.log2(totalBytes / MAX_CELLS)));
    this.length = Math.max(1, Math.ceil(totalBytes / this.cellBytes));
    this.#marks = new Uint8Array(this.length);
  }

  /** A session that is lost begins the message anew: then both are less than before. */
  advance(ackedBytes: number, sentBytes: number): void {
    this.ackedBytes = ackedBytes;
    this.sentBytes = Math.max(ackedBytes, sentBytes);
  }

  lose({ refusedBytes }: MapLoss): void {
    this.#lost ??= { untilBytes: this.sentBytes, refusedBytes };
  }

  /** What the last connection has lost is sent again, from what is acknowledged now. */
  resume(): void {
    if (this.#lost === undefined) return;
    const { untilBytes, refusedBytes } = this.#lost;
    this.#lost = undefined;
    const refusedUntil = Math.min(untilBytes, this.ackedBytes + refusedBytes);
    this.#mark(this.ackedBytes, untilBytes, Mark.resent);
    this.#mark(this.ackedBytes, refusedUntil, Mark.refused);
  }

  cell(index: number): Cell {
    const start = index * this.cellBytes;
    const length = Math.min(this.cellBytes, this.#totalBytes - start);
    const share = (until: number): number =>
      length <= 0 ? Number(until >= this.#totalBytes) : Math.min(1, Math.max(0, (until - start) / length));
    const mark = this.#marks[index];
    const marked = mark === Mark.refused ? 'refused' : mark === Mark.resent ? 'resent' : undefined;
    return {
      acked: share(this.ackedBytes),
      sent: share(this.sentBytes),
      ackedAs: marked ?? 'acked',
      sentAs: marked ?? (this.#lost === undefined ? 'sent' : 'resent'),
    };
  }

  #mark(from: number, until: number, mark: number): void {
    if (until <= from) return;
    const last = Math.ceil(until / this.cellBytes);
    for (let index = Math.floor(from / this.cellBytes); index < last; index++) {
      this.#marks[index] = Math.max(mark, this.#marks[index] ?? Mark.none);
    }
  }
}
