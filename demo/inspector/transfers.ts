import { ChunkSocketError } from 'chunksocket';
import type { ChunkSocket, Priority } from 'chunksocket';
import { formatRate } from '../page/format.ts';
import type { ServerAnswer } from '../page/server-answer.ts';
import type { EventLog } from './event-log.ts';
import type { Palette } from './palette.ts';
import { TransferRow } from './transfer-row.ts';

/** What files are sent with, and who hears of it. */
export interface TransfersInit {
  readonly socket: ChunkSocket;
  readonly log: EventLog;
  readonly palette: Palette;
  /** SHA-256 of files that the page knows, by name. */
  readonly known: ReadonlyMap<string, string>;
}

/** The files on their way to the server: those of one priority one after the other, those of different ones side by side. */
export class Transfers {
  readonly #init: TransfersInit;
  readonly #sending = new Set<TransferRow>();
  /** Delivered, and the server has not said what it got. */
  readonly #unanswered: TransferRow[] = [];

  constructor(init: TransfersInit) {
    this.#init = init;
    const { socket } = init;
    socket.on('retry', ({ close, wasOpen }) => {
      // Before the limit is lowered: that is when the next connection tells which packet it was.
      const refusedBytes = close.code === 1009 ? socket.stats().limitBytes : 0;
      for (const row of this.#sending) if (wasOpen) row.lose({ refusedBytes });
    });
    socket.on('resume', () => {
      for (const row of this.#sending) row.resume();
    });
    socket.on('message', ({ channel, data }) => {
      if (channel === 'results' && typeof data === 'string') this.#answered(JSON.parse(data) as ServerAnswer);
    });
  }

  async send(file: File, priority: Priority): Promise<void> {
    const { socket, log, palette } = this.#init;
    const { name, type, size } = file;
    const startedAtMs = performance.now();
    const transfer = socket.send(file, { channel: `uploads.${priority}`, priority, meta: { name, type, size } });
    const row = new TransferRow(name, size, transfer, palette);
    this.#sending.add(row);
    this.#unanswered.push(row);
    try {
      await transfer.delivered;
      const seconds = (performance.now() - startedAtMs) / 1000;
      const text = `delivered in ${seconds.toFixed(2)} s, ${formatRate(size / seconds)}`;
      row.end(text, 'good');
      log.add(performance.now(), 'transfer', { text: `${name} ${text}`, tone: 'good' });
    } catch (error) {
      const isAborted = error instanceof ChunkSocketError && error.code === 'ERR_ABORTED';
      const text = isAborted ? 'cancelled' : String(error);
      this.#unanswered.splice(this.#unanswered.indexOf(row), 1);
      row.end(text, 'bad');
      log.add(performance.now(), 'transfer', { text: `${name}: ${text}`, tone: 'bad' });
    } finally {
      this.#sending.delete(row);
    }
  }

  #answered({ name, sha256 }: ServerAnswer): void {
    const { log, known } = this.#init;
    const row = this.#unanswered.find((candidate) => candidate.name === name);
    if (row !== undefined) this.#unanswered.splice(this.#unanswered.indexOf(row), 1);
    const sent = known.get(name);
    const verdict = sent === undefined ? '' : sent === sha256 ? ', as it was sent' : ', and that is not what was sent';
    const tone = sent === undefined || sent === sha256 ? 'good' : 'bad';
    row?.confirm(`the server has read it${verdict}`, tone);
    log.add(performance.now(), 'server', { text: `has read ${name}, SHA-256 ${sha256}${verdict}`, tone });
  }
}
