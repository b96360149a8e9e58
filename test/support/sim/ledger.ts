import type { ChunkSocketError } from '../../../src/errors/chunk-socket-error.ts';
import type { WholeMessage } from '../../../src/session/mux/whole-message.ts';
import type { OutgoingMessage } from '../../../src/session/mux/outgoing-message.ts';
import type { Way } from './lossy-path.ts';
import { Random } from './random.ts';

const NOISE_BYTES = 4 * 1024 * 1024;
const TEXT_UNIT = 'aé漢😀\u2028\u{10FFFF}z"\\\0';
const encoder = new TextEncoder();

function makeNoise(): Uint8Array {
  const random = new Random(1);
  const noise = new Uint8Array(NOISE_BYTES);
  for (let i = 0; i < NOISE_BYTES; i++) noise[i] = random.next() * 256;
  return noise;
}

let noise: Uint8Array | undefined;

/** One message as the test sent it. */
export interface Entry {
  readonly id: number;
  readonly way: Way;
  readonly channel: string;
  readonly isText: boolean;
  readonly bytes: Uint8Array;
  message: OutgoingMessage;
  outcome?: 'delivered' | 'failed';
  error?: ChunkSocketError;
  /** All of it was in the stream of some session, so it may arrive even though it fails. */
  wasWritten?: boolean;
  isArrived?: boolean;
  isAborted?: boolean;
}

/** Payload that names its message, in its first bytes or characters. */
export function payload(id: number, isText: boolean, sizeBytes: number): Uint8Array {
  if (isText) {
    const unitBytes = 23;
    const text = `${id}:${TEXT_UNIT.repeat(Math.floor(sizeBytes / unitBytes))}`;
    return sizeBytes === 0 ? new Uint8Array() : encoder.encode(text);
  }
  noise ??= makeNoise();
  const from = (id * 7919) % (NOISE_BYTES - sizeBytes);
  const bytes = noise.slice(from, from + sizeBytes);
  if (sizeBytes >= 4) new DataView(bytes.buffer).setUint32(0, id);
  return bytes;
}

function idOf({ data, meta }: WholeMessage): number {
  const { id } = (meta ?? {}) as { id?: number };
  if (id !== undefined) return id;
  return typeof data === 'string' ? parseInt(data, 10) : new DataView(data.buffer).getUint32(0);
}

/** Whether the message can be told by its payload alone. */
export function namesItself(isText: boolean, sizeBytes: number): boolean {
  return isText ? sizeBytes > 0 : sizeBytes >= 4;
}

/** Keeps account of every message sent, and finds out whether what arrives and what settles is right. */
export class Ledger {
  readonly entries: Entry[] = [];
  /** What was wrong, in words. Kept rather than thrown, so that the engine's callers do not see it. */
  readonly faults: string[] = [];
  /** Latest id that came, by session, direction and channel. */
  readonly #latest = new Map<string, number>();
  readonly #byMessage = new Map<OutgoingMessage, Entry>();

  add(entry: Omit<Entry, 'id'>): Entry {
    const added = { ...entry, id: this.entries.length };
    this.entries.push(added);
    this.#byMessage.set(added.message, added);
    return added;
  }

  /** The id that the next {@link add} gives. */
  get nextId(): number {
    return this.entries.length;
  }

  /** The message is sent again, in another session. */
  resent(entry: Entry, message: OutgoingMessage): void {
    this.#noteWritten(entry);
    entry.message = message;
    this.#byMessage.set(message, entry);
  }

  entryOf(message: OutgoingMessage): Entry {
    return this.#byMessage.get(message) as Entry;
  }

  settled(message: OutgoingMessage, outcome: 'delivered' | 'failed', error?: ChunkSocketError): void {
    const entry = this.entryOf(message);
    if (entry.outcome !== undefined) this.faults.push(`message ${entry.id} settled twice`);
    if (entry.message !== message) this.faults.push(`message ${entry.id} settled by an old session`);
    entry.outcome = outcome;
    if (error !== undefined) entry.error = error;
    this.#noteWritten(entry);
  }

  arrived(session: string, way: Way, incoming: WholeMessage): void {
    const id = idOf(incoming);
    const entry = this.entries[id];
    if (entry === undefined || entry.way !== way) {
      this.faults.push(`a message that nobody sent: ${id}`);
      return;
    }
    const { data, channel, origin } = incoming;
    const key = `${session} ${way} ${channel}`;
    if (channel !== entry.channel) this.faults.push(`message ${id} came on channel ${channel}`);
    if (id <= (this.#latest.get(key) ?? -1)) this.faults.push(`message ${id} came twice or out of order`);
    if (entry.isArrived === true && origin === undefined) this.faults.push(`message ${id} came twice, unmarked`);
    const isText = typeof data === 'string';
    if (isText !== entry.isText || Buffer.compare(isText ? encoder.encode(data) : data, entry.bytes) !== 0) {
      this.faults.push(`message ${id} came changed: ${data.length} for ${entry.bytes.length}`);
    }
    this.#latest.set(key, id);
    entry.isArrived = true;
  }

  /** Call when everything is over and everything was read. */
  check(): void {
    for (const { id, outcome, isArrived = false, wasWritten = false, isAborted = false, error, message } of this
      .entries) {
      const name = `message ${id} (${message.state})`;
      if (outcome === undefined) this.faults.push(`${name} never settled`);
      if (outcome === 'delivered' && !isArrived) this.faults.push(`${name} was delivered and never arrived`);
      if (outcome === 'failed') {
        if (isArrived && !wasWritten) this.faults.push(`${name} failed before it was written, and arrived`);
        if (error?.code === 'ERR_ABORTED' && !isAborted) this.faults.push(`${name} was aborted by nobody`);
      }
    }
  }

  #noteWritten(entry: Entry): void {
    const { channelNumber, writtenBytes } = entry.message;
    entry.wasWritten ||= channelNumber >= 0 && writtenBytes === entry.bytes.length;
  }
}
