import type { PageSettings } from './page-settings.ts';
import { Reporter } from './reporter.ts';
import { View } from './view.ts';

const settings = (await (await fetch('/settings.json')).json()) as PageSettings;
const view = new View();
const reporter = new Reporter();
const socket = new ChunkSocket(settings.socketUrl, { startPacketBytes: settings.startPacketBytes });

socket.on('status', ({ status }) => {
  view.showStatus(status);
});
socket.on('open', () => {
  showFigures();
  view.log('Connected');
});
socket.on('limit', ({ fromBytes, toBytes, cause }) => {
  reporter.add({ kind: 'limit', fromBytes, toBytes, cause });
  showFigures();
  view.log(`Limit ${fromBytes / 1024} → ${toBytes / 1024} KiB (${cause})`, toBytes < fromBytes ? 'bad' : 'good');
});
socket.on('retry', ({ delayMs, close: { code, reason }, wasOpen }) => {
  reporter.add({ kind: 'retry', delayMs, code, reason, wasOpen });
  view.log(`${wasOpen ? 'Closed' : 'Refused'} with ${`${code} ${reason}`.trim()}: back in ${delayMs} ms`, 'bad');
});
socket.on('resume', ({ resentBytes, connections }) => {
  reporter.add({ kind: 'resume', resentBytes, connections });
  showFigures();
  view.log(`Resumed, ${(resentBytes / 1024).toFixed(0)} KiB sent again`, 'good');
});
socket.on('lost', () => {
  reporter.add({ kind: 'lost' });
  view.log('The server lost the session', 'bad');
});
socket.on('message', ({ data }) => {
  if (typeof data !== 'string') return;
  const { name, bytes, sha256 } = JSON.parse(data) as { name: string; bytes: number; sha256: string };
  view.log(`The server got ${name}, ${bytes} bytes, SHA-256 ${sha256}`, 'good');
});
socket.on('close', ({ code, reason, error }) => {
  const message = error?.message ?? `The socket was closed: ${code} ${reason}`;
  reporter.add({ kind: 'failed', message });
  view.log(message, 'bad');
});

view.onFile((file) => void send(file, file.name));
view.onSample(`Send Node itself (${(settings.file.bytes / 2 ** 20).toFixed(0)} MiB)`, () => void sendSample());
view.onFault((name) => void fetch(`/faults/${name}`, { method: 'POST' }));
view.showStatus(socket.status);
if (settings.isAutomatic) void sendSample();

async function sendSample(): Promise<void> {
  view.log('Fetching the file from the demo, to have one to send');
  await send(await (await fetch('/file')).blob(), settings.file.name);
}

async function send(blob: Blob, name: string): Promise<void> {
  const startedAtMs = performance.now();
  reporter.add({ kind: 'started', name, totalBytes: blob.size });
  view.log(`Sending ${name} as one message`);
  view.showProgress(name, 0, blob.size);
  const transfer = socket.send(blob, { meta: { name } });
  transfer.on('progress', ({ ackedBytes }) => {
    reporter.add({ kind: 'progress', ackedBytes, totalBytes: blob.size });
    view.showProgress(name, ackedBytes, blob.size);
    showFigures();
  });
  try {
    await transfer.delivered;
    const seconds = (performance.now() - startedAtMs) / 1000;
    const { connections, resentBytes } = socket.stats();
    reporter.add({ kind: 'delivered', seconds, connections, resentBytes });
    view.log(`Delivered ${name} in ${seconds.toFixed(2)} s: ${(blob.size / seconds / 1e6).toFixed(1)} MB/s`, 'good');
  } catch (error) {
    reporter.add({ kind: 'failed', message: String(error) });
    view.log(String(error), 'bad');
  }
}

function showFigures(): void {
  view.showFigures(socket.stats());
}
