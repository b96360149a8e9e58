// Checked by the compiler alone: what must be accepted, and what must not.
import { Readable } from 'node:stream';
import { WebSocket as NodeWebSocket } from 'ws';
import { ChunkSocket, ChunkSocketError, HandshakeError, MessageTooBigError } from '../../src/index.ts';
import type {
  ChunkSocketEvents,
  ChunkSocketOptions,
  Clock,
  ErrorCode,
  MessageEvent,
  SendData,
  Status,
  Transfer,
  TransferProgress,
  Unsubscribe,
  WebSocketConstructor,
} from '../../src/index.ts';

/** `true` only where each is the other, and neither is `any`. */
type Same<A, B> = 0 extends (1 & A) | (1 & B) ? false : [A, B] extends [B, A] ? true : false;

export const checks: [
  Same<ReturnType<ChunkSocket['send']>, Transfer>,
  Same<ReturnType<ChunkSocket['close']>, Promise<void>>,
  Same<ChunkSocket['status'], Status>,
  Same<Status, 'connecting' | 'open' | 'reconnecting' | 'closing' | 'closed'>,
  Same<
    keyof ChunkSocketEvents,
    | 'connect'
    | 'open'
    | 'status'
    | 'incoming'
    | 'message'
    | 'limit'
    | 'retry'
    | 'resume'
    | 'lost'
    | 'drain'
    | 'error'
    | 'close'
  >,
  Same<MessageEvent['data'], string | ArrayBuffer | Uint8Array<ArrayBuffer> | Blob>,
  Same<MessageEvent<Blob>['data'], string | Blob>,
  Same<Transfer['delivered'], Promise<void>>,
  Same<ChunkSocketEvents['close']['error'], ChunkSocketError | undefined>,
  Same<ChunkSocketError['code'], ErrorCode>,
] = [true, true, true, true, true, true, true, true, true, true];

export function constructs(url: string, options: ChunkSocketOptions): ChunkSocket[] {
  return [
    new ChunkSocket(url),
    new ChunkSocket(new URL(url)),
    new ChunkSocket(url, {}),
    new ChunkSocket(url, options),
    new ChunkSocket(() => url),
    new ChunkSocket(async ({ attempt, route, wasRefused }) =>
      Promise.resolve(`${url}?${attempt}${route ?? ''}${String(wasRefused)}`),
    ),
    new ChunkSocket(url, { protocols: 'one' }),
    new ChunkSocket(url, { protocols: ['one', 'two'] as const }),
    new ChunkSocket(url, { auth: { token: 'x' } }),
    new ChunkSocket(url, { auth: () => Promise.resolve({ token: 'x' }) }),
    new ChunkSocket(url, { maxRetries: undefined, heartbeatMs: 0, onSessionLost: 'reject' }),
    new ChunkSocket(url, { shouldRetry: ({ code }) => (code === 4000 ? true : undefined) }),
    new ChunkSocket(url, { mode: 'plain' }),
    new ChunkSocket(url, { fallback: 'plain', mode: 'session' }),
    // @ts-expect-error one of two words
    new ChunkSocket(url, { fallback: 'session' }),
    // @ts-expect-error a URL is not a number
    new ChunkSocket(1),
    // @ts-expect-error there is no such option
    new ChunkSocket(url, { retries: 3 }),
    // @ts-expect-error sizes are numbers
    new ChunkSocket(url, { maxPacketBytes: '1024' }),
    // @ts-expect-error one of three words
    new ChunkSocket(url, { binaryType: 'buffer' }),
    // @ts-expect-error one of two words
    new ChunkSocket(url, { onSessionLost: 'ignore' }),
    // @ts-expect-error it answers with a boolean or undefined
    new ChunkSocket(url, { shouldRetry: () => 'yes' }),
  ];
}

/** Every WebSocket class there is fits. */
export const classes: WebSocketConstructor[] = [WebSocket, NodeWebSocket, class extends WebSocket {}];

// @ts-expect-error a Date is none
export const noClass: WebSocketConstructor = Date;

export function sends(socket: ChunkSocket): Transfer[] {
  return [
    socket.send('text'),
    socket.send(new ArrayBuffer(1)),
    socket.send(new Uint8Array(1)),
    socket.send(new Uint8Array(new SharedArrayBuffer(1))),
    socket.send(new DataView(new ArrayBuffer(1))),
    socket.send(new Blob([])),
    socket.send(new File([], 'a.txt')),
    socket.send('x', {
      channel: 'c',
      priority: 'high',
      meta: { any: ['thing'] },
      signal: new AbortController().signal,
    }),
    socket.send(new ReadableStream<Uint8Array>()),
    socket.send(new ReadableStream<string>()),
    socket.send(new Blob([]).stream()),
    socket.send(Readable.from(['a'])),
    socket.send(pieces()),
    socket.send(new ArrayBuffer(1), { transfer: true, ttlMs: 100 }),
    socket.send('x', { channel: undefined, priority: undefined, meta: undefined, signal: undefined }),
    // @ts-expect-error numbers cannot be sent
    socket.send(1),
    // @ts-expect-error objects cannot be sent
    socket.send({ a: 1 }),
    // @ts-expect-error a list is no stream
    socket.send(['a', 'b']),
    // @ts-expect-error a stream of objects neither
    socket.send(new ReadableStream<{ a: 1 }>()),
    // @ts-expect-error milliseconds are a number
    socket.send('x', { ttlMs: '1s' }),
    // @ts-expect-error nothing cannot be sent
    socket.send(),
    // @ts-expect-error null cannot be sent
    socket.send(null),
    // @ts-expect-error the words are those of fetch
    socket.send('x', { priority: 'urgent' }),
    // @ts-expect-error a channel has a name
    socket.send('x', { channel: 1 }),
  ];
}

async function* pieces(): AsyncGenerator<Uint8Array> {
  await Promise.resolve();
  yield new Uint8Array(1);
}

/** The form of binary messages follows from the option. */
export function forms(url: string): Unsubscribe[] {
  return [
    new ChunkSocket(url).on('message', ({ data }: MessageEvent<ArrayBuffer>) => data),
    new ChunkSocket(url, { heartbeatMs: 0 }).on('message', ({ data }: MessageEvent<ArrayBuffer>) => data),
    new ChunkSocket(url, { binaryType: 'blob' }).on('message', ({ data }) => typeof data === 'string' || data.stream()),
    new ChunkSocket(url, { binaryType: 'uint8array' }).on('message', ({ data }) => data.at(0)),
    // @ts-expect-error there are no Blobs here
    new ChunkSocket(url).on('message', ({ data }: MessageEvent<Blob>) => data),
  ];
}

export function takes(socket: ChunkSocket): Unsubscribe {
  return socket.on('incoming', async (incoming) => {
    const off: Unsubscribe = incoming.on('progress', ({ receivedBytes, totalBytes, bytesPerSecond }) => [
      receivedBytes + bytesPerSecond,
      totalBytes?.toFixed(),
    ]);
    off();
    const whole: [string, ArrayBuffer, Blob] = [
      await incoming.text(),
      await incoming.arrayBuffer(),
      await incoming.blob(),
    ];
    const stream: ReadableStream<Uint8Array<ArrayBuffer>> = incoming.stream();
    incoming.reject('why');
    // @ts-expect-error what the sender says is not to be trusted: it is unknown
    console.log(incoming.meta.name);
    return [whole, stream, incoming.channel.length, incoming.state === 'failed', incoming.possibleDuplicateOf?.ordinal];
  });
}

export function listens(socket: ChunkSocket): Unsubscribe[] {
  return [
    socket.on('message', ({ data, channel, meta, possibleDuplicateOf }) => [
      typeof data === 'string' ? data.length : data.byteLength,
      channel.length,
      possibleDuplicateOf?.session.length,
      typeof meta,
    ]),
    socket.on('message', ({ meta }) => {
      // @ts-expect-error what the sender says is not to be trusted: it is unknown
      console.log(meta.name);
    }),
    socket.on('message', async () => Promise.resolve()),
    socket.once('open', ({ protocol }) => protocol.length),
    socket.on('retry', ({ attempt, delayMs, close, wasOpen }) => [attempt * delayMs, close.code, !wasOpen]),
    socket.on('limit', ({ fromBytes, toBytes, cause }) => fromBytes - toBytes + cause.length),
    socket.on('error', ({ error }) => error.message),
    socket.on('close', ({ code, reason, wasClean, error }) => [code, reason, wasClean, error?.code, error?.hint]),
    // @ts-expect-error there is no such event
    socket.on('data', () => undefined),
    // @ts-expect-error events are objects, never strings
    socket.on('message', (text: string) => text),
  ];
}

export function follows(transfer: Transfer): void {
  const off: Unsubscribe = transfer.on('progress', ({ ackedBytes, totalBytes }: TransferProgress) => {
    // @ts-expect-error the length may be unknown
    return ackedBytes / totalBytes;
  });
  off();
  transfer.abort();
  transfer.abort('why');
  // @ts-expect-error only the SDK says how far it is
  transfer.ackedBytes = 1;
  // @ts-expect-error there is no such event
  transfer.on('done', () => undefined);
}

export function narrows(error: unknown): number | string | undefined {
  if (error instanceof MessageTooBigError) return (error.sizeBytes ?? 0) + error.limitBytes;
  if (error instanceof HandshakeError) return error.closeCode;
  if (!(error instanceof ChunkSocketError)) return undefined;
  if (error.code === 'ERR_ABORTED') return error.hint;
  // @ts-expect-error there is no such code
  if (error.code === 'ERR_UNKNOWN') return undefined;
  return error.message;
}

export async function closes(socket: ChunkSocket): Promise<void> {
  await socket.close();
  await socket.close(4000, 'bye', { drainMs: 0 });
  // @ts-expect-error a code is a number
  await socket.close('4000');
  // @ts-expect-error the status is for reading
  socket.status = 'closed';
}

export const clock: Clock = { now: () => 0, setTimer: () => () => undefined };
export const data: SendData[] = ['', new ArrayBuffer(0), new Float64Array(0), new Blob([])];
