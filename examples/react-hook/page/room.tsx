import { useState } from 'react';
import type { ReactElement } from 'react';
import { useChunkSocket } from '../use-chunk-socket.ts';

const CHARACTERS = 1_000_000;
const TEXT = 'All work and no play. '.repeat(CHARACTERS / 22 + 1).slice(0, CHARACTERS);

interface RoomProps {
  readonly name: string;
  readonly renders: number;
}

/** Sends a long text to the room, and shows what the room says to it. */
export function Room({ name, renders }: RoomProps): ReactElement {
  const [progress, setProgress] = useState(0);
  const [answer, setAnswer] = useState('–');
  const [problem, setProblem] = useState('');
  const { status, send, socket } = useChunkSocket(`/live?room=${name}`, {
    retryMaxMs: 5000,
    onMessage: ({ data }) => {
      setAnswer(typeof data === 'string' ? data : `${data.byteLength} bytes`);
    },
    onClose: ({ error, code }) => {
      setProblem(error?.message ?? `The socket was closed (${code}).`);
    },
  });

  async function sendText(): Promise<void> {
    setAnswer('–');
    setProblem('');
    const transfer = send(TEXT);
    transfer.on('progress', ({ ackedBytes, totalBytes = 0 }) => {
      setProgress(ackedBytes / totalBytes);
    });
    try {
      await transfer.delivered;
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  }

  return (
    <section className="card" aria-labelledby="title">
      <header>
        <h2 id="title">Room {name}</h2>
        <span id="state" className="badge" role="status" data-state={status}>
          {status}
        </span>
      </header>
      <div className="buttons">
        <button id="send" type="button" className="primary" onClick={() => void sendText()}>
          Send a million characters
        </button>
        <button id="cut" type="button" onClick={() => void fetch('/cut', { method: 'POST' })}>
          Cut the connection
        </button>
      </div>
      <progress value={progress} aria-label="How much of the text the room has" />
      <dl>
        <div>
          <dt>Answer</dt>
          <dd id="answer">{answer}</dd>
        </div>
        <div>
          <dt>Connections of this socket</dt>
          <dd id="connections">{socket?.stats().connections ?? 0}</dd>
        </div>
        <div>
          <dt>Renders asked for</dt>
          <dd id="renders">{renders}</dd>
        </div>
      </dl>
      <p className="problem" role="alert">
        {problem}
      </p>
    </section>
  );
}
