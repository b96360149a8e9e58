import { once } from 'node:events';
import { FaultProxy } from '../test/support/fault-proxy/fault-proxy.ts';
import { inspectorRoutes } from './inspector-routes.ts';
import { Narrator } from './narrator.ts';
import { PageServer } from './page-server.ts';
import { PathControl } from './path-control.ts';
import { START_PACKET_BYTES } from './run.ts';
import { sampleFile } from './sample-file.ts';
import { DemoServer, PATH_LIMIT_BYTES } from './server.ts';
import type { Terminal } from './terminal.ts';

/** The path's limit changes under the server, which takes what passes. */
const MAX_PAYLOAD_BYTES = 2 * 1024 * 1024;

/** Serves the inspector to a person's own browser until `signal` is aborted. */
export async function serve(terminal: Terminal, filePath: string | undefined, signal: AbortSignal): Promise<void> {
  const narrator = new Narrator(terminal);
  const sample = await sampleFile(filePath);
  await using server = await DemoServer.start(
    {
      onFile: (received) => {
        narrator.server(received);
      },
      onBrokenFile: (name, error) => {
        narrator.brokenFile(name, error);
      },
    },
    MAX_PAYLOAD_BYTES,
  );
  await using injector = await FaultProxy.start({ targetPort: server.port });
  const control = new PathControl(injector, PATH_LIMIT_BYTES);
  injector.onLog((entry) => {
    narrator.path(entry);
  });
  const { path, name, bytes, sha256 } = sample;
  const settings = { socketUrl: injector.url, startPacketBytes: START_PACKET_BYTES, sample: { name, bytes, sha256 } };
  await using pages = await PageServer.start(await inspectorRoutes(settings, path, control));
  terminal.line(`Open ${pages.url} in a browser. Ctrl-C ends it.`);
  if (!signal.aborted) await once(signal, 'abort');
}
