/**
 * The Encoding Standard's two classes, as much of them as is used: the only names beyond ECMAScript in the pure layers.
 *
 * Every browser and Node have them, so nothing imports this file. It is part of the pure projects only, through their
 * own `include`; the projects that have the DOM or Node types take the declarations from there, and the two never meet.
 */

interface TextEncoder {
  encode(input?: string): Uint8Array<ArrayBuffer>;
  encodeInto(source: string, destination: Uint8Array): { read: number; written: number };
}

// eslint-disable-next-line no-var -- a global that is also a value can only be declared so
declare var TextEncoder: new () => TextEncoder;

interface TextDecoder {
  decode(input?: ArrayBufferView | ArrayBuffer, options?: { stream?: boolean }): string;
}

// eslint-disable-next-line no-var -- a global that is also a value can only be declared so
declare var TextDecoder: new (label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean }) => TextDecoder;
