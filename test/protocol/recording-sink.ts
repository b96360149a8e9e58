import type { ControlFrame, DataHead } from '../../src/protocol/frame.ts';
import { FrameDecoder } from '../../src/protocol/frame-decoder.ts';
import type { FrameSink } from '../../src/protocol/frame-decoder.ts';
import type { ViolationName } from '../../src/protocol/violation.ts';
import type { NaiveStream } from './naive-codec.ts';
import type { DataVector, FrameVector } from './vectors.ts';
import { toHex } from './vectors.ts';

function toVector(head: DataHead): DataVector {
  return {
    type: 'data',
    channel: head.channel,
    first: head.first,
    fin: head.fin,
    text: head.text,
    ...(head.total !== undefined && { total: head.total }),
    ...(head.fields && { fields: head.fields, fieldsBytes: head.fieldsBytes }),
    payload: '',
  };
}

/** Writes down what a decoder tells, and checks that it is told in a legal order. Can refuse with a violation. */
export class RecordingSink implements FrameSink {
  readonly frames: FrameVector[] = [];
  partial: DataVector | undefined;
  payloads: Uint8Array[] = [];
  refuse: { at: keyof FrameSink; with: ViolationName } | undefined;
  #leftBytes = 0;

  #answer(call: keyof FrameSink): ViolationName | undefined {
    return this.refuse?.at === call ? this.refuse.with : undefined;
  }

  dataStart(head: DataHead): ViolationName | undefined {
    if (this.partial) throw new Error('dataStart inside a frame');
    this.partial = toVector(head);
    this.#leftBytes = head.payloadBytes;
    return this.#answer('dataStart');
  }

  dataPayload(bytes: Uint8Array): ViolationName | undefined {
    if (!this.partial || bytes.length === 0) throw new Error('dataPayload without a frame or without bytes');
    this.#leftBytes -= bytes.length;
    if (this.#leftBytes < 0) throw new Error('dataPayload beyond the frame');
    this.payloads.push(bytes);
    this.partial.payload += toHex(bytes);
    return this.#answer('dataPayload');
  }

  dataEnd(): ViolationName | undefined {
    if (!this.partial || this.#leftBytes !== 0) throw new Error('dataEnd before the end');
    this.frames.push(this.partial);
    this.partial = undefined;
    return this.#answer('dataEnd');
  }

  control(frame: ControlFrame): ViolationName | undefined {
    if (this.partial) throw new Error('control inside a frame');
    this.frames.push(frame);
    return this.#answer('control');
  }
}

/** What the decoder makes of `pieces`, in the form of the naive codec. */
export function readPieces(pieces: readonly Uint8Array[]): NaiveStream {
  const sink = new RecordingSink();
  const decoder = new FrameDecoder(sink);
  let violation: ViolationName | undefined;
  for (const piece of pieces) {
    const answer = decoder.push(piece);
    if (violation !== undefined && answer !== violation) throw new Error('a violation was forgotten');
    violation = answer;
  }
  return {
    frames: sink.frames,
    ...(sink.partial && { partial: sink.partial }),
    ...(violation !== undefined && { violation }),
  };
}
