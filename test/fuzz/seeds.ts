import { frameVectors, fromHex, handshakeVectors, packetVectors } from '../protocol/vectors.ts';
import type { HandshakeVector } from '../protocol/vectors.ts';
import type { TargetName } from './corpus-files.ts';

const tagged = (tag: number, ...parts: readonly Uint8Array[]): Uint8Array =>
  Uint8Array.from([tag, ...parts.flatMap((part) => [...part])]);

/** What to begin with beside the corpus: the vectors of the protocol, in the form that the target reads. */
export function seedsOf(target: TargetName): Uint8Array[] {
  return target === 'decoder' ? decoderSeeds() : sessionSeeds();
}

function decoderSeeds(): Uint8Array[] {
  const packets = [...packetVectors.valid, ...packetVectors.invalid].map(({ hex }) => fromHex(hex));
  const streams = [
    ...[...frameVectors.valid, ...frameVectors.invalid].map(({ hex }) => fromHex(hex)),
    ...frameVectors.splits.map(({ pieces }) => fromHex(pieces.join(''))),
  ];
  const pieces = Uint8Array.of(0);
  return [
    ...packets.map((packet) => tagged(0, packet)),
    ...streams.map((stream) => tagged(1, pieces, stream)),
    Uint8Array.of(2),
    Uint8Array.of(3),
    Uint8Array.of(4),
    ...bodies(handshakeVectors.hello).map((body) => tagged(5, body)),
    ...bodies(handshakeVectors.welcome).map((body) => tagged(6, body)),
  ];
}

function bodies({ valid, invalid }: { valid: HandshakeVector[]; invalid: HandshakeVector[] }): Uint8Array[] {
  return [...valid, ...invalid].map(({ json, hex }) =>
    hex === undefined ? new TextEncoder().encode(json) : fromHex(hex),
  );
}

/** Each stream as what the peer of a session sends first, where it is short enough for the session's script. */
function sessionSeeds(): Uint8Array[] {
  const streams = [...frameVectors.valid, ...frameVectors.invalid].map(({ hex }) => fromHex(hex));
  return [0, 1].flatMap((role) =>
    streams
      .filter(({ length }) => length < 32)
      // Attached with all zeros; then frames are sent, of bytes as they are, with an ack that is due.
      .map((stream) => tagged(role, Uint8Array.of(0, 0, 5, 2, 9, stream.length), stream, Uint8Array.of(0, 0))),
  );
}
