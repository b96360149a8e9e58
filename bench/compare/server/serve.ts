import { makePattern, PATTERN_BYTES, PatternCheck } from '../../shared/pattern.ts';
import { SMALL_BYTES } from '../shared/command.ts';
import type { Command, Taken } from '../shared/command.ts';
import type { Peer } from './peer.ts';

const CHUNK_BYTES = 256 * 1024;

const pattern = makePattern();
/** The last message that was sent, for the next one of its length. */
let made = new Uint8Array();

/** Does what the page says. Whatever comes in the middle of a command belongs to it. */
export function serve(peer: Peer): void {
  let left = 0;
  let length = 0;
  let isEcho = false;
  let isBeside = false;
  peer.onMessage = (data) => {
    if (left === 0) {
      obey(JSON.parse(String(data)) as Command);
      return;
    }
    left--;
    if (isEcho || (isBeside && data.length <= SMALL_BYTES)) {
      peer.send(data);
      return;
    }
    length += data.length;
    // Beside others, a big message is a part of one.
    if (typeof data !== 'string' && data.length > SMALL_BYTES && !isBeside) check(data);
    if (left > 0 && !isBeside) return;
    taken(length);
    length = 0;
  };

  function taken(takenLength: number): void {
    peer.send(JSON.stringify({ length: takenLength } satisfies Taken));
  }

  function obey(command: Command): void {
    switch (command.kind) {
      case 'take':
      case 'echo':
        left = command.count;
        length = 0;
        isEcho = command.kind === 'echo';
        break;
      case 'beside':
        left = Infinity;
        isBeside = true;
        peer.takeBulk?.(taken);
        break;
      case 'give':
        if (made.length !== command.bytes) made = fill(command.bytes);
        for (let count = 0; count < command.count; count++) peer.send(made);
        break;
      case 'stream':
        peer.sendStream?.(chunks(command.bytes));
    }
  }
}

/** The first and last bytes: enough to see that it is what was sent. */
function check(data: Uint8Array): void {
  const patternCheck = new PatternCheck();
  patternCheck.add(data);
}

function fill(bytes: number): Uint8Array<ArrayBuffer> {
  const data = new Uint8Array(bytes);
  for (let at = 0; at < bytes; at += PATTERN_BYTES)
    data.set(pattern.subarray(0, Math.min(PATTERN_BYTES, bytes - at)), at);
  return data;
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
