import { encodeFields } from '../../src/protocol/frame-encoder.ts';
import { FrameDecoder } from '../../src/protocol/frame-decoder.ts';
import type { ControlFrame, DataHead } from '../../src/protocol/frame.ts';
import type { Terms } from '../../src/protocol/terms.ts';
import { encodeText } from '../../src/protocol/text.ts';
import type { Effect } from '../../src/session/effect.ts';
import { ControlQueue } from '../../src/session/mux/control-queue.ts';
import type { IncomingMessage } from '../../src/session/mux/incoming-message.ts';
import { MuxReceiver } from '../../src/session/mux/receiver.ts';

/** Credit of every channel from the start. */
export const INITIAL = 16_384;

export interface BenchOptions extends Partial<Terms> {
  /** Bytes of the largest message taken whole; default: `maxMessageBytes`. */
  readonly maxWholeBytes?: number;
}

/** What a DATA frame says beside its payload. */
export type FrameOptions = Partial<Pick<DataHead, 'first' | 'fin' | 'text' | 'total'>> & { readonly name?: string };

/** The receiving half of a mux without a session: frames go in by hand, and what it answers is kept. */
export class ReceiverBench {
  readonly terms: Terms;
  readonly receiver: MuxReceiver;
  readonly effects: Effect[] = [];
  /** All that was answered. */
  readonly frames: ControlFrame[] = [];
  /** Credit in force beyond the initial one. */
  readonly #limits = new Map<number, number>();
  readonly #control = new ControlQueue();

  constructor({ maxWholeBytes, ...terms }: BenchOptions = {}) {
    this.terms = {
      maxPacketBytes: 1 << 20,
      maxMessageBytes: 1 << 20,
      initialChannelCredit: INITIAL,
      poolBytes: (1 << 20) + 100_000,
      maxOpenChannels: 16,
      ...terms,
    };
    const host = { control: this.#control, raiseBarrier: () => undefined };
    this.receiver = new MuxReceiver(this.terms, maxWholeBytes ?? this.terms.maxMessageBytes, host, this.effects);
  }

  /** Bytes of what is answered and not written. */
  get unsaidBytes(): number {
    return this.#control.bytes;
  }

  limit(channel: number): number {
    return this.#limits.get(channel) ?? this.terms.initialChannelCredit;
  }

  /** One DATA frame; a number stands for so many zeros. Not the end of the turn. */
  frame(channel: number, payload: number | string | Uint8Array, options: FrameOptions = {}): string | undefined {
    const { name, ...flags } = options;
    const bytes =
      typeof payload === 'number'
        ? new Uint8Array(payload)
        : typeof payload === 'string'
          ? encodeText(payload)
          : payload;
    const fields = name === undefined ? undefined : { name };
    const problem = this.receiver.dataStart({
      channel,
      first: false,
      fin: false,
      text: typeof payload === 'string' && flags.first === true,
      total: undefined,
      ...flags,
      fields,
      fieldsBytes: fields === undefined ? 0 : encodeFields(fields).length,
      payloadBytes: bytes.length,
    });
    if (problem !== undefined) return problem;
    return (bytes.length > 0 ? this.receiver.dataPayload(bytes) : undefined) ?? this.receiver.dataEnd();
  }

  /** The first frame of a message. */
  start(channel: number, payload: number | string | Uint8Array, options: FrameOptions = {}): string | undefined {
    return this.frame(channel, payload, { first: true, ...options });
  }

  /** A whole message in one frame. */
  whole(channel: number, payload: number | string | Uint8Array, options: FrameOptions = {}): string | undefined {
    return this.start(channel, payload, { fin: true, ...options });
  }

  cancel(channel: number, ordinal: number, code = 0, reason = ''): string | undefined {
    return this.receiver.handle({ type: 'cancel', channel, ordinal, code, reason });
  }

  retire(channel: number): string | undefined {
    return this.receiver.handle({ type: 'retire', channel });
  }

  blocked(channel: number): string | undefined {
    return this.receiver.handle({ type: 'blocked', channel, limit: this.limit(channel) });
  }

  /** The messages that the application hears of now. */
  told(): IncomingMessage[] {
    const told: IncomingMessage[] = [];
    for (let one = this.receiver.nextIncoming(); one; one = this.receiver.nextIncoming()) told.push(one);
    return told;
  }

  /** Whole messages that nobody asked for. */
  handed(): unknown[] {
    const data: unknown[] = [];
    for (let one = this.receiver.next(); one; one = this.receiver.next()) data.push(one.data);
    return data;
  }

  /** All that is there of a message that is streamed. */
  read(message: IncomingMessage): Uint8Array {
    const parts: Uint8Array[] = [];
    for (let part = this.receiver.read(message); part; part = this.receiver.read(message)) parts.push(part);
    return Buffer.concat(parts);
  }

  /** Something may be written now: returns what is. */
  endTurn(): ControlFrame[] {
    this.receiver.endTurn();
    const bytes = new Uint8Array(this.#control.bytes);
    this.#control.fill(bytes, 0);
    const written: ControlFrame[] = [];
    const nothing = (): undefined => undefined;
    const control = (frame: ControlFrame): undefined => {
      written.push(frame);
      if (frame.type === 'credit') this.#limits.set(frame.channel, frame.limit);
      if (frame.type === 'retired') this.#limits.delete(frame.channel);
    };
    const problem = new FrameDecoder({ dataStart: nothing, dataPayload: nothing, dataEnd: nothing, control }).push(
      bytes,
    );
    if (problem !== undefined) throw new Error(`The receiver wrote ${problem}.`);
    this.frames.push(...written);
    return written;
  }

  /** Frames of one type among all that was answered. */
  answers<Type extends ControlFrame['type']>(type: Type): Extract<ControlFrame, { type: Type }>[] {
    return this.frames.filter((frame): frame is Extract<ControlFrame, { type: Type }> => frame.type === type);
  }
}
