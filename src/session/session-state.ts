/**
 * Where a session stands. Connections come and go in every state but `ended`.
 *
 * | from | to | when |
 * |---|---|---|
 * | opening | open | the first handshake is complete |
 * | opening, open | closing | `close`, or the peer's CLOSE |
 * | any | ended | both sides closed and all is acknowledged; a violation; the application or the peer gave it up |
 */
export type SessionState =
  { readonly kind: 'opening' } | { readonly kind: 'open' } | ClosingState | { readonly kind: 'ended' };

/** On the way to the end: what was started is finished, nothing new is taken. */
export interface ClosingState {
  readonly kind: 'closing';
  readonly code: number;
  readonly reason: string;
  drainMs: number;
  /** When waiting ends, in ms; `Infinity` once it has ended in vain. */
  deadlineMs: number;
  /** The peer closed first. */
  readonly isAnswer: boolean;
  /** Our CLOSE is in the stream. */
  isSaid: boolean;
  /** The peer's CLOSE, once it has come. */
  readonly peer?: { readonly code: number; readonly reason: string };
  /** Both closed and everything acknowledged: only the transport's close is left. */
  isFinished?: boolean;
}
