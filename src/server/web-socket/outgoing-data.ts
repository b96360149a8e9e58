import { tagOf } from '../../runtime/buffer-bytes.ts';
import type { SendData } from '../../runtime/payload.ts';

/** What can be sent: as with `ws`, all that `Buffer.from` takes, and numbers, which are sent as text. */
export type WsSendData =
  | string
  | number
  | ArrayBufferView
  | ArrayBuffer
  | SharedArrayBuffer
  | Blob
  | readonly number[]
  | { valueOf(): ArrayBuffer | SharedArrayBuffer | Uint8Array | readonly number[] | string }
  | { [Symbol.toPrimitive](hint: string): string };

/** Data that is known to be one of three. */
export type PlainData = string | Buffer | Blob;

/**
 * @returns `data` in one of three forms; what is nothing is empty
 * @throws TypeError as `Buffer.from`
 */
export function toPlainData(data: unknown): PlainData {
  if (typeof data === 'string') return data;
  if (typeof data === 'number') return data.toString();
  if (data === undefined || data === null || data === false) return Buffer.alloc(0);
  if (Buffer.isBuffer(data)) return data;
  if (ArrayBuffer.isView(data)) return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  if (isBlob(data)) return data;
  return Buffer.from(data as string);
}

function isBlob(data: unknown): data is Blob {
  const tag = tagOf(data);
  return tag === 'Blob' || tag === 'File';
}

/** Length in bytes. */
export function lengthOf(data: PlainData): number {
  if (typeof data === 'string') return Buffer.byteLength(data);
  return Buffer.isBuffer(data) ? data.length : data.size;
}

/** The message to be sent, as text or not, whatever the form of the data. */
export function toMessage(data: PlainData, isBinary: boolean): SendData {
  if (isBinary) return typeof data === 'string' ? Buffer.from(data) : data;
  if (typeof data === 'string') return data;
  return Buffer.isBuffer(data) ? data.toString() : readText(data);
}

async function* readText(blob: Blob): AsyncGenerator<string> {
  yield await blob.text();
}

/** One message of the parts given, in their order. */
export function joinParts(parts: readonly PlainData[]): PlainData {
  const [first] = parts;
  if (parts.length === 1 && first !== undefined) return first;
  const bytes = parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part));
  return bytes.every((part) => Buffer.isBuffer(part)) ? Buffer.concat(bytes) : new Blob(bytes);
}
