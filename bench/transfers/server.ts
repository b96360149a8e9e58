// The server of the bench, to be forked. Its argument is the path of the file that uploads go to.
import { createWriteStream } from 'node:fs';
import type { AddressInfo } from 'node:net';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CancelledError, ChunkServer } from 'chunksocket/server';
import type { ServerIncoming, ServerSession } from 'chunksocket/server';
import { WebSocketServer } from 'ws';
import { answerRaw } from './raw-path.ts';
import type { ServerReport } from '../support/server-process.ts';
import { Channel } from './shared/control.ts';
import type { ControlMessage, UploadMeta } from './shared/control.ts';
import { makePattern, PATTERN_BYTES, PatternCheck } from '../shared/pattern.ts';
import { Pinger } from '../shared/pinger.ts';

/** Pieces of a download. */
const CHUNK_BYTES = 64 * 1024;

const uploadPath = process.argv[2] ?? '';
const pattern = makePattern();

// Ctrl-C goes to all processes; the bench stops this one.
process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.exit());
process.on('uncaughtException', (error) => {
  fail(error);
});

const server = new ChunkServer();
const wss = new WebSocketServer({ host: '127.0.0.1', port: 0 }, () => {
  tell({ kind: 'listening', port: (wss.address() as AddressInfo).port });
});
server.attach(wss, { onPlain: answerRaw });
server.on('error', ({ error }) => {
  fail(error);
});
server.on('session', serve);

function serve(session: ServerSession<'uint8array'>): void {
  let pinger: Pinger | undefined;
  const answer = (message: ControlMessage): void => {
    session.send(JSON.stringify(message), { channel: Channel.control });
  };
  session.on('incoming', (incoming) => {
    if (incoming.channel === Channel.uploads) void take(incoming, answer);
  });
  session.on('message', ({ data, channel }) => {
    if (channel === Channel.pagePings) session.send(data, { channel });
    else if (channel === Channel.serverPings && typeof data !== 'string') pinger?.answered(data);
    else if (channel === Channel.control) obey(JSON.parse(String(data)) as ControlMessage);
  });

  function obey(message: ControlMessage): void {
    switch (message.kind) {
      case 'download':
        session.send(chunks(message.bytes), { channel: Channel.downloads });
        break;
      case 'start-pings':
        pinger = new Pinger((bytes) => {
          session.send(bytes, { channel: Channel.serverPings, priority: 'high' });
        });
        pinger.start();
        break;
      case 'stop-pings':
        pinger?.stop().then((roundTripsMs) => {
          answer({ kind: 'pings', roundTripsMs });
        }, fail);
        break;
      case 'stored':
      case 'pings':
        fail(new Error(`A page does not say ${message.kind}.`));
    }
  }
}

async function take(incoming: ServerIncoming, answer: (message: ControlMessage) => void): Promise<void> {
  const { keep } = incoming.meta as UploadMeta;
  try {
    if (keep === 'file') await pipeline(incoming.readable(), createWriteStream(uploadPath));
    else await check(incoming.readable(), incoming.totalBytes ?? 0);
    answer({ kind: 'stored', bytes: incoming.receivedBytes });
  } catch (error) {
    // The page gives some uploads up itself.
    if (!(error instanceof CancelledError)) fail(error);
  }
}

async function check(readable: Readable, totalBytes: number): Promise<void> {
  const patternCheck = new PatternCheck();
  for await (const chunk of readable) patternCheck.add(chunk as Uint8Array);
  patternCheck.end(totalBytes);
}

// eslint-disable-next-line @typescript-eslint/require-await -- an iterable of what is there already
async function* chunks(totalBytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < totalBytes;) {
    const start = at % PATTERN_BYTES;
    const chunk = pattern.subarray(start, start + Math.min(CHUNK_BYTES, totalBytes - at));
    at += chunk.length;
    yield chunk;
  }
}

function tell(report: ServerReport): void {
  process.send?.(report);
}

function fail(error: unknown): void {
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.send?.({ kind: 'failed', message } satisfies ServerReport, undefined, undefined, () => process.exit(1));
}
