import { encodeText } from '../../src/protocol/text.ts';
import { OutgoingMessage } from '../../src/session/mux/outgoing-message.ts';
import { BytesSource } from '../../src/session/mux/source.ts';
import type { WholeMessage } from '../../src/session/mux/whole-message.ts';
import { expectSame, megabytes } from './benchmark.ts';
import type { Benchmark } from './benchmark.ts';
import { SessionPair } from './session-pair.ts';

const BURST_COUNT = 20_000;
const BURST_BYTES = 100;
const BINARY_BYTES = 64 * 1024 * 1024;
const TEXT_LENGTH = 8_000_000;

/** Many small messages, all of them sent before the first one leaves. */
export function muxBurst(): Benchmark {
  const bytes = new Uint8Array(BURST_BYTES).fill(7);
  return transferring('messages/s', BURST_COUNT, BURST_COUNT * BURST_BYTES, () =>
    Array.from({ length: BURST_COUNT }, () => new BytesSource(bytes, false)),
  );
}

/** One message of bytes on a session that has just begun. */
export function muxBinary(): Benchmark {
  const bytes = new Uint8Array(BINARY_BYTES).fill(7);
  return transferring('MB/s', megabytes(BINARY_BYTES), BINARY_BYTES, () => [new BytesSource(bytes, false)]);
}

/** One message of text on a session that has just begun, from string to string; its bytes are those of UTF-8. */
export function muxText(character: string): Benchmark {
  const text = character.repeat(TEXT_LENGTH);
  const work = megabytes(encodeText(text).length);
  return transferring('MB/s', work, text.length, () => [new BytesSource(encodeText(text), true)]);
}

/** @param length - of all data together, as the receiver has it */
function transferring(
  unit: Benchmark['unit'],
  work: number,
  length: number,
  makeSources: () => BytesSource[],
): Benchmark {
  let pair: SessionPair | undefined;
  return {
    unit,
    work,
    prepare: () => {
      pair = new SessionPair();
    },
    run: () => {
      const messages = makeSources().map(
        (source) => new OutgoingMessage({ source, channel: '', priority: 'auto', meta: undefined }),
      );
      const received: WholeMessage[] = pair?.transfer(messages) ?? [];
      expectSame('Messages', received.length, messages.length);
      expectSame(
        'Length of the data',
        received.reduce((sum, { data }) => sum + data.length, 0),
        length,
      );
    },
  };
}
