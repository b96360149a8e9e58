import { SafeEmitter } from '../runtime/safe-emitter.ts';
import type { ChunkSocketEvents, DebugEntry, DebugKind } from './events.ts';
import type { ResolvedOptions } from './options.ts';
import { reportError } from './report-error.ts';

const DEBUG_KINDS: readonly DebugKind[] = [
  'connect',
  'status',
  'open',
  'limit',
  'retry',
  'resume',
  'lost',
  'drain',
  'error',
  'close',
];

/** The emitter of a socket, which tells `debug` before anybody else. */
export function createEmitter({
  debug,
  clock,
}: Pick<ResolvedOptions, 'debug' | 'clock'>): SafeEmitter<ChunkSocketEvents> {
  const emitter = new SafeEmitter<ChunkSocketEvents>(reportError);
  if (debug !== undefined) {
    for (const kind of DEBUG_KINDS) {
      emitter.on(kind, (data) => {
        debug({ atMs: clock.now(), kind, data } as DebugEntry);
      });
    }
  }
  return emitter;
}
