import { encodeText } from '../protocol/text.ts';

/**
 * Engines have memory of this size at hand. A fresh piece of 64 MiB costs four times as much to fill (measured in Node: 47
 * ms, in pieces 12), since the system hands it out page by page.
 */
const PART_BYTES = 256 * 1024;
/** One more byte for a character that is not cut in two; three bytes each at most. */
const PART_LENGTH = Math.floor(PART_BYTES / 3);

/** A copy of the bytes, in pieces where there are many. */
export function copyParts(bytes: Uint8Array): Uint8Array[] {
  const parts: Uint8Array[] = [];
  let at = 0;
  do parts.push(bytes.slice(at, (at += PART_BYTES)));
  while (at < bytes.length);
  return parts;
}

/** UTF-8 of `text`, in pieces where there is much; lone surrogates become U+FFFD, as in WebSocket. */
export function encodeParts(text: string): Uint8Array[] {
  const parts: Uint8Array[] = [];
  let from = 0;
  do {
    let to = from + PART_LENGTH;
    // Not between the halves of a pair.
    if (/[\uD800-\uDBFF]/.test(text.charAt(to - 1))) to--;
    parts.push(encodeText(to < text.length || from > 0 ? text.slice(from, to) : text));
    from = to;
  } while (from < text.length);
  return parts;
}
