import { readFileSync } from 'node:fs';
import type { ControlFrame, MessageFields } from '../../src/protocol/frame.ts';

/** A DATA frame as the vectors write it: its whole payload in hex, and what is absent left out. */
export interface DataVector {
  type: 'data';
  channel: number;
  first: boolean;
  fin: boolean;
  text: boolean;
  total?: number;
  fields?: MessageFields;
  fieldsBytes?: number;
  payload: string;
}

export type FrameVector = DataVector | ControlFrame;

export interface VarintVectors {
  valid: { hex: string; value: number; minimal: boolean }[];
  tooBig: { meaning: string; hex: string }[];
  incomplete: { meaning: string; hex: string }[];
}

export type PacketVector =
  | { kind: 'hello' | 'welcome'; body: string }
  | { kind: 'stream'; ackNow: boolean; ack: number; offset?: number; slice?: string };

export interface PacketVectors {
  valid: { meaning: string; hex: string; packet: PacketVector; minimal?: false }[];
  invalid: { meaning: string; hex: string; violation: string }[];
  helloTooBig: { maxBytes: number; violation: string };
}

export interface FrameVectors {
  valid: { meaning: string; hex: string; frames: FrameVector[]; minimal?: false }[];
  splits: { meaning: string; pieces: string[]; frames: FrameVector[] }[];
  invalid: { meaning: string; hex: string; frames: FrameVector[]; violation: string }[];
}

export interface HandshakeVector {
  meaning: string;
  json?: string;
  hex?: string;
  value?: Record<string, unknown>;
  unsupported?: number;
  violation?: string;
}

export interface HandshakeVectors {
  hello: { valid: HandshakeVector[]; invalid: HandshakeVector[] };
  welcome: { valid: HandshakeVector[]; invalid: HandshakeVector[] };
}

const load = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), 'utf8'));

export const varintVectors: VarintVectors = load('varint') as VarintVectors;
export const packetVectors: PacketVectors = load('packets') as PacketVectors;
export const frameVectors: FrameVectors = load('frames') as FrameVectors;
export const handshakeVectors: HandshakeVectors = load('handshake') as HandshakeVectors;

export const fromHex = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));
export const toHex = (bytes: Uint8Array | readonly number[]): string => Buffer.from(bytes).toString('hex');
