import type { Incoming } from '../../src/index.ts';
import type { TakeKind } from './cases.ts';

/** A message that was taken. */
export interface Taken {
  readonly isText: boolean;
  readonly bytes: Uint8Array;
  /** What kind of thing it was. */
  readonly form: string;
}

/** Less than a packet, and no divisor of one. */
const BYOB_BYTES = 5003;

const encoder = new TextEncoder();

/** Whether the kind is one of `incoming`. */
export const isIncoming = (take: TakeKind): boolean => take.endsWith(')');

/** Takes a message that was handed over whole. */
export async function takeWhole(data: string | ArrayBuffer | Uint8Array | Blob): Promise<Taken> {
  if (typeof data === 'string') return { isText: true, bytes: encoder.encode(data), form: 'string' };
  const form = Object.prototype.toString.call(data).slice(8, -1);
  const bytes = data instanceof Blob ? new Uint8Array(await data.arrayBuffer()) : new Uint8Array(data);
  return { isText: false, bytes, form };
}

/** Takes a message that comes in. */
export async function takeIncoming(incoming: Incoming, take: TakeKind): Promise<Taken> {
  const { isText } = incoming;
  switch (take) {
    case 'text()':
      return { ...(await takeWhole(await incoming.text())), isText };
    case 'arrayBuffer()':
      return { ...(await takeWhole(await incoming.arrayBuffer())), isText };
    case 'blob()':
      return { ...(await takeWhole(await incoming.blob())), isText };
    case 'arraybuffer':
    case 'uint8array':
    case 'blob':
    case 'stream()': {
      const reader = incoming.stream().getReader();
      const parts: Uint8Array[] = [];
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        parts.push(value);
      }
      return { ...(await takeWhole(new Blob(parts as Uint8Array<ArrayBuffer>[]))), isText, form: 'ReadableStream' };
    }
    case 'stream(byob)': {
      const reader = incoming.stream().getReader({ mode: 'byob' });
      const parts: Uint8Array<ArrayBuffer>[] = [];
      let buffer = new ArrayBuffer(BYOB_BYTES);
      for (;;) {
        const { done, value } = await reader.read(new Uint8Array(buffer));
        if (done) break;
        parts.push(value.slice());
        buffer = value.buffer;
      }
      return { ...(await takeWhole(new Blob(parts))), isText, form: 'ReadableStream' };
    }
  }
}

/** The form that a message has to have. */
export function formOf(take: TakeKind, isText: boolean): string {
  if (take.startsWith('stream')) return 'ReadableStream';
  if (take === 'text()' || (isText && !isIncoming(take))) return 'string';
  if (take === 'arraybuffer' || take === 'arrayBuffer()') return 'ArrayBuffer';
  return take === 'uint8array' ? 'Uint8Array' : 'Blob';
}
