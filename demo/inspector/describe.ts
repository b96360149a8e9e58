import type { DebugEntry } from 'chunksocket';
import { explainClose } from 'chunksocket/explain';
import { formatBytes } from '../page/format.ts';

export type Tone = 'plain' | 'good' | 'warn' | 'bad';

/** A line of the log. */
export interface Line {
  readonly text: string;
  readonly tone: Tone;
}

/** What an entry of the `debug` option says; undefined for what the page shows elsewhere. */
export function describe(entry: DebugEntry): Line | undefined {
  const { kind, data } = entry;
  switch (kind) {
    case 'connect':
      return {
        text: data.attempt === 0 ? 'opens a connection' : `opens a connection, try ${data.attempt + 1}`,
        tone: 'plain',
      };
    case 'open':
      return { text: 'the session is up', tone: 'good' };
    case 'limit': {
      const { fromBytes, toBytes, cause } = data;
      const isLess = toBytes < fromBytes;
      return { text: `${formatBytes(fromBytes)} → ${formatBytes(toBytes)}, ${cause}`, tone: isLess ? 'bad' : 'good' };
    }
    case 'retry': {
      const { delayMs, close, wasOpen } = data;
      const { code } = close;
      const what = wasOpen ? `lost by ${code} ${explainClose({ code }).name}` : `refused (a page sees ${code})`;
      return { text: `${what}; next try in ${Math.round(delayMs)} ms`, tone: code === 1009 ? 'bad' : 'warn' };
    }
    case 'resume':
      return {
        text: `goes on with connection ${data.connections}, ${formatBytes(data.resentBytes)} sent again`,
        tone: 'good',
      };
    case 'lost':
      return { text: 'the server lost the session; a new one goes on', tone: 'bad' };
    case 'error':
      return { text: data.error.message, tone: 'bad' };
    case 'close':
      return { text: `${data.code} ${explainClose(data).name}. ${data.reason}`.trim(), tone: 'bad' };
    case 'status':
    case 'drain':
      return undefined;
  }
}
