import { noBytes } from '../protocol/bytes.ts';
import { encodeInto, encodeText } from '../protocol/text.ts';

/**
 * Engines have memory of this size at hand. A fresh piece of 64 MiB costs four times as much to fill (measured in Node: 47
 * ms, in pieces 12), since the system hands it out page by page.
 */
const PART_BYTES = 256 * 1024;
/** A UTF-16 code unit takes three bytes of UTF-8 at most. */
const PART_LENGTH = Math.floor(PART_BYTES / 3);

/** Many small payloads share one array: one of its own costs an engine more than all else that is done for a message. */
const BLOCK_BYTES = 2048;
const MAX_SHARED_BYTES = 256;
let block = noBytes;
let blockBytes = 0;

/** The rest of the block, or a new one, with room for `bytes`. */
function room(bytes: number): Uint8Array {
  if (blockBytes + bytes > block.length) {
    block = new Uint8Array(BLOCK_BYTES);
    blockBytes = 0;
  }
  return block;
}

function takeRoom(bytes: number): Uint8Array {
  return block.subarray(blockBytes, (blockBytes += bytes));
}

/** A copy of the bytes, in several pieces where there are many. */
export function copyParts(bytes: Uint8Array): Uint8Array | Uint8Array[] {
  if (bytes.length <= MAX_SHARED_BYTES) {
    room(bytes.length).set(bytes, blockBytes);
    return takeRoom(bytes.length);
  }
  if (bytes.length <= PART_BYTES) return bytes.slice();
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += PART_BYTES) parts.push(bytes.slice(at, at + PART_BYTES));
  return parts;
}

/** UTF-8 of `text`, in several pieces where there is much; lone surrogates become U+FFFD, as in WebSocket. */
export function encodeParts(text: string): Uint8Array | Uint8Array[] {
  const mostBytes = text.length * 3;
  if (mostBytes <= MAX_SHARED_BYTES) return takeRoom(encodeInto(text, room(mostBytes).subarray(blockBytes)));
  if (text.length <= PART_LENGTH) return encodeText(text);
  const parts: Uint8Array[] = [];
  for (let from = 0; from < text.length;) {
    let to = from + PART_LENGTH;
    // Not between the halves of a pair.
    if (/[\uD800-\uDBFF]/.test(text.charAt(to - 1))) to--;
    parts.push(encodeText(text.slice(from, to)));
    from = to;
  }
  return parts;
}
