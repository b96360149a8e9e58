import { ChunkSocketError } from './chunk-socket-error.ts';

/** An option or argument has a value that cannot work. Thrown at once where that can be seen at once. */
export class OptionError extends ChunkSocketError {
  declare readonly option: string;
  declare readonly value: unknown;

  /** @param range - what is allowed, as it follows the word "be" */
  constructor(option: string, value: unknown, range: string) {
    const shown = typeof value === 'string' ? `'${value}'` : String(value);
    super('ERR_OPTION', `Option ${option} is ${shown}, but must be ${range}.`, { option, value } as object);
  }
}

/** The socket is closed or closing: by the application, by the peer, or by a failure that is the `cause`. */
export class ClosedError extends ChunkSocketError {
  declare readonly closeCode: number;
  declare readonly reason: string;

  constructor(closeCode: number, reason: string, cause?: unknown) {
    super('ERR_CLOSED', `The socket is closed: ${closeCode} ${reason}`, { closeCode, reason, cause } as object);
  }
}

/** The server cannot, or does not want to, talk to us. */
export class HandshakeError extends ChunkSocketError {
  declare readonly closeCode: number;

  constructor(closeCode: number, message: string, hint = `See explainClose({ code: ${closeCode} }).`) {
    super('ERR_HANDSHAKE', message, { closeCode, hint } as object);
  }
}

/** One side broke the protocol, which ends the session. */
export class ProtocolError extends ChunkSocketError {
  /** Name of the violation (PROTOCOL.md, "Unexpected input"). */
  declare readonly violation: string;
  /** True when the peer says that we broke it. */
  declare readonly isReceived: boolean;

  constructor(violation: string, isReceived: boolean) {
    const message = `Protocol violation by ${isReceived ? 'this side' : 'the peer'}: ${violation}`;
    super('ERR_PROTOCOL', message, { violation, isReceived } as object);
  }
}

/** The path refuses even the smallest packet. */
export class LimitTooSmallError extends ChunkSocketError {
  /** Every packet size tried, in bytes, oldest first. */
  declare readonly trail: readonly number[];

  constructor(trail: readonly number[]) {
    super('ERR_LIMIT_TOO_SMALL', `The path answered 1009 to every packet size tried: ${trail.join(', ')} bytes.`, {
      trail,
      hint: 'Raise the limit of the server or a gateway.',
    } as object);
  }
}
