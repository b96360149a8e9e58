import type { CoreClose } from './core.ts';

/** A CloseEvent; where the platform has none (Node before 23), an Event with its fields. */
export function makeCloseEvent({ code, reason, wasClean }: CoreClose): Event {
  if (typeof CloseEvent === 'function') return new CloseEvent('close', { code, reason, wasClean });
  return Object.assign(new Event('close'), { code, reason, wasClean });
}
