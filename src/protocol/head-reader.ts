import { decodeFields } from './fields-decoder.ts';
import { CONTROL_LAYOUTS, DataFlag, FrameType } from './frame.ts';
import type { ControlFrame, DataHead } from './frame.ts';
import { MAX_CLOSE_REASON_BYTES, MAX_CONTROL_BYTES, MAX_FIELDS_BYTES, MAX_REASON_BYTES } from './limits.ts';
import { isCloseCode } from './terms.ts';
import { decodeText } from './text.ts';
import { VARINT_TOO_BIG, VarintReader } from './varint.ts';
import type { ViolationName } from './violation.ts';

/** The head of a frame: all of a control frame, and of any other frame what comes before the bytes that stream by. */
export interface Head {
  /** Index behind it. */
  next: number;
  /** Bytes that follow: the payload of DATA, or the body of a frame that is skipped. */
  restBytes: number;
  /** Set where the frame is DATA. */
  data?: DataHead;
  /** Set where it is a control frame. Neither is set where it is skipped. */
  control?: ControlFrame;
}

/**
 * The head of the frame at `start`, or `''` where the bytes end inside it, or what is wrong with it: the first fault in
 * the order of the bytes, wherever they are cut.
 */
export function readHead(bytes: Uint8Array, start: number): Head | ViolationName | '' {
  const end = bytes.length;
  const type = bytes[start] as number;
  const reader = new VarintReader(bytes, start + 1);
  let bodyEnd = Infinity;
  // set once; what is read after that means nothing
  let stop = undefined as ViolationName | '' | undefined;
  const varint = (): number => {
    const value = reader.next();
    if (value < 0) stop ??= value === VARINT_TOO_BIG ? 'bad-varint' : bodyEnd > end ? '' : 'bad-frame';
    return value;
  };
  const has = (next: number): boolean => {
    stop ??= next > bodyEnd ? 'bad-frame' : next > end ? '' : undefined;
    return stop === undefined;
  };

  const isData = type >> 6 === 1;
  const hasTotal = type & DataFlag.total;
  const hasFields = type & DataFlag.fields;
  const ends = type & (DataFlag.first | DataFlag.fin);
  if (
    isData &&
    (type & 32 ||
      (hasTotal && ends === (DataFlag.first | DataFlag.fin)) ||
      (!(ends & DataFlag.first) && type & (DataFlag.text | DataFlag.total | DataFlag.fields)))
  ) {
    return 'bad-data-flags';
  }
  const length = varint();
  const bodyStart = reader.at;
  bodyEnd = bodyStart + length;
  reader.end = Math.min(bodyEnd, end);

  if (isData) {
    const channel = varint();
    const total = hasTotal ? varint() : undefined;
    const fieldsBytes = hasFields ? varint() : 0;
    const next = reader.at + fieldsBytes;
    const payloadBytes = length - (next - bodyStart);
    if (fieldsBytes > MAX_FIELDS_BYTES) stop ??= 'fields-too-big';
    if (!has(next)) return stop as ViolationName | '';
    if (!payloadBytes && !ends) return 'empty-data';
    const fields = hasFields ? decodeFields(bytes.subarray(reader.at, next)) : undefined;
    if (typeof fields === 'string') return fields;
    const data: DataHead = {
      channel,
      first: (type & DataFlag.first) > 0,
      fin: (type & DataFlag.fin) > 0,
      text: (type & DataFlag.text) > 0,
      total,
      fields,
      fieldsBytes,
      payloadBytes,
    };
    return { next, restBytes: payloadBytes, data };
  }

  const layout = CONTROL_LAYOUTS[type];
  if (!layout) return stop ?? { next: bodyStart, restBytes: length };
  if (length > MAX_CONTROL_BYTES) stop ??= 'control-too-big';
  if (!has(bodyEnd)) return stop as ViolationName | '';
  const isClose = type === FrameType.close;
  const control: Record<string, unknown> = { type: layout[0] };
  for (const member of layout.slice(1)) {
    if (member === 'reason') {
      const reason = bytes.subarray(reader.at, bodyEnd);
      if (reason.length <= (isClose ? MAX_CLOSE_REASON_BYTES : MAX_REASON_BYTES)) reader.at = bodyEnd;
      control[member] = decodeText(reason);
      if (control[member] === undefined) stop ??= 'bad-frame';
    } else {
      control[member] = varint();
    }
  }
  if (reader.at < bodyEnd || (isClose && !isCloseCode(control['code']))) stop ??= 'bad-frame';
  return stop ?? { next: bodyEnd, restBytes: 0, control: control as unknown as ControlFrame };
}
