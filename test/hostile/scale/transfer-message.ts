import { createHash } from 'node:crypto';
import { patternBytes } from '../../support/pattern-bytes.ts';

const SEED_STEP = 7919;

/** The message of one client: no two are alike. */
export function transferMessage(client: number, bytes: number): Uint8Array<ArrayBuffer> {
  return patternBytes(bytes, (client + 1) * SEED_STEP);
}

/** Tells messages from each other. */
export function digest(data: Uint8Array): string {
  return createHash('sha256').update(data).digest('base64');
}
