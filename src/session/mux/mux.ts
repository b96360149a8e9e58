import { FrameDecoder } from '../../protocol/frame-decoder.ts';
import type { FrameSink } from '../../protocol/frame-decoder.ts';
import type { ControlFrame, DataHead } from '../../protocol/frame.ts';
import type { Terms } from '../../protocol/terms.ts';
import type { ViolationName } from '../../protocol/violation.ts';
import type { Effect } from '../effect.ts';
import type { FillMode, LinkUser } from '../link/link-user.ts';
import { MuxReceiver } from './receiver.ts';
import type { ReceiverHost } from './receiver.ts';
import { MuxSender } from './sender.ts';

/** What the mux tells the session, in the order of the peer's stream. */
export interface MuxHost extends ReceiverHost {
  readonly isAcceptor: boolean;
  /** The peer's last word: no message of it follows. */
  peerClosed(close: { code: number; drainMs: number; reason: string }): void;
}

/**
 * Messages on channels over one ordered byte stream in each direction. Knows no connections, cuts or limits of packets.
 */
export class Mux implements LinkUser, FrameSink {
  readonly sender: MuxSender;
  readonly receiver: MuxReceiver;
  readonly #host: MuxHost;
  readonly #effects: Effect[];
  readonly #decoder: FrameDecoder;
  #isPeerClosed = false;

  constructor(terms: Terms, maxWholeBytes: number, host: MuxHost, effects: Effect[], wake: () => void) {
    this.#host = host;
    this.#effects = effects;
    this.#decoder = new FrameDecoder(this);
    this.sender = new MuxSender(effects, wake);
    this.receiver = new MuxReceiver(terms, maxWholeBytes, host, effects);
  }

  get isBlocked(): boolean {
    return this.sender.isBlocked;
  }

  get isShared(): boolean {
    return this.sender.isShared;
  }

  pendingBytes(mode: FillMode, max: number): number {
    return this.sender.pendingBytes(mode, max);
  }

  fill(mode: FillMode, target: Uint8Array, at: number, offset: number): number {
    return this.sender.fill(mode, target, at, offset);
  }

  settle(offset: number): void {
    this.sender.settle(offset);
  }

  take(slice: Uint8Array): ViolationName | undefined {
    return this.#decoder.push(slice);
  }

  dataStart(head: DataHead): ViolationName | undefined {
    return this.#isPeerClosed ? 'after-close' : this.receiver.dataStart(head);
  }

  dataPayload(bytes: Uint8Array): ViolationName | undefined {
    return this.receiver.dataPayload(bytes);
  }

  dataEnd(): ViolationName | undefined {
    return this.receiver.dataEnd();
  }

  control(frame: ControlFrame): ViolationName | undefined {
    switch (frame.type) {
      case 'credit':
      case 'reject':
      case 'retired':
        return this.sender.handle(frame);
      case 'cancel':
      case 'blocked':
        return this.receiver.handle(frame);
      case 'retire':
        return this.#isPeerClosed ? 'after-close' : this.receiver.handle(frame);
      case 'close':
        if (this.#isPeerClosed) return 'after-close';
        this.#isPeerClosed = true;
        this.#host.peerClosed(frame);
        return undefined;
      case 'goaway':
        if (this.#host.isAcceptor) return 'unexpected-frame';
        if (this.#isPeerClosed) return 'after-close';
        this.#effects.push({ kind: 'goaway', deadlineMs: frame.deadlineMs });
        return undefined;
      case 'limit':
        if (this.#host.isAcceptor) return 'unexpected-frame';
        this.#effects.push({ kind: 'peer-limit', floor: frame.floor, ceiling: frame.ceiling });
        return undefined;
    }
  }
}
