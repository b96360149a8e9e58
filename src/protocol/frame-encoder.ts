import { CONTROL_LAYOUTS, DataFlag, FieldKey, FrameType } from './frame.ts';
import type { ControlFrame, MessageFields } from './frame.ts';
import { MAX_CLOSE_REASON_BYTES, MAX_REASON_BYTES } from './limits.ts';
import { encodeText, truncateReason } from './text.ts';
import { joinBytes, noBytes, varintBytes, writeVarint } from './varint.ts';

/** A whole control frame. A reason that is too long is cut: to 123 bytes in CLOSE, else to 1024. */
export function encodeControl(frame: ControlFrame): Uint8Array {
  const values = frame as unknown as Readonly<Record<string, number>>;
  const type = CONTROL_LAYOUTS.findIndex((layout) => layout?.[0] === frame.type);
  const names = (CONTROL_LAYOUTS[type] as readonly string[]).slice(1).filter((name) => name !== 'reason');
  const maxBytes = frame.type === 'close' ? MAX_CLOSE_REASON_BYTES : MAX_REASON_BYTES;
  const body = joinBytes(
    noBytes,
    names.map((name) => values[name] as number),
    encodeText('reason' in frame ? truncateReason(frame.reason, maxBytes) : ''),
  );
  // a control type is below 64, and so is its own varint
  return joinBytes(noBytes, [type, body.length], body);
}

/** The fields of a message as DATA carries them; no bytes where there are none. Whoever calls checks the length. */
export function encodeFields(fields: MessageFields): Uint8Array {
  const { name, meta, origin } = fields;
  let block = noBytes;
  const add = (key: number, value: Uint8Array): void => {
    block = joinBytes(block, [key, value.length], value);
  };
  if (name !== undefined) add(FieldKey.name, encodeText(name));
  if (meta !== undefined) add(FieldKey.meta, encodeText(JSON.stringify(meta)));
  if (origin) {
    const { mark, channel, ordinal, session } = origin;
    add(FieldKey.origin, joinBytes(noBytes, [Number(mark === 'whole'), channel, ordinal], encodeText(session)));
  }
  return block;
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
