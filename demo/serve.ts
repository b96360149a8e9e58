import { once } from 'node:events';
import { handFaults, startInjector } from './faults.ts';
import { Narrator } from './narrator.ts';
import { PageServer } from './page-server.ts';
import { START_PACKET_BYTES } from './run.ts';
import { sampleFile } from './sample-file.ts';
import { DemoServer, PATH_LIMIT_BYTES } from './server.ts';
import type { Terminal } from './terminal.ts';

/** Slow enough to watch, and to break in time. */
const BYTES_PER_SECOND = 8_000_000;

/** Serves the page to a person's own browser until `signal` is aborted. */
export async function serve(terminal: Terminal, filePath: string | undefined, signal: AbortSignal): Promise<void> {
  const narrator = new Narrator(terminal);
  const file = await sampleFile(filePath);
  await using server = await DemoServer.start({
    onFile: (received) => {
      narrator.server(received);
    },
    onBrokenFile: (name, error) => {
      narrator.brokenFile(name, error);
    },
  });
  await using injector = await startInjector(server.port, PATH_LIMIT_BYTES);
  injector.faults.shape = { bytesPerSecond: BYTES_PER_SECOND };
  injector.onLog((entry) => {
    narrator.path(entry);
  });
  await using pages = await PageServer.start({
    settings: { socketUrl: injector.url, startPacketBytes: START_PACKET_BYTES, file, isAutomatic: false },
    filePath: file.path,
    onReport: (report) => {
      narrator.page(report);
    },
    onFault: (name) => {
      const strike = handFaults[name];
      strike?.(injector);
      return strike !== undefined;
    },
  });
  terminal.line(`Open ${pages.url} in a browser. Ctrl-C ends it.`);
  if (!signal.aborted) await once(signal, 'abort');
}
