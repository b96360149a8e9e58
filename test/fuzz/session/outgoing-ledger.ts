import { AbortedError } from '../../../src/errors/transfer-errors.ts';
import type { Effect } from '../../../src/session/effect.ts';
import { OutgoingMessage } from '../../../src/session/mux/outgoing-message.ts';
import { BytesSource } from '../../../src/session/mux/source.ts';
import type { Session } from '../../../src/session/session.ts';
import { StreamSource } from '../../support/sim/stream-source.ts';
import { check } from '../engine/target.ts';
import type { Tape } from '../tape.ts';

const CHANNELS = ['', '', 'a', 'b', 'c', 'd', 'n'.repeat(100)] as const;
const PRIORITIES = ['auto', 'high', 'low'] as const;
const METAS = [undefined, undefined, { type: 'image/png' }, 'm'.repeat(1900)] as const;
const MAX_MESSAGES = 40;
const MAX_BYTES = 200_000;

type MessageEffect = Extract<Effect, { readonly message: OutgoingMessage }>;
type Outcome = 'waiting' | 'delivered' | 'failed' | 'taken back';

/** What the session was given to send, and what it said became of it. */
export class OutgoingLedger {
  readonly #session: Session;
  readonly #outcomes = new Map<OutgoingMessage, Outcome>();
  readonly #messages: OutgoingMessage[] = [];
  readonly #streams: StreamSource[] = [];
  /** Bytes that each stream has given. */
  readonly #given = new Map<StreamSource, number>();
  #sentBytes = 0;

  constructor(session: Session) {
    this.#session = session;
  }

  send(tape: Tape, nowMs: number): void {
    const kind = tape.byte();
    const channel = tape.pick(CHANNELS);
    const priority = tape.pick(PRIORITIES);
    const bytes = (kind & 1) > 0 ? tape.byte() * 200 : tape.byte();
    if (this.#messages.length >= MAX_MESSAGES || this.#sentBytes + bytes > MAX_BYTES) return;
    this.#sentBytes += bytes;
    const isStream = (kind & 6) === 6;
    const source = isStream
      ? new StreamSource((kind & 8) > 0 ? bytes : undefined, (kind & 16) > 0)
      : new BytesSource(new Uint8Array(bytes).fill(120), (kind & 16) > 0);
    if (source instanceof StreamSource) this.#streams.push(source);
    const expiresAtMs = (kind & 96) === 96 ? nowMs + tape.byte() : undefined;
    const message = new OutgoingMessage({ source, channel, priority, meta: tape.pick(METAS), expiresAtMs });
    if ((kind & 128) > 0 && tape.below(8) === 0) {
      message.origin = { mark: 'whole', channel: 3, ordinal: tape.integer(), session: 'abcdefghijklmnopqrstu' };
    }
    this.#messages.push(message);
    this.#outcomes.set(message, 'waiting');
    this.#session.send(message);
  }

  /** A stream gives more, ends, or fails; as streams do, never beyond the length that was stated. */
  feed(tape: Tape): void {
    const source = this.#streams[tape.below(Math.max(1, this.#streams.length))];
    const what = tape.byte();
    if (source?.state !== 'open' || source.isReleased) return;
    const given = this.#given.get(source) ?? 0;
    const leftBytes = (source.totalBytes ?? MAX_BYTES) - given;
    if (what === 255) {
      source.fail(new Error('the source broke'));
      return;
    }
    const bytes = Math.min(leftBytes, what * 16);
    this.#given.set(source, given + bytes);
    if (bytes > 0) source.push(new Uint8Array(bytes).fill(121));
    const isAll = source.totalBytes === undefined ? what % 4 === 3 : bytes === leftBytes;
    if (isAll) source.end();
  }

  abort(tape: Tape): void {
    const message = this.#messages[tape.below(Math.max(1, this.#messages.length))];
    if (message !== undefined) this.#session.abort(message, new AbortedError());
  }

  withdraw(): void {
    for (const message of this.#session.withdraw()) this.#settle(message, 'taken back');
  }

  /** What the session says of a message. */
  note(effect: MessageEffect): void {
    const { message } = effect;
    check(message.ackedBytes <= message.writtenBytes, 'no more is acknowledged than was written');
    if (effect.kind === 'progress') {
      // The effects of one input are told together: what came of the message may be among them.
      check(this.#outcomes.has(message), 'progress is of a message that was sent');
      return;
    }
    if (effect.kind === 'delivered') {
      check(message.channelNumber >= 0, 'what is delivered was begun');
      check(message.ackedBytes === message.writtenBytes, 'what is delivered is acknowledged');
    }
    this.#settle(message, effect.kind);
  }

  /** The session's counts are the sums over what waits. */
  checkCounts(): void {
    const { heldBytes, bufferedBytes } = this.#session;
    let held = 0;
    let least = 0;
    let ready = 0;
    for (const [message, outcome] of this.#outcomes) {
      if (outcome !== 'waiting' || message.state === 'settled') continue;
      const { source } = message.init;
      held += message.heldBytes;
      least += (source.totalBytes ?? message.writtenBytes) - message.ackedBytes;
      if (source.totalBytes === undefined) ready += source.readyBytes;
    }
    check(heldBytes === held, () => `${heldBytes} bytes are held, and ${held} wait`);
    check(
      bufferedBytes >= least && bufferedBytes <= least + ready,
      () => `${bufferedBytes} bytes are buffered, and ${least} to ${least + ready} wait`,
    );
  }

  /** The session is over, and gave these back. */
  checkEnd(left: readonly OutgoingMessage[]): void {
    for (const message of left) this.#settle(message, 'taken back');
    const { heldBytes, bufferedBytes } = this.#session;
    check(heldBytes === 0 && bufferedBytes === 0, () => `${heldBytes} and ${bufferedBytes} bytes are left at the end`);
    for (const outcome of this.#outcomes.values())
      check(outcome !== 'waiting', 'every message has an outcome at the end');
  }

  #settle(message: OutgoingMessage, outcome: Outcome): void {
    const before = this.#outcomes.get(message);
    check(before === 'waiting', () => `a message is ${outcome} that was ${before ?? 'never sent'}`);
    this.#outcomes.set(message, outcome);
  }
}
