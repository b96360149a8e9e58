import { Random } from '../support/sim/random.ts';
import { patternBytes } from '../support/pattern-bytes.ts';
import { Digest } from './digest.ts';
import type { MessagePlan } from './plan.ts';
import type { SendData } from '../../src/index.ts';

/** What a message is, whoever has it. */
export interface Content {
  readonly isText: boolean;
  readonly byteLength: number;
  readonly hash: string;
}

const ALPHABET = Array.from('abcdefghijklmnopqrstuvwxyz {}":,.0123456789éßñ漢字かな\u2028\ufeff🎉𝄞');
const MOTIF_LENGTH = 613;
const encoder = new TextEncoder();

/** Whether the receiver gets text. */
export const isText = ({ form }: MessagePlan): boolean => form === 'string' || form === 'text-stream';

/** Text of so many bytes in UTF-8, with code points of every length, no two parts of which are alike. */
function makeText({ byteLength, seed }: MessagePlan): string {
  const random = new Random(seed);
  const motif = Array.from({ length: MOTIF_LENGTH }, () => random.pick(ALPHABET)).join('');
  const motifBytes = encoder.encode(motif).length;
  const parts: string[] = [];
  let left = byteLength;
  for (let index = 0; ; index++) {
    const number = `${index}|`;
    if (left < motifBytes + number.length) break;
    parts.push(number, motif);
    left -= motifBytes + number.length;
  }
  // What is left is filled with a piece of the motif, and dots where its last character does not fit.
  let rest = '';
  for (const character of motif) {
    const bytes = encoder.encode(character).length;
    if (bytes > left) break;
    rest += character;
    left -= bytes;
  }
  return parts.join('') + rest + '.'.repeat(left);
}

const bytesOf = (message: MessagePlan): Uint8Array<ArrayBuffer> =>
  isText(message) ? encoder.encode(makeText(message)) : patternBytes(message.byteLength, message.seed);

/** What is expected of it at the other end. */
export function contentOf(message: MessagePlan): Content {
  const bytes = bytesOf(message);
  const digest = new Digest();
  digest.add(bytes);
  return { isText: isText(message), byteLength: bytes.length, hash: digest.hash };
}

/** What the message is sent as. */
export function dataOf(message: MessagePlan): SendData {
  switch (message.form) {
    case 'string':
      return makeText(message);
    case 'array-buffer':
    case 'transferred':
      return bytesOf(message).slice().buffer;
    case 'view': {
      const padded = new Uint8Array(message.byteLength + 24);
      padded.set(bytesOf(message), 8);
      return padded.subarray(8, 8 + message.byteLength);
    }
    case 'blob':
      return new Blob([bytesOf(message)]);
    case 'stream':
      return streamOf(bytesOf(message), message);
    case 'text-stream':
      return streamOf(makeText(message), message);
  }
}

/** In pieces of unequal length, some of them late; it fails half way where that is its fate. */
function streamOf<Whole extends string | Uint8Array<ArrayBuffer>>(
  whole: Whole,
  { seed, fate }: MessagePlan,
): ReadableStream<Whole> {
  const random = new Random(seed);
  const failsAt = fate === 'source-fails' ? Math.floor(whole.length / 2) : Infinity;
  let at = 0;
  return new ReadableStream<Whole>({
    async pull(controller) {
      if (random.chance(0.05)) await new Promise((resolve) => setTimeout(resolve, 3));
      if (at >= failsAt) {
        controller.error(new Error('The source fails, as planned.'));
      } else if (at >= whole.length) {
        controller.close();
      } else {
        const to = at + random.scaled(1, 100_000);
        controller.enqueue(whole.slice(at, to) as Whole);
        at = to;
      }
    },
  });
}
