import type { OutgoingMessage } from './outgoing-message.ts';

/** Up to which offset of the stream lies how much of which message. */
export interface WrittenFrame {
  readonly end: number;
  readonly message: OutgoingMessage;
  readonly bytes: number;
  readonly isLast: boolean;
}
