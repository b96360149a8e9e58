/** What the peer is told of why a message was given up. */
export function cancelReason(cause: unknown): string {
  return cause instanceof Error ? cause.message : typeof cause === 'string' ? cause : '';
}
