import { pack, packSized, varintBytes, writeVarint } from './bytes.ts';
import { CONTROL_LAYOUTS, DataFlag, FrameType, maxReasonBytes } from './frame.ts';
import type { ControlFrame, MessageFields } from './frame.ts';
import { truncateReason } from './text.ts';

/** A whole control frame. A reason that is too long is cut: to 123 bytes in CLOSE, else to 1024. */
export function encodeControl(frame: ControlFrame): Uint8Array {
  const values = frame as unknown as Readonly<Record<string, number | string>>;
  const type = CONTROL_LAYOUTS.findIndex((layout) => layout?.[0] === frame.type);
  const [, ...members] = CONTROL_LAYOUTS[type] as readonly string[];
  return packSized(
    type,
    ...members.map((member) => {
      const value = values[member] as number | string;
      return typeof value === 'string' ? truncateReason(value, maxReasonBytes(frame.type)) : value;
    }),
  );
}

/** The fields of a message as DATA carries them; no bytes where there are none. Whoever calls checks the length. */
export function encodeFields({ name, meta, origin }: MessageFields): Uint8Array {
  return pack(
    // keys as PROTOCOL.md has them in 9.1
    name === undefined ? '' : packSized(1, name),
    meta === undefined ? '' : packSized(2, JSON.stringify(meta)),
    origin ? packSized(3, Number(origin.mark === 'whole'), origin.channel, origin.ordinal, origin.session) : '',
  );
}

const bodyBytes = (channel: number, payloadBytes: number, total: number | undefined, fieldsBytes: number): number =>
  varintBytes(channel) +
  (total === undefined ? 0 : varintBytes(total)) +
  (fieldsBytes && varintBytes(fieldsBytes) + fieldsBytes) +
  payloadBytes;

/** Bytes of a DATA frame before its payload; `fieldsBytes` 0 stands for no fields. */
export function dataHeadBytes(
  channel: number,
  payloadBytes: number,
  total: number | undefined,
  fieldsBytes: number,
): number {
  const body = bodyBytes(channel, payloadBytes, total, fieldsBytes);
  return 1 + varintBytes(body) + body - payloadBytes;
}

/**
 * Writes what comes before the payload of a DATA frame at `at`, and returns the next index. `flags` are
 * `DataFlag.first`, `fin` and `text`; `total` and `fields` set their own. Empty `fields` are none.
 */
export function writeDataHead(
  target: Uint8Array,
  at: number,
  channel: number,
  flags: number,
  payloadBytes: number,
  total: number | undefined,
  fields: Uint8Array | undefined,
): number {
  const fieldsBytes = fields ? fields.length : 0;
  target[at] = FrameType.data | flags | (total === undefined ? 0 : DataFlag.total) | (fieldsBytes && DataFlag.fields);
  at = writeVarint(target, at + 1, bodyBytes(channel, payloadBytes, total, fieldsBytes));
  at = writeVarint(target, at, channel);
  if (total !== undefined) at = writeVarint(target, at, total);
  if (fields && fieldsBytes) {
    at = writeVarint(target, at, fieldsBytes);
    target.set(fields, at);
  }
  return at + fieldsBytes;
}
