import { FieldKey } from './frame.ts';
import type { MessageFields, MessageOrigin } from './frame.ts';
import { MAX_NAME_AND_META_BYTES } from './limits.ts';
import { isSessionId } from './terms.ts';
import { decodeJson, decodeText } from './text.ts';
import { VarintReader } from './varint.ts';
import type { ViolationName } from './violation.ts';

function decodeOrigin(bytes: Uint8Array): MessageOrigin | undefined {
  const reader = new VarintReader(bytes, 0);
  const mark = reader.next();
  const channel = reader.next();
  const ordinal = reader.next();
  const session = decodeText(bytes.subarray(reader.at));
  return !reader.fault && mark < 2 && isSessionId(session)
    ? { mark: mark ? 'whole' : 'partial', channel, ordinal, session }
    : undefined;
}

/** The fields of a message in the block that DATA carries. Keys that are not known are skipped. */
export function decodeFields(block: Uint8Array): MessageFields | ViolationName {
  const fields: Record<string, unknown> = {};
  const reader = new VarintReader(block, 0);
  let namedBytes = 0;
  while (reader.at < block.length) {
    const key = reader.next();
    const length = reader.next();
    const value = block.subarray(reader.at, reader.at + length);
    if (reader.fault || value.length < length) return 'bad-fields';
    reader.at += length;
    if (key && key <= FieldKey.origin) {
      const isOrigin = key === FieldKey.origin;
      const member = isOrigin ? 'origin' : key === FieldKey.name ? 'name' : 'meta';
      if (!isOrigin && (namedBytes += length) > MAX_NAME_AND_META_BYTES) return 'fields-too-big';
      const content = isOrigin ? decodeOrigin(value) : key === FieldKey.name ? decodeText(value) : decodeJson(value);
      if (content === undefined || member in fields) return 'bad-fields';
      fields[member] = content;
    }
  }
  return fields;
}
