import { BufferFullError } from '../errors/transfer-errors.ts';
import type { IncomingMessage } from '../session/mux/incoming-message.ts';
import type { WholeMessage } from '../session/mux/whole-message.ts';
import type { Session } from '../session/session.ts';
import { toBinaryForm } from './binary-form.ts';
import type { MessageEvent } from './events.ts';
import { IncomingTransfer } from './incoming.ts';
import type { PortOwner } from './port-owner.ts';

/** Hands messages to the listeners: from their first bytes on to those of `incoming`, whole to those of `message`. */
export class Inbox {
  /** The present session, and those that are over and of which something is left that nobody has taken. */
  readonly #sessions: Session[];
  readonly #owner: PortOwner;
  readonly #wake: () => void;
  /** This and the next are made when the first is told. */
  #transfers: Map<IncomingMessage, IncomingTransfer> | undefined;
  /** Told, and not taken by anybody. */
  #open: Map<IncomingTransfer, () => void> | undefined;
  /** Whole, and nobody was there to take them any more. */
  #left: MessageEvent[] | undefined;

  constructor(owner: PortOwner, session: Session, wake: () => void) {
    this.#owner = owner;
    this.#sessions = [session];
    this.#wake = wake;
  }

  /** Another session goes on; what the last one has whole is kept until somebody takes it. */
  replace(session: Session): void {
    const { maxBufferedBytes, emitter } = this.#owner;
    let heldBytes = 0;
    let count = 0;
    for (const { receiver } of this.#sessions) {
      const bytes = receiver.heldBytes;
      if (heldBytes + bytes > maxBufferedBytes) {
        emitter.emit('error', { error: new BufferFullError(bytes, heldBytes, maxBufferedBytes) });
        break;
      }
      heldBytes += bytes;
      count++;
    }
    this.#sessions.length = count;
    this.#sessions.push(session);
  }

  /** Something has become of a message that was told. */
  changed(message: IncomingMessage): void {
    const transfer = this.#transfers?.get(message);
    if (transfer === undefined) return;
    transfer.changed(this.#owner.clock.now());
    if (transfer.state === 'receiving') return;
    this.#transfers?.delete(message);
    if (transfer.state === 'failed') this.#open?.delete(transfer);
  }

  /**
   * Hands out one message, or tells of one; false when there is none left.
   *
   * @param hasClosed - whoever does not listen either still owes the peer its credit
   * @param tellsOnly - of those that begin: none that is whole is handed out
   */
  deliverNext(hasClosed: boolean, tellsOnly = false): boolean {
    const { emitter, binaryType } = this.#owner;
    const hasMessage = emitter.has('message');
    const hasIncoming = emitter.has('incoming');
    const isTaken = hasMessage || (hasClosed && !hasIncoming);
    if (!isTaken && !hasIncoming) return false;
    const open = this.#open;
    if (isTaken && open?.size) for (const [transfer, take] of open) this.#close(transfer, take);
    const givesWhole = isTaken && !tellsOnly;
    const left = givesWhole ? this.#left?.shift() : undefined;
    if (left !== undefined) {
      emitter.emit('message', left);
      return true;
    }
    const sessions = this.#sessions;
    // What is over and empty is forgotten.
    if (sessions.length > 1 && sessions[0]?.receiver.heldBytes === 0) sessions.shift();
    for (let index = 0; index < sessions.length; index++) {
      const session = sessions[index] as Session;
      const { receiver } = session;
      const older = index === 0 ? undefined : sessions.slice(0, index);
      const waits = older && ((name: string): boolean => older.some((one) => one.receiver.holds(name)));
      // Nobody has to be told of what is whole when nobody listens for what is not.
      const early = givesWhole && !hasIncoming && binaryType !== 'blob' ? receiver.next(waits) : undefined;
      if (early !== undefined) {
        this.#emit(early);
        return true;
      }
      const incoming = receiver.nextIncoming(waits);
      if (incoming !== undefined) {
        this.#tell(session, incoming, hasIncoming, isTaken);
        return true;
      }
      const message = givesWhole ? receiver.next(waits) : undefined;
      if (message !== undefined) {
        this.#emit(message);
        return true;
      }
    }
    return false;
  }

  /** Forgets what nobody has begun to take, or what nobody was told of. */
  discard(keepsTold: boolean): void {
    this.#left = undefined;
    for (const { receiver } of this.#sessions) receiver.discard(keepsTold);
  }

  #tell(session: Session, message: IncomingMessage, hasIncoming: boolean, isTaken: boolean): void {
    const { emitter, binaryType, maxMessageBytes, incomingClass = IncomingTransfer } = this.#owner;
    const { receiver } = session;
    const isBlob = binaryType === 'blob' && !message.head.text && !message.isWhole;
    if (!hasIncoming && !isBlob) {
      receiver.takeWhole(message);
      return;
    }
    const open = (this.#open ??= new Map<IncomingTransfer, () => void>());
    const claimed = (): void => {
      open.delete(transfer);
    };
    const transfer = new incomingClass(message, { session, report: emitter.report, wake: this.#wake, claimed });
    (this.#transfers ??= new Map()).set(message, transfer);
    open.set(transfer, () => {
      if (!isBlob) {
        receiver.takeWhole(message);
        return;
      }
      const { channel, meta, possibleDuplicateOf } = transfer;
      const done = (data: Blob): void => {
        const event = { data, channel, meta, possibleDuplicateOf };
        if (emitter.has('message')) emitter.emit('message', event);
        else (this.#left ??= []).push(event);
      };
      // What was cancelled was never there.
      transfer.collectBlob(done, () => undefined, maxMessageBytes);
    });
    if (hasIncoming) emitter.emit('incoming', transfer);
    // Nothing more will become of what came in one piece.
    if (transfer.state === 'received') this.changed(message);
    const take = open.get(transfer);
    if (take !== undefined && isTaken) this.#close(transfer, take);
  }

  /** Nobody has taken the message: it goes to those who take messages whole. */
  #close(transfer: IncomingTransfer, take: () => void): void {
    this.#open?.delete(transfer);
    if (transfer.isOpen) take();
  }

  #emit({ data, channel, meta, origin }: WholeMessage): void {
    const { emitter, binaryType } = this.#owner;
    const inForm = typeof data === 'string' ? data : toBinaryForm(data, binaryType, meta);
    emitter.emit('message', { data: inForm, channel, meta, possibleDuplicateOf: origin });
  }
}
