import type { ChunkSocket as Socket } from 'chunksocket';
import { formatRate } from './format.ts';
import type { PingSeries } from './ping-series.ts';
import type { Reporter } from './reporter.ts';
import type { ServerAnswer } from './server-answer.ts';
import { UploadRow } from './upload-row.ts';
import type { View } from './view.ts';

/** The speed of less tells nothing. */
const MIN_RATED_BYTES = 1024 * 1024;

/** What the files are sent with, and who hears of it. */
export interface UploadsInit {
  readonly socket: Socket;
  readonly view: View;
  readonly reporter: Reporter;
  /** The pings beside the files. */
  readonly pings: PingSeries;
  /** Fulfilled when those under way have come back. */
  readonly pingsSettled: () => Promise<void>;
}

/** The files on their way to the server, one after the other. */
export class Uploads {
  readonly #init: UploadsInit;
  readonly #sending = new Set<UploadRow>();

  constructor(init: UploadsInit) {
    this.#init = init;
    init.socket.on('message', ({ channel, data }) => {
      if (channel === 'results' && typeof data === 'string') this.#answered(JSON.parse(data) as ServerAnswer);
    });
  }

  /** A file is on its way. */
  get isBusy(): boolean {
    return this.#sending.size > 0;
  }

  /** There is no connection for a while. */
  wait(): void {
    for (const row of this.#sending) row.say('Waits for a connection');
  }

  async send(file: File): Promise<void> {
    const { socket, view, reporter, pings, pingsSettled } = this.#init;
    const { name, type, size } = file;
    const row = new UploadRow(name, size);
    this.#sending.add(row);
    const startedAtMs = performance.now();
    reporter.add({ kind: 'started', name, totalBytes: size });
    view.log(`Sending ${name} as one message`);
    const transfer = socket.send(file, { channel: 'uploads', priority: 'low', meta: { name, type, size } });
    transfer.on('progress', ({ ackedBytes, bytesPerSecond }) => {
      reporter.add({ kind: 'progress', ackedBytes, totalBytes: size, bytesPerSecond });
      row.progress(ackedBytes, bytesPerSecond);
      view.showFigures(socket.stats());
    });
    try {
      await transfer.delivered;
      this.#sending.delete(row);
      const seconds = (performance.now() - startedAtMs) / 1000;
      const rate = size < MIN_RATED_BYTES ? '' : `, ${formatRate(size / seconds)}`;
      const text = `Delivered in ${seconds.toFixed(2)} s${rate}`;
      row.end(text, true);
      view.log(`${name}: ${text}`, 'good');
      await pingsSettled();
      const { connections, resentBytes } = socket.stats();
      reporter.add({ kind: 'delivered', name, seconds, connections, resentBytes, pings: pings.figures });
    } catch (error) {
      this.#sending.delete(row);
      const text = String(error);
      reporter.add({ kind: 'failed', message: text });
      row.end(text, false);
      view.log(`${name}: ${text}`, 'bad');
    }
  }

  #answered({ name, bytes, sha256 }: ServerAnswer): void {
    const { view, reporter } = this.#init;
    reporter.add({ kind: 'answered', sha256 });
    view.log(`The server read ${name}, ${bytes} bytes, SHA-256 ${sha256}`, 'good');
  }
}
