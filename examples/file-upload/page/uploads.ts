import type { ChunkSocket, Transfer } from 'chunksocket';
import { hashFile } from './hash-file.ts';
import { UploadRow } from './upload-row.ts';
import { CONTROL_CHANNEL, UPLOAD_CHANNEL } from '../words.ts';
import type { Answer, Command, FileMeta } from '../words.ts';

interface Waiting {
  readonly transfer: Transfer;
  readonly answer: (answer: Answer) => void;
}

/** The files that this page sends. */
export class Uploads {
  readonly #socket: ChunkSocket;
  /** Files of which the server has not said yet what became of them, by their ids. */
  readonly #waiting = new Map<string, Waiting>();

  constructor(socket: ChunkSocket) {
    this.#socket = socket;
    socket.on('message', ({ channel, data }) => {
      if (channel !== CONTROL_CHANNEL || typeof data !== 'string') return;
      const answer = JSON.parse(data) as Answer;
      this.#waiting.get(answer.id)?.answer(answer);
    });
    // What is not delivered yet is sent again, or fails by itself.
    socket.on('lost', () => {
      this.#giveUpDelivered('The server has forgotten about it.');
    });
    socket.on('close', () => {
      this.#giveUpDelivered('The socket was closed before the server answered.');
    });
  }

  /** Sends one file. How it goes, and how it ends, is shown in a row of its own. */
  async send(file: File): Promise<void> {
    const id = crypto.randomUUID();
    const row = new UploadRow(file.name, file.size);
    const stop = new AbortController();
    row.onCancel(() => {
      stop.abort();
      // A server that does not read does not hear of it.
      this.#command({ kind: 'resume', id });
    });
    row.onPause((isPaused) => {
      // The server stops reading; that holds up this channel, and no other.
      this.#command({ kind: isPaused ? 'pause' : 'resume', id });
    });
    const meta: FileMeta = { name: file.name, type: file.type };
    try {
      const transfer = this.#socket.send(file, { channel: UPLOAD_CHANNEL + id, meta, signal: stop.signal });
      transfer.on('progress', ({ ackedBytes, bytesPerSecond }) => {
        row.progress(ackedBytes, bytesPerSecond);
      });
      const answered = new Promise<Answer>((answer) => this.#waiting.set(id, { transfer, answer }));
      const [sha256] = await Promise.all([hashFile(file, stop.signal), transfer.delivered]);
      // Delivered is not saved: that only the server's application can tell.
      const answer = await answered;
      if (answer.kind === 'failed') row.end('failed', answer.message);
      else if (answer.sha256 !== sha256) row.end('failed', 'The server saved something else.');
      else row.end('saved', `Saved as ${answer.name}, SHA-256 ${sha256}`);
    } catch (error) {
      if (stop.signal.aborted) row.end('cancelled', 'Cancelled');
      else row.end('failed', error instanceof Error ? error.message : String(error));
      // Whichever of the two failed, the other one stops.
      stop.abort();
    } finally {
      this.#waiting.delete(id);
    }
  }

  #command(command: Command): void {
    this.#socket.send(JSON.stringify(command), { channel: CONTROL_CHANNEL, priority: 'high' });
  }

  #giveUpDelivered(message: string): void {
    for (const [id, { transfer, answer }] of this.#waiting) {
      if (transfer.state === 'delivered') answer({ kind: 'failed', id, message });
    }
  }
}
