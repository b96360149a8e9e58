import type { PageSettings } from './page-settings.ts';
import { PingSeries } from './ping-series.ts';
import { Pinger } from './pinger.ts';
import { Reporter } from './reporter.ts';
import { Uploads } from './uploads.ts';
import { View } from './view.ts';

/** How long the idle path is measured before the file is sent. */
const IDLE_MS = 1500;
const SHOW_PINGS_EVERY_MS = 250;

const settings = (await (await fetch('/settings.json')).json()) as PageSettings;
const view = new View();
const reporter = new Reporter();
const socket = new ChunkSocket(settings.socketUrl, { startPacketBytes: settings.startPacketBytes });
const idlePings = new PingSeries();
const besidePings = new PingSeries();
/** Nothing else is going on. */
let isIdle = false;
const pinger: Pinger = new Pinger(socket, () => (uploads.isBusy ? besidePings : isIdle ? idlePings : undefined));
const uploads = new Uploads({
  socket,
  view,
  reporter,
  pings: besidePings,
  pingsSettled: () => pinger.settled(),
});

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
  uploads.wait();
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
socket.on('close', ({ code, reason, error }) => {
  const message = error?.message ?? `The socket was closed: ${code} ${reason}`;
  reporter.add({ kind: 'failed', message });
  view.log(message, 'bad');
});

view.showStatus(socket.status);
setInterval(() => {
  view.showPings('pings-idle', idlePings.figures);
  view.showPings('pings-beside', besidePings.figures);
}, SHOW_PINGS_EVERY_MS);
void run();

/** Measures the idle path, and then sends the file. */
async function run(): Promise<void> {
  const file = await fetchSample();
  isIdle = true;
  await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
  isIdle = false;
  await pinger.settled();
  reporter.add({ kind: 'idle', pings: idlePings.figures });
  await uploads.send(file);
}

async function fetchSample(): Promise<File> {
  const blob = await (await fetch('/file')).blob();
  return new File([blob], settings.file.name, { type: blob.type });
}

function showFigures(): void {
  view.showFigures(socket.stats());
}
