const RealUint8Array = Uint8Array;
const RealArrayBuffer = ArrayBuffer;

/** Bytes of all byte arrays and buffers made by length since {@link meterAllocations}. */
export const allocations = { bytes: 0 };

/** From now on counts what is allocated by length: what a declared length could blow up. Returns a function that ends it. */
export function meterAllocations(): () => void {
  globalThis.Uint8Array = metered(RealUint8Array);
  globalThis.ArrayBuffer = metered(RealArrayBuffer);
  return () => {
    globalThis.Uint8Array = RealUint8Array;
    globalThis.ArrayBuffer = RealArrayBuffer;
  };
}

/** Makes real ones: what is made is no different, and `instanceof` holds. */
function metered<Type extends typeof RealUint8Array | typeof RealArrayBuffer>(real: Type): Type {
  const make = real as new (...values: unknown[]) => unknown;
  const construct = function (source?: unknown, offset?: unknown, length?: unknown): unknown {
    if (typeof source === 'number') allocations.bytes += source;
    return offset === undefined ? new make(source) : new make(source, offset, length);
  };
  Object.setPrototypeOf(construct, real);
  Object.defineProperty(construct, 'prototype', { value: real.prototype });
  return construct as unknown as Type;
}
