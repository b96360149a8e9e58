import type { SendData } from '../../src/index.ts';
import { patternBytes } from '../support/pattern-bytes.ts';

/** What a message is sent from. */
export type SourceKind =
  | 'string'
  | 'array-buffer'
  | 'view'
  | 'data-view'
  | 'transferred'
  | 'blob'
  | 'file'
  | 'byte-stream'
  | 'text-stream'
  | 'generator';

export const SOURCES: readonly SourceKind[] = [
  'string',
  'array-buffer',
  'view',
  'data-view',
  'transferred',
  'blob',
  'file',
  'byte-stream',
  'text-stream',
  'generator',
];

/** How a message is taken: by a listener of `message`, with a `binaryType`, or by one of `incoming`. */
export type TakeKind =
  'arraybuffer' | 'uint8array' | 'blob' | 'text()' | 'arrayBuffer()' | 'blob()' | 'stream()' | 'stream(byob)';

export const TAKES: readonly TakeKind[] = [
  'arraybuffer',
  'uint8array',
  'blob',
  'text()',
  'arrayBuffer()',
  'blob()',
  'stream()',
  'stream(byob)',
];

/** One message, from the page to the server or back. JSON, since it goes to the page. */
export interface Case {
  readonly source: SourceKind;
  readonly take: TakeKind;
  readonly byteLength: number;
}

export const isTextSource = (source: SourceKind): boolean => source === 'string' || source === 'text-stream';

/** Text of so many bytes in UTF-8, with code points of every length. */
export function patternText(byteLength: number): string {
  const encoder = new TextEncoder();
  const motif = 'aé\u2028🎉zß漢-';
  const motifBytes = encoder.encode(motif).length;
  const repeated = motif.repeat(Math.floor(byteLength / motifBytes));
  return repeated + '.'.repeat(byteLength - encoder.encode(repeated).length);
}

/** What the message is to be, as bytes. */
export function bytesOf({ source, byteLength }: Case): Uint8Array<ArrayBuffer> {
  return isTextSource(source) ? new TextEncoder().encode(patternText(byteLength)) : patternBytes(byteLength);
}

/** Pieces of unequal size, some of them empty. */
export function* piecesOf<T extends string | Uint8Array>(whole: T): Generator<T> {
  let at = 0;
  for (let index = 0; at < whole.length || index === 0; index++) {
    const count = [0, 1, 7, 4096, 60_000, 300_001][index % 6] as number;
    yield whole.slice(at, at + count) as T;
    at += count;
  }
}

/** What a source of this kind is, in a browser and in Node alike. */
export function dataOf(tested: Case): SendData {
  const bytes = bytesOf(tested);
  switch (tested.source) {
    case 'string':
      return patternText(tested.byteLength);
    case 'array-buffer':
    case 'transferred':
      return bytes.slice().buffer;
    case 'view': {
      const padded = new Uint8Array(bytes.length + 20);
      padded.set(bytes, 10);
      return padded.subarray(10, 10 + bytes.length);
    }
    case 'data-view':
      return new DataView(bytes.slice().buffer);
    case 'blob':
      return new Blob([...piecesOf(bytes)]);
    case 'file':
      return new File([bytes], 'a file.bin', { type: 'application/x-test' });
    case 'byte-stream':
      return streamOf(piecesOf(bytes));
    case 'text-stream':
      return streamOf(piecesOf(patternText(tested.byteLength)));
    case 'generator':
      return generatorOf(piecesOf(bytes));
  }
}

function streamOf<T>(pieces: Iterator<T, void>): ReadableStream<T> {
  return new ReadableStream<T>({
    pull: (controller) => {
      const piece = pieces.next();
      if (piece.done === true) controller.close();
      else controller.enqueue(piece.value);
    },
  });
}

async function* generatorOf<T>(pieces: Iterable<T>): AsyncGenerator<T> {
  for (const piece of pieces) {
    await Promise.resolve();
    yield piece;
  }
}
