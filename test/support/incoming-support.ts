import { FrameDecoder } from '../../src/protocol/frame-decoder.ts';
import { encodeFields } from '../../src/protocol/frame-encoder.ts';
import { DataFlag } from '../../src/protocol/frame.ts';
import type { ControlFrame, MessageFields } from '../../src/protocol/frame.ts';
import { decodePacket } from '../../src/protocol/packet.ts';
import { encodeText } from '../../src/protocol/text.ts';
import { Inbox } from './inbox.ts';
import { dataFrame } from './raw-peer.ts';

/** What a frame says beside its payload. */
export interface FrameSaying extends MessageFields {
  readonly channel?: number;
  readonly first?: boolean;
  readonly fin?: boolean;
  readonly text?: boolean;
  readonly total?: number;
}

/** A DATA frame; a string is its payload in UTF-8, a number so many zeros. */
export function frame(payload: string | number | Uint8Array, saying: FrameSaying = {}): Uint8Array {
  const { channel = 0, first, fin, text, total, ...fields } = saying;
  const bytes =
    typeof payload === 'string' ? encodeText(payload) : typeof payload === 'number' ? new Uint8Array(payload) : payload;
  const flags =
    (first === true ? DataFlag.first : 0) | (fin === true ? DataFlag.fin : 0) | (text === true ? DataFlag.text : 0);
  return dataFrame(bytes, flags, {
    channel,
    ...(total === undefined ? {} : { total }),
    ...(first === true ? { fields: encodeFields(fields) } : {}),
  });
}

/** The first frame of a message. */
export function start(payload: string | number | Uint8Array, saying: FrameSaying = {}): Uint8Array {
  return frame(payload, { first: true, ...saying });
}

/** A whole message in one frame; text, if the payload is a string. */
export function whole(payload: string | number | Uint8Array, saying: FrameSaying = {}): Uint8Array {
  return start(payload, { fin: true, text: typeof payload === 'string', ...saying });
}

/** The last frame of a message. */
export function last(payload: string | number | Uint8Array, saying: FrameSaying = {}): Uint8Array {
  return frame(payload, { fin: true, ...saying });
}

/** What `source` tells of messages that begin. */
export function tellings<Told>(source: { on(name: 'incoming', listener: (told: Told) => void): unknown }): Inbox<Told> {
  const inbox = new Inbox<Told>();
  source.on('incoming', (told) => {
    inbox.push(told);
  });
  return inbox;
}

/** All that a stream gives. */
export async function readAll(stream: ReadableStream<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}

/** A stream of these parts, one for each pull. */
export function streamOf<Part>(parts: Iterable<Part>): ReadableStream<Part> {
  const iterator = parts[Symbol.iterator]();
  return new ReadableStream<Part>({
    pull: (controller) => {
      const { done = false, value } = iterator.next() as { done?: boolean; value: Part };
      if (done) controller.close();
      else controller.enqueue(value);
    },
  });
}

/** Control frames of one type in packets that follow each other. */
export function controlsIn<Type extends ControlFrame['type']>(
  packets: readonly Uint8Array[],
  type: Type,
): Extract<ControlFrame, { type: Type }>[] {
  const controls: ControlFrame[] = [];
  const nothing = (): undefined => undefined;
  const control = (one: ControlFrame): undefined => {
    controls.push(one);
  };
  const decoder = new FrameDecoder({ dataStart: nothing, dataPayload: nothing, dataEnd: nothing, control });
  for (const bytes of packets) {
    const packet = decodePacket(bytes);
    if (typeof packet === 'object' && packet.kind === 'stream' && packet.slice.length > 0) decoder.push(packet.slice);
  }
  return controls.filter((one): one is Extract<ControlFrame, { type: Type }> => one.type === type);
}
