import { noBytes, pack, Reader } from './bytes.ts';
import { CONTROL_LAYOUTS, DataFlag, maxReasonBytes } from './frame.ts';
import type { ControlFrame, DataHead, MessageFields, MessageOrigin } from './frame.ts';
import { MAX_CONTROL_BYTES, MAX_FIELDS_BYTES, MAX_NAME_AND_META_BYTES } from './limits.ts';
import { isCloseCode, isSessionId } from './terms.ts';
import { decodeJson, decodeText } from './text.ts';
import type { ViolationName } from './violation.ts';

/** Bytes of the longest head: type and length, and the body of a control frame (that of DATA is shorter). */
const MAX_HEAD_BYTES = 9 + MAX_CONTROL_BYTES;

/** What a {@link FrameDecoder} tells, in the order of the stream. An answer other than `undefined` ends the decoding. */
export interface FrameSink {
  /** A DATA frame begins. */
  dataStart(head: DataHead): ViolationName | undefined;
  /** At least one byte of its payload: a view of what was pushed. */
  dataPayload(bytes: Uint8Array): ViolationName | undefined;
  /** All of its payload was handed on. */
  dataEnd(): ViolationName | undefined;
  /** A control frame. */
  control(frame: ControlFrame): ViolationName | undefined;
}

function decodeOrigin(bytes: Uint8Array): MessageOrigin | undefined {
  const reader = new Reader(bytes, 0);
  const mark = reader.varint();
  const channel = reader.varint();
  const ordinal = reader.varint();
  const session = reader.text();
  return mark < 2 && isSessionId(session) ? { mark: mark ? 'whole' : 'partial', channel, ordinal, session } : undefined;
}

/** Name and decoder of each field, at the index of its key. */
const FIELDS = [[], ['name', decodeText], ['meta', decodeJson], ['origin', decodeOrigin]] as const;

/** The fields of a message in the block that DATA carries. Keys that are not known are skipped. */
function decodeFields(block: Uint8Array): MessageFields | ViolationName {
  const fields: Record<string, unknown> = {};
  const reader = new Reader(block, 0);
  let namedBytes = 0;
  while (reader.at < block.length) {
    const key = reader.varint();
    const value = reader.bytes(reader.varint());
    const [name, decode] = FIELDS[key] ?? FIELDS[0];
    if (name) {
      if (name !== 'origin' && (namedBytes += value.length) > MAX_NAME_AND_META_BYTES) return 'fields-too-big';
      const content = decode(value);
      if (content === undefined || name in fields) return 'bad-fields';
      fields[name] = content;
    }
  }
  return reader.at >= 0 ? fields : 'bad-fields';
}

/** Whether this type byte of DATA has the reserved flag, or flags that exclude each other. */
const hasBadFlags = (type: number): boolean =>
  type & DataFlag.first
    ? (type & 32) > 0 || (type & (DataFlag.fin | DataFlag.total)) === (DataFlag.fin | DataFlag.total)
    : (type & 63) >= DataFlag.text;

/** A DATA frame up to its payload; `type` is its type byte, `length` that of its body, which begins here. */
function readData(reader: Reader, type: number, length: number): DataHead {
  const start = reader.at;
  const has = (flag: number): boolean => (type & flag) > 0;
  const first = has(DataFlag.first);
  const fin = has(DataFlag.fin);
  const channel = reader.varint();
  const total = has(DataFlag.total) ? reader.varint() : undefined;
  const fieldsBytes = has(DataFlag.fields) ? reader.varint() : 0;
  // the end of the body can be above 2^53 and inexact; a difference is not
  const payloadBytes = length - (reader.at - start) - fieldsBytes;
  if (fieldsBytes > MAX_FIELDS_BYTES) reader.fail('fields-too-big');
  if (payloadBytes < 0) reader.fail('bad-frame');
  if (payloadBytes === 0 && !first && !fin) reader.fail('empty-data');
  const fields = has(DataFlag.fields) ? decodeFields(reader.bytes(fieldsBytes)) : undefined;
  if (typeof fields === 'string') reader.fail(fields);
  return {
    channel,
    first,
    fin,
    text: has(DataFlag.text),
    total,
    fields: fields as MessageFields,
    fieldsBytes,
    payloadBytes,
  };
}

/** A control frame whose whole body is there. */
function readControl(reader: Reader, [type = '', ...members]: readonly string[]): ControlFrame {
  const frame: Record<string, unknown> = { type };
  for (const member of members)
    frame[member] = member === 'reason' ? reader.text(maxReasonBytes(type)) : reader.varint();
  if (reader.at < reader.end || (type === 'close' && !isCloseCode(frame['code']))) reader.fail();
  return frame as ControlFrame;
}

/**
 * Turns a byte stream that comes in pieces of any size into frames. Payload is handed on as it comes; only a head or a
 * control frame that is cut is copied and kept, at most {@link MAX_HEAD_BYTES} of it.
 */
export class FrameDecoder {
  readonly #sink: FrameSink;
  #violation: ViolationName | undefined;
  /** The beginning of a head whose end has not come. */
  #kept = noBytes;
  /** What is still to come of the payload of a DATA frame, or of a frame that is skipped. */
  #restBytes = 0;
  #isData = false;

  /** Tells `sink` what the stream holds. */
  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** Takes the next bytes of the stream. The first violation is the answer to every later push, too. */
  push(bytes: Uint8Array): ViolationName | undefined {
    let at = 0;
    while (at < bytes.length && !this.#violation) {
      if (this.#restBytes) {
        const piece = bytes.subarray(at, at + this.#restBytes);
        at += piece.length;
        this.#restBytes -= piece.length;
        if (this.#isData) this.#violation = this.#sink.dataPayload(piece);
      } else {
        const kept = this.#kept;
        // something is kept only where a push begins: `at` is 0 then
        const source = kept.length ? pack(kept, bytes.subarray(0, MAX_HEAD_BYTES)) : bytes;
        const next = this.#takeHead(source, at);
        this.#kept = next ? noBytes : source.slice(at, at + MAX_HEAD_BYTES);
        at = next - kept.length;
      }
      if (this.#isData && this.#restBytes === 0) this.#violation ??= this.#sink.dataEnd();
    }
    return this.#violation;
  }

  /** Takes the head of the frame at `at`, and returns the next index; or NaN where it is cut, or a violation. */
  #takeHead(bytes: Uint8Array, at: number): number {
    const type = bytes[at] as number;
    const isData = type >> 6 === 1;
    const layout = CONTROL_LAYOUTS[type];
    const reader = new Reader(bytes, at + 1);
    if (isData && hasBadFlags(type)) reader.fail('bad-data-flags');
    const length = reader.varint();
    const bodyStart = reader.at;
    const bodyEnd = bodyStart + length;
    // an end inside the head of a whole body is a fault; otherwise the rest has yet to come
    if (bodyEnd <= reader.end) {
      reader.end = bodyEnd;
      reader.cut = 'bad-frame';
    }
    if (layout) {
      if (length > MAX_CONTROL_BYTES) reader.fail('control-too-big');
      if (!reader.cut) reader.fail();
    }
    // behind a fault nothing is read, and what was made of it is dropped
    const data = isData && readData(reader, type, length);
    const control = layout && readControl(reader, layout);
    const next = reader.at;
    this.#isData = isData;
    this.#restBytes = length - (next - bodyStart);
    this.#violation = next
      ? data
        ? this.#sink.dataStart(data)
        : control && this.#sink.control(control)
      : reader.fault;
    return next;
  }
}
