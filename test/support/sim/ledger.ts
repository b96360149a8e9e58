import { isDeepStrictEqual } from 'node:util';
import type { ChunkSocketError } from '../../../src/errors/chunk-socket-error.ts';
import type { MessageTooBigError } from '../../../src/errors/transfer-errors.ts';
import { CancelCode } from '../../../src/protocol/frame.ts';
import type { IncomingMessage } from '../../../src/session/mux/incoming-message.ts';
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

/** How the receiver's application refused a message: `late` when all of it had come already. */
export type Refusal = 'rejected' | 'too big' | 'late';

/** One message as the test sent it. */
export interface Entry {
  readonly id: number;
  readonly way: Way;
  readonly channel: string;
  readonly isText: boolean;
  readonly bytes: Uint8Array;
  /** The source gives up before its end. */
  readonly isBroken: boolean;
  message: OutgoingMessage;
  outcome?: 'delivered' | 'failed';
  error?: ChunkSocketError;
  /** All of it was in the stream of some session, so it may arrive even though it fails. */
  wasWritten?: boolean;
  /** The receiver's application was told of it. */
  isKnown?: boolean;
  isArrived?: boolean;
  isAborted?: boolean;
  /** In the session that has it now. */
  refusal?: Refusal | undefined;
  /** The receiver was told that the rest would not come. */
  cancelCode?: number | undefined;
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
  /** What each session was given to send, in order. */
  readonly #sendings: { session: string; entry: Entry; message: OutgoingMessage }[] = [];
  /** Latest id that came, by session, direction and channel. */
  readonly #latest = new Map<string, number>();
  /** The message that is being taken, likewise. */
  readonly #taking = new Map<string, Entry>();
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

  /** The message is a session's to send. */
  sending(message: OutgoingMessage, session: string): void {
    this.#sendings.push({ session, entry: this.entryOf(message), message });
  }

  /** The message is sent again, in another session. */
  resent(entry: Entry, message: OutgoingMessage): void {
    this.#noteWritten(entry);
    entry.message = message;
    entry.refusal = entry.cancelCode = undefined;
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

  /** The application was told of a message. It is what the sender has under the same number and ordinal. */
  offered(session: string, way: Way, incoming: IncomingMessage): Entry {
    const { channel, ordinal, head } = incoming;
    // The acceptor may have had two sessions of one id, but nothing came of the first.
    const found = [...this.#sendings]
      .reverse()
      .find(
        ({ session: of, entry, message }) =>
          of === session &&
          entry.way === way &&
          message.channelNumber === channel.number &&
          message.ordinal === ordinal,
      );
    if (found === undefined) throw new Error(`a message that nobody sent: ${channel.number} ${ordinal}`);
    const { entry, message } = found;
    const { meta, origin, name } = head.fields ?? {};
    const isTold = isEqual(meta, message.init.meta) && isEqual(origin, message.origin);
    if (!isTold) this.faults.push(`message ${entry.id} came with other fields`);
    if ((name ?? channel.name) !== entry.channel) this.faults.push(`message ${entry.id} came on channel ${name}`);
    if (head.text !== entry.isText) this.faults.push(`message ${entry.id} came in another form`);
    const { totalBytes } = message.init.source;
    const isTotalWrong = head.total !== undefined && head.total !== (totalBytes ?? entry.bytes.length);
    if (isTotalWrong) this.faults.push(`message ${entry.id} came with a total of ${head.total}`);
    this.#begin(session, way, entry);
    return entry;
  }

  /** Bytes of a message that is read as it comes, from `at` on. */
  came(entry: Entry, at: number, part: Uint8Array): void {
    if (Buffer.compare(part, entry.bytes.subarray(at, at + part.length)) !== 0) {
      this.faults.push(`message ${entry.id} came changed from ${at} on`);
    }
  }

  /** The application has all of the message. */
  read(session: string, way: Way, entry: Entry, readBytes: number, origin: unknown): void {
    if (readBytes !== entry.bytes.length) {
      this.faults.push(`message ${entry.id} came with ${readBytes} bytes of ${entry.bytes.length}`);
    }
    if (entry.isArrived === true && origin === undefined) this.faults.push(`message ${entry.id} came twice, unmarked`);
    if (entry.refusal !== undefined) this.faults.push(`message ${entry.id} was refused and came`);
    entry.isArrived = true;
    this.left(session, way, entry);
  }

  /** The application takes nothing more of the message. */
  left(session: string, way: Way, entry: Entry): void {
    const key = `${session} ${way} ${entry.channel}`;
    if (this.#taking.get(key) === entry) this.#taking.delete(key);
    else this.faults.push(`message ${entry.id} was left out of turn`);
  }

  /** A message that was handed over whole, told before or not. */
  arrived(session: string, way: Way, incoming: WholeMessage): Entry | undefined {
    const id = idOf(incoming);
    const entry = this.entries[id];
    if (entry === undefined || entry.way !== way) {
      this.faults.push(`a message that nobody sent: ${id}`);
      return undefined;
    }
    const { data, channel, origin } = incoming;
    if (channel !== entry.channel) this.faults.push(`message ${id} came on channel ${channel}`);
    if (this.#taking.get(`${session} ${way} ${channel}`) !== entry) this.#begin(session, way, entry);
    this.checkWhole(entry, data);
    this.read(session, way, entry, entry.bytes.length, origin);
    return entry;
  }

  checkWhole(entry: Entry, data: string | Uint8Array): void {
    const isText = typeof data === 'string';
    if (isText !== entry.isText || Buffer.compare(isText ? encoder.encode(data) : data, entry.bytes) !== 0) {
      this.faults.push(`message ${entry.id} came changed: ${data.length} for ${entry.bytes.length}`);
    }
  }

  /** Call when everything is over and everything was read. */
  check(): void {
    for (const entry of this.entries) {
      const { id, outcome, message, error, refusal } = entry;
      const what = wrongWith(entry);
      const how = [outcome, error?.code, refusal, message.state].filter((part) => part !== undefined).join(', ');
      if (what !== undefined) this.faults.push(`message ${id} ${what} (${how})`);
    }
  }

  #begin(session: string, way: Way, entry: Entry): void {
    const { id, channel } = entry;
    const key = `${session} ${way} ${channel}`;
    const before = this.#taking.get(key);
    if (before !== undefined) this.faults.push(`message ${id} came before ${before.id} was over`);
    if (id <= (this.#latest.get(key) ?? -1)) this.faults.push(`message ${id} came twice or out of order`);
    this.#latest.set(key, id);
    this.#taking.set(key, entry);
    entry.isKnown = true;
  }

  #noteWritten(entry: Entry): void {
    const { channelNumber, writtenBytes } = entry.message;
    entry.wasWritten ||= channelNumber >= 0 && writtenBytes === entry.bytes.length;
  }
}

const isEqual = (a: unknown, b: unknown): boolean => a === b || isDeepStrictEqual(a, b);

/** What each code of CANCEL can mean at the end. */
const CANCELLED_BY: Readonly<Record<number, readonly string[]>> = {
  [CancelCode.aborted]: ['ERR_ABORTED', 'ERR_MESSAGE_TOO_BIG', 'ERR_REJECTED'],
  [CancelCode.sourceFailed]: ['ERR_SOURCE'],
  [CancelCode.closing]: ['ERR_CLOSED'],
};

/** Whether there was a reason for each way to fail. */
const REASONS: Readonly<Record<string, (entry: Entry) => boolean>> = {
  ERR_ABORTED: ({ isAborted }) => isAborted === true,
  ERR_REJECTED: ({ refusal }) => refusal === 'rejected' || refusal === 'late',
  ERR_MESSAGE_TOO_BIG: ({ refusal, error, bytes }) =>
    refusal === 'too big' || (error as MessageTooBigError).limitBytes < bytes.length,
  ERR_SOURCE: ({ isBroken }) => isBroken,
  ERR_EXPIRED: ({ isKnown, message }) => isKnown !== true && message.init.expiresAtMs !== undefined,
  ERR_CLOSED: () => true,
  ERR_SESSION_LOST: () => true,
};

/** What is wrong with the end of a message, if anything. */
function wrongWith(entry: Entry): string | undefined {
  const { outcome, error, isArrived = false, wasWritten = false, refusal, cancelCode } = entry;
  const { code = '' } = error ?? {};
  if (outcome === undefined) return 'never settled';
  if (cancelCode !== undefined && CANCELLED_BY[cancelCode]?.includes(code) !== true) {
    return `was cancelled with code ${cancelCode}`;
  }
  if (outcome === 'delivered') {
    if (refusal === 'late' || isArrived) return undefined;
    return refusal === undefined ? 'was delivered and never arrived' : 'was delivered and refused';
  }
  if (isArrived && !wasWritten) return 'failed before it was written, and arrived';
  return REASONS[code]?.(entry) === true ? undefined : 'failed for no reason';
}
