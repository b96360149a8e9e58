import type { DebugEntry } from 'chunksocket';
import { WINDOW_MS } from './samples.ts';

/** A while of the socket's life; `untilMs` is undefined for the present one. */
export interface Stretch {
  readonly kind: 'connecting' | 'open' | 'waiting';
  readonly fromMs: number;
  untilMs: number | undefined;
  /** Number of the connection, of the try or of ms to wait. */
  readonly count: number;
}

/** The end of a connection, or of a try to have one. */
export interface Loss {
  readonly atMs: number;
  readonly code: number;
  readonly wasOpen: boolean;
}

/** When there was a connection lately, and how each was lost. */
export class ConnectionHistory {
  stretches: Stretch[] = [];
  losses: Loss[] = [];
  /** Connections so far. */
  connections = 0;

  add(entry: DebugEntry): void {
    const { atMs, kind, data } = entry;
    if (kind === 'connect') this.#begin('connecting', atMs, data.attempt + 1);
    if (kind === 'status' && data.status === 'open') this.#begin('open', atMs, ++this.connections);
    if (kind === 'retry') {
      this.losses.push({ atMs, code: data.close.code, wasOpen: data.wasOpen });
      this.#begin('waiting', atMs, data.delayMs);
    }
    if (kind === 'close') this.#end(atMs);
    this.stretches = this.stretches.filter(({ untilMs = atMs }) => untilMs >= atMs - WINDOW_MS);
    this.losses = this.losses.filter((loss) => loss.atMs >= atMs - WINDOW_MS);
  }

  /** In words, for those who do not see it. */
  get summary(): string {
    const codes = this.losses.map(({ code, wasOpen }) => (wasOpen ? `closed with ${code}` : 'refused'));
    const now = this.stretches.at(-1)?.kind ?? 'closed';
    return `Connection ${this.connections}, now ${now}. Lately: ${codes.slice(-5).join(', ') || 'nothing was lost'}.`;
  }

  #begin(kind: Stretch['kind'], fromMs: number, count: number): void {
    this.#end(fromMs);
    this.stretches.push({ kind, fromMs, untilMs: undefined, count });
  }

  #end(atMs: number): void {
    const last = this.stretches.at(-1);
    if (last !== undefined) last.untilMs ??= atMs;
  }
}
