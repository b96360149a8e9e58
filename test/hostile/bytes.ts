import { pack } from '../../src/protocol/bytes.ts';

/** All of them, one behind the other. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** A number as the protocol writes it. */
export function varint(value: number): Uint8Array {
  return pack(value);
}
