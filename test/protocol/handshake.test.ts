import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeHello, encodeHello } from '../../src/protocol/hello.ts';
import type { Hello } from '../../src/protocol/hello.ts';
import { DEFAULT_TERMS } from '../../src/protocol/limits.ts';
import { decodePacket } from '../../src/protocol/packet.ts';
import { decodeWelcome, encodeWelcome } from '../../src/protocol/welcome.ts';
import type { Welcome } from '../../src/protocol/welcome.ts';
import type { HandshakeVector } from './vectors.ts';
import { fromHex, handshakeVectors, toHex } from './vectors.ts';

const { hello, welcome } = handshakeVectors;

function bodyOf({ json, hex }: HandshakeVector): Uint8Array {
  return json === undefined ? fromHex(hex ?? '').subarray(1) : new TextEncoder().encode(json);
}

describe('vectors', () => {
  it.each([
    ['hello', 1, [...hello.valid, ...hello.invalid]],
    ['welcome', 2, [...welcome.valid, ...welcome.invalid]],
  ] as const)('of %s: the packet in hex is the kind and the text', (kind, byte, vectors) => {
    for (const vector of vectors) {
      if (vector.hex === undefined) continue;
      expect(decodePacket(fromHex(vector.hex))).toEqual({ kind, body: bodyOf(vector) });
      expect(vector.hex).toBe(toHex([byte, ...bodyOf(vector)]));
    }
  });
});

describe('HELLO', () => {
  it.each(hello.valid)('is taken: $meaning', (vector) => {
    const decoded = decodeHello(bodyOf(vector));
    if (vector.unsupported === undefined) expect(decoded).toMatchObject(vector.value as object);
    else expect(decoded).toEqual({ unsupported: vector.unsupported });
  });

  it.each(hello.invalid)('is refused: $meaning', (vector) => {
    expect(decodeHello(bodyOf(vector))).toBe(vector.violation);
  });

  it('is read back as it was written', () => {
    for (const { value } of hello.valid) {
      if (!value) continue;
      const packet = encodeHello(value as unknown as Hello);
      expect(packet[0]).toBe(1);
      expect(decodeHello(packet.subarray(1))).toEqual(value);
    }
  });

  it('leaves out members that are undefined', () => {
    const [first] = hello.valid;
    const value = { ...(first?.value as unknown as Hello), limitHint: undefined, refused: undefined };
    expect(new TextDecoder().decode(encodeHello(value))).not.toMatch(/limitHint|refused/);
  });

  it('holds the largest auth with room for everything else but long subprotocols', () => {
    const packet = encodeHello({
      ...DEFAULT_TERMS,
      version: 1,
      session: 's'.repeat(64),
      secret: 's'.repeat(64),
      connection: Number.MAX_SAFE_INTEGER,
      expected: false,
      received: Number.MAX_SAFE_INTEGER,
      streamEnd: Number.MAX_SAFE_INTEGER,
      protocols: ['a'.repeat(100)],
      auth: 'x'.repeat(3070),
      limitHint: { floor: Number.MAX_SAFE_INTEGER, ceiling: Number.MAX_SAFE_INTEGER },
      refused: { maxPacketBytes: Number.MAX_SAFE_INTEGER },
    });
    expect(packet.length).toBeLessThanOrEqual(4096);
  });

  it('with __proto__ changes no prototype', () => {
    const vector = hello.valid.find(({ meaning }) => meaning.includes('__proto__'));
    const decoded = decodeHello(bodyOf(vector as HandshakeVector));
    expect(Object.getPrototypeOf(decoded)).toBe(Object.prototype);
  });
});

describe('WELCOME', () => {
  it.each(welcome.valid)('is taken: $meaning', (vector) => {
    expect(decodeWelcome(bodyOf(vector))).toMatchObject(vector.value as object);
  });

  it.each(welcome.invalid)('is refused: $meaning', (vector) => {
    expect(decodeWelcome(bodyOf(vector))).toBe(vector.violation);
  });

  it('is read back as it was written', () => {
    for (const { value } of welcome.valid) {
      const packet = encodeWelcome(value as unknown as Welcome);
      expect(packet[0]).toBe(2);
      expect(decodeWelcome(packet.subarray(1))).toEqual(value);
    }
  });
});

describe('any JSON and any bytes', () => {
  const anyBody = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.json().map((text) => new TextEncoder().encode(text)),
    fc
      .record({ key: fc.constantFrom(...Object.keys(hello.valid[1]?.value ?? {})), value: fc.jsonValue() })
      .map(({ key, value }) => new TextEncoder().encode(JSON.stringify({ ...hello.valid[0]?.value, [key]: value }))),
  );

  it('have an answer and never throw', () => {
    fc.assert(
      fc.property(anyBody, (body) => {
        const answers = [decodeHello(body), decodeWelcome(body)];
        for (const answer of answers) {
          expect(typeof answer === 'string' ? answer : 'version' in answer || 'unsupported' in answer).toBeTruthy();
        }
      }),
    );
  });
});
