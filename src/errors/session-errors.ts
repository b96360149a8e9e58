import { ChunkSocketError } from './chunk-socket-error.ts';

/** An option has a value that cannot work. Thrown at once, by the constructor. */
export class OptionError extends ChunkSocketError {
  readonly option: string;
  readonly value: unknown;

  /** @param range - what is allowed, as it follows the word "be" */
  constructor(option: string, value: unknown, range: string) {
    super('ERR_OPTION', `Option ${option} is ${describe(value)}, but must be ${range}.`);
    this.option = option;
    this.value = value;
  }
}

/** The socket is closed or closing: by the application, by the peer, or by a failure that is the `cause`. */
export class ClosedError extends ChunkSocketError {
  readonly closeCode: number;
  readonly reason: string;

  constructor(closeCode: number, reason: string, cause?: unknown) {
    super('ERR_CLOSED', `The socket is closed: ${closeCode} ${reason}`, { cause });
    this.closeCode = closeCode;
    this.reason = reason;
  }
}

/** The server cannot, or does not want to, talk to us. */
export class HandshakeError extends ChunkSocketError {
  readonly closeCode: number;

  constructor(closeCode: number, message: string, hint?: string) {
    super('ERR_HANDSHAKE', message, { hint });
    this.closeCode = closeCode;
  }
}

/** One side broke the protocol, which ends the session. */
export class ProtocolError extends ChunkSocketError {
  /** Name of the violation (PROTOCOL.md, "Unexpected input"). */
  readonly violation: string;
  /** True when the peer says that we broke it. */
  readonly isReceived: boolean;

  constructor(violation: string, isReceived: boolean) {
    super('ERR_PROTOCOL', `Protocol violation by ${isReceived ? 'this side' : 'the peer'}: ${violation}`);
    this.violation = violation;
    this.isReceived = isReceived;
  }
}

/** The path refuses even the smallest packet. */
export class LimitTooSmallError extends ChunkSocketError {
  /** Every packet size tried, in bytes, oldest first. */
  readonly trail: readonly number[];

  constructor(trail: readonly number[]) {
    super('ERR_LIMIT_TOO_SMALL', `The path answered 1009 to every packet size tried: ${trail.join(', ')} bytes.`, {
      hint: 'Raise the message limit of the server or of a gateway before it (explainClose({ code: 1009 }) names the settings).',
    });
    this.trail = trail;
  }
}

function describe(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}
